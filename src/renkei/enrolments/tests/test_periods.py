"""Terms at their edges (rules L.1)."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.enrolments.periods import Period, fiscal_year_end, next_term, term_from
from renkei.enrolments.types import Renewal, TermKind, TermRule

YEAR = TermRule(TermKind.FISCAL_YEAR, Renewal.AUTOMATIC)
ISSUE = TermRule(TermKind.FROM_ISSUE, Renewal.AUTOMATIC, months=12)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2025, 7, 1), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2027, 3, 31)),
    ],
)
def test_the_fiscal_year_ends_on_the_last_of_march(day: date, end: date) -> None:
    assert fiscal_year_end(day) == end
    assert term_from(YEAR, day) == Period(day, end)


def test_who_joined_on_the_last_day_expires_that_day_and_renews_the_next() -> None:
    first = term_from(YEAR, date(2026, 3, 31))
    assert first.until_on == date(2026, 3, 31)
    assert next_term(YEAR, first.until_on) == Period(date(2026, 4, 1), date(2027, 3, 31))


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 6, 1), date(2027, 5, 31)),
        (date(2024, 2, 29), date(2025, 2, 27)),
        (date(2025, 2, 28), date(2026, 2, 27)),
    ],
)
def test_one_year_from_issue_ends_the_day_before(day: date, end: date) -> None:
    assert term_from(ISSUE, day) == Period(day, end)


def test_fixed_dates_are_the_same_for_whoever_joins_within() -> None:
    rule = TermRule(TermKind.FIXED, Renewal.NONE, from_on=date(2026, 4, 1), until_on=date(2028, 3, 31))
    assert term_from(rule, date(2026, 10, 1)) == Period(date(2026, 10, 1), date(2028, 3, 31))
    assert term_from(TermRule(TermKind.OPEN, Renewal.NONE), date(2026, 1, 1)).until_on is None
