"""Shares of counts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel.rates import NOT_COMPUTABLE, Ratio


def test_the_example_of_the_medical_care_act_comes_out() -> None:
    assert str(Ratio(300, 500)) == "60.0%"
    assert str(Ratio(360, 500)) == "72.0%"


def test_without_a_denominator_there_is_no_rate() -> None:
    empty = Ratio(3, 0)
    assert str(empty) == NOT_COMPUTABLE
    assert empty.percent is None
    assert empty.fraction is None
    assert not empty.reaches(0)


def test_half_a_tenth_is_rounded_up_and_more_than_all_is_possible() -> None:
    assert Ratio(1, 2000).percent == Decimal("0.1")
    assert Ratio(2, 3).percent == Decimal("66.7")
    assert str(Ratio(1500, 1000)) == "150.0%"
    assert str(Ratio(0, 7)) == "0.0%"


def test_a_threshold_is_met_by_the_exact_share_only() -> None:
    nearly = Ratio(49_999, 100_000)
    assert str(nearly) == "50.0%"
    assert not nearly.reaches(50)
    assert Ratio(1, 2).reaches(50)
    assert Ratio(655, 1000).reaches(Decimal("65.5"))


def test_negative_counts_are_a_programming_error() -> None:
    for counts in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError, match="not negative"):
            Ratio(*counts)


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_rounding_moves_a_rate_by_half_a_tenth_at_most(numerator: int, denominator: int) -> None:
    percent = Ratio(numerator, denominator).percent
    assert percent is not None
    assert abs(percent * denominator - 100 * numerator) * 20 <= denominator
