"""The print queue (紙の送付): what must be printed or faxed. Modules above put papers in and say how their sheets are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.text import shorten
from renkei.notices.models import OutgoingPaper


@dataclass(frozen=True)
class MadePaper:
    """The sheets as PDF, and the address of what they are about."""

    content: bytes
    pages: int


PaperMaker = Callable[[Actor, UUID], MadePaper]


@dataclass(frozen=True)
class PaperKind:
    """A kind of paper: ``make`` sets its sheets for whoever acts; ``url_name`` takes the subject's uid."""

    code: str
    label: str
    make: PaperMaker
    url_name: str


@dataclass(frozen=True)
class Printer:
    """What makes one file of many papers, by the worker.

    ``ask`` runs inside an action and gives the uid of the print; ``card`` shows how far that one is, '' for none.
    """

    ask: Callable[[Actor, Sequence[OutgoingPaper]], UUID]
    card: Callable[[HttpRequest, Actor, str], str]


_kinds: dict[str, PaperKind] = {}
_printers: list[Printer] = []


def register_paper_kind(kind: PaperKind) -> None:
    """Modules do this when they start."""
    _kinds[kind.code] = kind


def paper_kind(code: str) -> PaperKind:
    """The kind called ``code``. Raises ``NotFound`` for one that no module knows any more."""
    found = _kinds.get(code)
    if found is None:
        raise NotFound("paper_kind_unknown", "この書類の種類は、このシステムではもう作れません。")
    return found


def register_printer(printer: Printer) -> None:
    """The module above that has print jobs gives them to the queue."""
    _printers[:] = [printer]


def printer() -> Printer:
    """The one that is registered."""
    return _printers[0]


def queue_paper(
    facility_id: int,
    *,
    kind: str,
    subject_uid: UUID,
    title: str,
    number: str = "",
    to_facility_id: int = 0,
    to_name: str = "",
) -> None:
    """Put a paper into the print queue of ``facility_id``, inside an action of that facility."""
    row: Any = OutgoingPaper(
        facility_id=facility_id,
        kind=kind,
        subject_uid=subject_uid,
        number=number,
        title=shorten(title, 200),
        to_facility_id=to_facility_id,
        to_name=shorten(to_name, 120),
        created_at=clock.now(),
    )
    row.save()
