"""Business days in Japan: Monday to Friday without national holidays (国民の祝日に関する法律).

The holidays come from jpholiday. Facilities also close on days of their own (年末年始, founding
day); those are theirs to pass in as ``also_closed``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

Closed = Callable[[date], bool]
_MAX_DAYS = 3660


@lru_cache(maxsize=4096)
def holiday_name(day: date) -> str:
    """The Japanese name of the national holiday on ``day``, substitute holidays (振替休日) too, or ''."""
    return jpholiday.is_holiday_name(day) or ""


def is_year_end(day: date) -> bool:
    """12/29 to 1/3 (年末年始): public offices close (行政機関の休日に関する法律), most clinics too."""
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


def is_business_day(day: date, *, also_closed: Closed | None = None) -> bool:
    """Whether ``day`` is a weekday, no national holiday, and not ``also_closed``."""
    if day.weekday() >= 5 or holiday_name(day):
        return False
    return also_closed is None or not also_closed(day)


def add_business_days(day: date, count: int, *, also_closed: Closed | None = None) -> date:
    """The ``count``-th business day after ``day`` (before it when negative); ``day`` itself is not counted.

    With 0: ``day`` if it is a business day, else the next one. Raises ``ValueError`` when no such day comes
    within ten years (a calendar that is always closed).
    """
    step = timedelta(days=-1 if count < 0 else 1)
    left = abs(count)
    if left == 0:
        left, day = 1, day - step
    for _ in range(_MAX_DAYS):
        day += step
        if is_business_day(day, also_closed=also_closed):
            left -= 1
            if left == 0:
                return day
    raise ValueError(f"no business day found within {_MAX_DAYS} days")
