"""Business days for deadlines."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.holidays import add_business_days, holiday_name, is_business_day, is_year_end

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2060, 12, 31))


def test_weekends_holidays_and_substitutes_are_no_business_days() -> None:
    assert not is_business_day(date(2026, 6, 6))
    assert not is_business_day(date(2026, 6, 7))
    assert holiday_name(date(2026, 1, 1)) == "元日"
    assert "振替休日" in holiday_name(date(2026, 5, 6))
    assert holiday_name(date(2026, 9, 22)) == "国民の休日"
    assert not is_business_day(date(2026, 9, 22))
    assert is_business_day(date(2026, 6, 5))
    assert holiday_name(date(2026, 6, 5)) == ""


def test_golden_week_is_stepped_over() -> None:
    assert add_business_days(date(2026, 5, 1), 1) == date(2026, 5, 7)
    assert add_business_days(date(2026, 5, 7), -1) == date(2026, 5, 1)


def test_zero_days_from_a_sunday_is_monday() -> None:
    assert add_business_days(date(2026, 6, 7), 0) == date(2026, 6, 8)
    assert add_business_days(date(2026, 6, 8), 0) == date(2026, 6, 8)


def test_a_clinic_closed_at_the_turn_of_the_year_counts_from_january_fourth() -> None:
    assert add_business_days(date(2026, 12, 28), 1) == date(2026, 12, 29)
    assert add_business_days(date(2026, 12, 28), 1, also_closed=is_year_end) == date(2027, 1, 4)


def test_a_calendar_that_never_opens_is_reported() -> None:
    with pytest.raises(ValueError, match="no business day"):
        add_business_days(date(2026, 6, 5), 1, also_closed=lambda day: True)


@given(DAYS, st.integers(1, 30))
def test_there_and_back_again(day: date, count: int) -> None:
    start = add_business_days(day, 0)
    end = add_business_days(start, count)
    assert is_business_day(end)
    assert add_business_days(end, -count) == start
