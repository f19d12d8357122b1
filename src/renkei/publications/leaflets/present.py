"""Lines of lists of leaflets, ready to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from renkei.publications.models import LeafletState, LeafletVersion
from renkei.ui.types import Tab, Tone

TONES = {
    LeafletState.DRAFT: Tone.NEUTRAL,
    LeafletState.SUBMITTED: Tone.WARNING,
    LeafletState.RETURNED: Tone.DANGER,
    LeafletState.APPROVED: Tone.SUCCESS,
    LeafletState.REPLACED: Tone.NEUTRAL,
}
TABS = {
    "waiting": "承認待ち",
    "approved": "承認済",
    "writing": "作成中・差し戻し",
    "missing": "未作成の登録医",
}


@dataclass(frozen=True)
class LeafletLine:
    """One version in a list."""

    uid: UUID
    name: str
    kana: str
    scheme: str
    house: str
    district: str
    number: int
    state: str
    label: str
    tone: Tone
    at: datetime
    by: str
    answer: str
    reason: str


def line(row: LeafletVersion) -> LeafletLine:
    """A version with its word and colour, and who did the last thing to it."""
    state = LeafletState(row.state)
    decided = state in (LeafletState.APPROVED, LeafletState.REPLACED) and row.decided_at is not None
    return LeafletLine(
        uid=row.uid,
        name=row.facility.name,
        kana=row.facility.kana,
        scheme=str(row.leaflet.scheme),
        house=row.owner.name,
        district=row.leaflet.district,
        number=row.number,
        state=str(state),
        label=str(state.label),
        tone=TONES[state],
        at=(row.decided_at if decided else row.submitted_at if state == LeafletState.SUBMITTED else None)
        or row.changed_at,
        by=row.approved_by
        if decided
        else row.submitted_by
        if state == LeafletState.SUBMITTED
        else row.changed_by,
        answer=row.answer,
        reason=row.reason,
    )


def tabs(current: str, waiting: int) -> list[Tab]:
    """The lists of the house."""
    return [
        Tab(label, f"?tab={key}", key == current, waiting if key == "waiting" else None)
        for key, label in TABS.items()
    ]
