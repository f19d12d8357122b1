"""Keeps checked files inside a circle and gives them back to its members only.

The module lies below the gate: it knows no actor, only the facility number that the gate's actor carries; the wall
decides about every row. Whoever writes or reads here does so inside an action or a page, which writes the trail.
"""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import BigIntegerField, Func, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from renkei.files.checking import CheckedFile, check
from renkei.files.models import StoredFile
from renkei.kernel import clock
from renkei.kernel.errors import NotFound

__all__ = ["CheckedFile", "ForFacility", "check", "fetch", "fetch_as_received", "store"]

_REFUSED_BY_THE_WALL = "42501"


class ForFacility(Protocol):
    """Whoever acts: the gate's ``Actor``, or anything that says for which facility."""

    @property
    def facility_id(self) -> int:
        """Key of the facility, 0 for none."""


def _rows(actor: ForFacility) -> QuerySet[StoredFile]:
    """What the wall shows, and nothing at all when the database was told of another facility than ``actor``'s."""
    told = Coalesce(Func(function="gate_facility", output_field=BigIntegerField()), Value(0))
    return StoredFile.objects.filter(Exact(told, actor.facility_id))


def store(actor: ForFacility, circle_id: int, checked: CheckedFile) -> StoredFile:
    """Keep ``checked`` in the circle, in the open transaction of the action that calls.

    The same bytes under the same name in the same circle are kept once. Raises ``NotFound`` outside the circle.
    """
    known = _rows(actor).filter(circle_id=circle_id, sha256=checked.sha256, name=checked.name)
    if found := known.first():
        return found
    row = StoredFile(
        circle_id=circle_id,
        facility_id=actor.facility_id,
        name=checked.name,
        media_type=checked.media_type,
        size=checked.size,
        sha256=checked.sha256,
        content=checked.data,
        stored_at=clock.now(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != _REFUSED_BY_THE_WALL:
            raise
        raise NotFound(
            "circle_unknown",
            f"「{checked.name}」を添付する先が見つかりません。共有範囲の外か、取り下げられた可能性があります。",
            "file",
        ) from error
    return row


def fetch(actor: ForFacility, uid: UUID | str) -> StoredFile:
    """The file if the wall shows it to the facility that acts; ``NotFound`` for strangers and unknown numbers alike."""
    found = _rows(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound(
            "file_unknown", "ファイルが見つかりません。共有範囲の外か、取り下げられた可能性があります。"
        )
    return found


def fetch_as_received(actor: ForFacility, circle_id: int, sha256: str) -> StoredFile:
    """The file of these very bytes in a circle (the original of a document that was taken in); ``NotFound`` as in fetch."""
    found = _rows(actor).filter(circle_id=circle_id, sha256=sha256).order_by("pk").first()
    if found is None:
        raise NotFound(
            "file_unknown", "ファイルが見つかりません。共有範囲の外か、取り下げられた可能性があります。"
        )
    return found
