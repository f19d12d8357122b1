"""The print queue as people see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from renkei.gate.actor import Actor
from renkei.kernel.errors import NotFound
from renkei.notices.models import FaxGateway, OutgoingPaper, PaperState
from renkei.notices.types import address_of
from renkei.ui.types import Tone

TONES = {
    PaperState.WAITING: Tone.WARNING,
    PaperState.SENDING: Tone.INFO,
    PaperState.SENT: Tone.SUCCESS,
    PaperState.FAILED: Tone.DANGER,
    PaperState.CANCELLED: Tone.NEUTRAL,
}
TABS = {
    "waiting": ("未送信・失敗", (PaperState.WAITING, PaperState.FAILED)),
    "sending": ("送信中", (PaperState.SENDING,)),
    "sent": ("送信済", (PaperState.SENT, PaperState.CANCELLED)),
}
GONE = "この書類は見つかりません。一覧から選び直してください。"
WAYS = {"fax": "FAX", "hand": "手作業"}


@dataclass(frozen=True)
class PaperLine:
    """One line of the queue; ``fax`` is the directory's number now, '' for none."""

    uid: UUID
    title: str
    number: str
    to_name: str
    fax: str
    address: str
    state: str
    label: str
    tone: Tone
    way: str
    pages: int
    error: str
    attempts: int
    created_at: datetime
    printed_at: datetime | None
    sent_at: datetime | None
    sent_by: str
    open: bool


def papers(actor: Actor, tab: str = "waiting") -> QuerySet[OutgoingPaper]:
    """Papers of the actor's house in one tab, newest first, failed ones above; without their bytes."""
    rows = OutgoingPaper.objects.visible_to(actor).filter(state__in=TABS[tab][1]).defer("content")
    return rows.order_by("state", "-id")


def counts(actor: Actor) -> dict[str, int]:
    """How many in each tab, in one query."""
    wanted = {key: Count("pk", filter=Q(state__in=states)) for key, (_label, states) in TABS.items()}
    return OutgoingPaper.objects.visible_to(actor).aggregate(**wanted)


def waiting(actor: Actor) -> QuerySet[OutgoingPaper]:
    """What the menu counts: not sent yet, or failed."""
    return OutgoingPaper.objects.visible_to(actor).filter(state__in=TABS["waiting"][1])


def one(actor: Actor, uid: UUID | str) -> OutgoingPaper:
    """One paper. Raises ``NotFound``."""
    found = OutgoingPaper.objects.visible_to(actor).filter(uid=uid).first()
    if not isinstance(found, OutgoingPaper):
        raise NotFound("paper_not_found", GONE)
    return found


def chosen(actor: Actor, uids: Sequence[UUID]) -> list[OutgoingPaper]:
    """These papers in their order, without their bytes, in one query. Raises ``NotFound`` when one is not there."""
    rows = OutgoingPaper.objects.visible_to(actor).filter(uid__in=uids).defer("content")
    found = {row.uid: row for row in rows}
    if len(found) < len(set(uids)):
        raise NotFound("paper_not_found", GONE)
    return [found[uid] for uid in uids]


def states_about(actor: Actor, kind: str, subjects: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Where the papers of ``kind`` about these subjects are, and why not sent; the newest of each."""
    rows = (
        OutgoingPaper.objects.visible_to(actor)
        .filter(kind=kind, subject_uid__in=list(subjects))
        .order_by("pk")
    )
    return {uid: (state, error) for uid, state, error in rows.values_list("subject_uid", "state", "error")}


def gateway_row(actor: Actor) -> FaxGateway | None:
    """The house's own gateway."""
    return FaxGateway.objects.visible_to(actor).filter(facility_id=actor.facility_id).first()


def line(paper: OutgoingPaper) -> PaperLine:
    """A paper with the directory's number of today."""
    found = address_of(paper.to_facility_id) if paper.to_facility_id else None
    state = PaperState(paper.state)
    is_open = state in TABS["waiting"][1]
    return PaperLine(
        uid=paper.uid,
        title=paper.title,
        number=paper.number,
        to_name=paper.to_name or "(宛先 未定)",
        fax=found.fax if found and is_open else paper.fax_number,
        address=found.address if found else "",
        state=str(state),
        label=str(state.label),
        tone=TONES[state],
        way=WAYS.get(paper.way, ""),
        pages=paper.pages,
        error=paper.error,
        attempts=paper.attempts,
        created_at=paper.created_at,
        printed_at=paper.printed_at,
        sent_at=paper.sent_at,
        sent_by=paper.sent_by,
        open=is_open,
    )
