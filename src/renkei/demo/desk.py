"""H1's desk on the first morning: how many lines each lane has, and which of them are named."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from renkei.demo.cast import DESK, DeskEntry

DESK_COUNTS = {"new": 7, "date": 5, "today": 11, "overdue": 6, "back": 9, "admitted": 2}
"""new = sent or received; date = accepted or offered; today = booked for today; overdue = reply late; back =
back-referral due; admitted is no lane of its own but shows on the ward list."""

_WISHES = ("午前中を希望", "来週中", "木曜以外", "いつでも可", "家族の都合で午後", "できるだけ早めに")


def desk_entries(rng: Random, lane: str, wanted: int) -> Iterator[DeskEntry]:
    """The named lines of a lane, then anonymous ones (patient -1) up to ``wanted``."""
    named = [entry for entry in DESK if entry.lane == lane]
    yield from named
    for _ in range(wanted - len(named)):
        yield DeskEntry(lane, -1, "", rng.choice(_WISHES))
