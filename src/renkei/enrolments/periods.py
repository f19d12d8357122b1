"""Terms of a membership as pure dates (rules L.1): the last day counts, the next term begins the day after."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from renkei.enrolments.types import TermKind, TermRule


@dataclass(frozen=True)
class Period:
    """Both days count; ``until_on`` None has no end."""

    from_on: date
    until_on: date | None


def fiscal_year_end(day: date) -> date:
    """The 3/31 of the fiscal year (年度) that ``day`` lies in: 2026-03-31 → 2026-03-31, 2026-04-01 → 2027-03-31."""
    return date(day.year + (day.month >= 4), 3, 31)


def fiscal_year(day: date) -> int:
    """The year in which the fiscal year of ``day`` began."""
    return fiscal_year_end(day).year - 1


def term_from(rule: TermRule, day: date) -> Period:
    """The term that begins on ``day``."""
    if rule.kind is TermKind.FISCAL_YEAR:
        return Period(day, fiscal_year_end(day))
    if rule.kind is TermKind.FROM_ISSUE:
        return Period(day, _months_later(day, rule.months) - timedelta(days=1))
    if rule.kind is TermKind.FIXED:
        return Period(max(day, rule.from_on) if rule.from_on else day, rule.until_on)
    return Period(day, None)


def next_term(rule: TermRule, ended: date) -> Period:
    """The term after the one whose last day was ``ended``."""
    return term_from(rule, ended + timedelta(days=1))


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))
