"""The only source of time: instants in UTC, dates in Japan.

The demo region moves this clock and tests freeze it; nothing else in the product asks the machine for the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")

_frozen: ContextVar[datetime | None] = ContextVar("renkei_frozen_now", default=None)
_offset = timedelta(0)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC) + _offset


def today() -> date:
    """Today's date in Japan."""
    return jst_date(now())


def jst_date(instant: datetime) -> date:
    """The Japanese calendar date of an aware ``instant``."""
    return instant.astimezone(JST).date()


def jst(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An aware instant from Japanese wall-clock time."""
    return datetime(year, month, day, hour, minute, tzinfo=JST)


def fiscal_year(day: date) -> int:
    """The Japanese fiscal year (年度, 4/1 to 3/31) that ``day`` lies in."""
    return day.year if day.month >= 4 else day.year - 1


def shift(offset: timedelta) -> None:
    """Move the clock of this process by ``offset`` from the machine's (demo region only)."""
    global _offset
    _offset = offset


def offset() -> timedelta:
    """How far the demo clock stands from the machine's."""
    return _offset


@contextmanager
def frozen(instant: datetime) -> Iterator[datetime]:
    """Hold time still at ``instant`` (aware) inside the block."""
    if instant.tzinfo is None:
        raise ValueError("an aware instant is needed")
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield instant
    finally:
        _frozen.reset(token)
