"""Editions ready to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from renkei.publications.editions.making import name_of
from renkei.publications.editions.receivers import Receiver
from renkei.publications.models import Dispatch, Edition, EditionState, Sending, Way
from renkei.ui.types import Tone

STATE_TONES = {
    EditionState.DRAFT: Tone.WARNING,
    EditionState.READY: Tone.INFO,
    EditionState.SENT: Tone.SUCCESS,
}
SENDING_TONES = {Sending.WAITING: Tone.WARNING, Sending.SENT: Tone.SUCCESS, Sending.BOUNCED: Tone.DANGER}
STEPS = ("準備", "準備完了", "発送")


@dataclass(frozen=True)
class EditionLine:
    """An edition in a list."""

    uid: Any
    name: str
    label: str
    tone: Tone
    send_on: date
    copies: int
    back: int
    correction: str
    tables: str


def line(row: Edition) -> EditionLine:
    """With its word and colour."""
    state = EditionState(row.state)
    return EditionLine(
        uid=row.uid,
        name=name_of(row),
        label=str(state.label),
        tone=STATE_TONES[state],
        send_on=row.send_on,
        copies=getattr(row, "copies", 0),
        back=getattr(row, "back", 0),
        correction=row.correction,
        tables=f"{row.tables_on.year}年{row.tables_on.month}月",
    )


def step(row: Edition) -> int:
    """The current step, from 0."""
    return list(EditionState).index(EditionState(row.state))


@dataclass(frozen=True)
class DispatchLine:
    """A copy in the log."""

    row: Dispatch
    label: str
    tone: Tone
    way: str
    settled: bool


def log_line(row: Dispatch) -> DispatchLine:
    """With its word and colour; a bounce that was dealt with is quiet."""
    settled = row.settled_at is not None
    state = Sending(row.state)
    tone = Tone.NEUTRAL if settled else SENDING_TONES[state]
    return DispatchLine(row, str(state.label), tone, str(Way(row.way).label), settled)


def ways(found: Iterable[Receiver]) -> list[tuple[str, int]]:
    """How many by each way."""
    counted = Counter(one.way for one in found)
    return [(str(way.label), counted[way]) for way in Way if counted[way]]
