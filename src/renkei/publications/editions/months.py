"""Months as the first of their days."""

from __future__ import annotations

from datetime import date

from renkei.directory import queries as directory


def first_of(day: date) -> date:
    """The month that ``day`` lies in."""
    return day.replace(day=1)


def later(month_on: date, months: int) -> date:
    """So many months later."""
    whole = month_on.year * 12 + month_on.month - 1 + months
    return date(whole // 12, whole % 12 + 1, 1)


def send_day(owner_id: int, month_on: date) -> date:
    """The day of sending by the house's setting (``edition.send_day``, 25 where nobody set it)."""
    return month_on.replace(
        day=min(int(directory.rule("edition.send_day", owner_id, month_on, default=25)), 28)
    )


def tables_month(owner_id: int, month_on: date) -> date:
    """The month that the tables of this edition tell of (``edition.months_ahead``)."""
    return later(month_on, int(directory.rule("edition.months_ahead", owner_id, month_on, default=1)))
