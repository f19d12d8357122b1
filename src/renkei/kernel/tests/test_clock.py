"""One source of time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from renkei.kernel import clock


def test_a_day_begins_at_midnight_in_japan() -> None:
    with clock.frozen(datetime(2026, 6, 4, 14, 59, tzinfo=UTC)):
        assert clock.today() == date(2026, 6, 4)
    with clock.frozen(datetime(2026, 6, 4, 15, 0, tzinfo=UTC)):
        assert clock.today() == date(2026, 6, 5)
        assert clock.now() == clock.jst(2026, 6, 5)


def test_the_fiscal_year_begins_in_april() -> None:
    assert clock.fiscal_year(date(2026, 3, 31)) == 2025
    assert clock.fiscal_year(date(2026, 4, 1)) == 2026


def test_frozen_time_ends_with_its_block() -> None:
    with clock.frozen(clock.jst(2026, 6, 5)):
        with clock.frozen(clock.jst(2030, 1, 1)):
            assert clock.today() == date(2030, 1, 1)
        assert clock.today() == date(2026, 6, 5)
    assert clock.now().tzinfo is UTC


def test_a_wall_clock_time_without_zone_cannot_freeze_time() -> None:
    with pytest.raises(ValueError, match="aware"), clock.frozen(datetime(2026, 6, 5)):  # noqa: DTZ001
        pass


def test_the_demo_clock_is_moved_and_put_back() -> None:
    before = clock.now()
    clock.shift(timedelta(days=400))
    try:
        assert clock.offset() == timedelta(days=400)
        assert clock.now() - before >= timedelta(days=400)
    finally:
        clock.shift(timedelta(0))
    assert clock.offset() == timedelta(0)
