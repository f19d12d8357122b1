"""Japanese era dates: what clerks type, what forms print."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renkei.kernel import clock, eras
from renkei.kernel.errors import Invalid

DAYS = st.dates(min_value=eras.FIRST_DAY, max_value=date(2117, 12, 31))


def read(text: str) -> date | Invalid:
    try:
        return eras.parse_date(text)
    except Invalid as refused:
        return refused


def refusal(text: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        eras.parse_date(text, "birth_date")
    assert caught.value.field == "birth_date"
    return caught.value


@pytest.mark.parametrize(
    ("day", "long", "short"),
    [
        (date(1873, 1, 1), "明治6年1月1日", "M6.1.1"),
        (date(1912, 7, 29), "明治45年7月29日", "M45.7.29"),
        (date(1912, 7, 30), "大正元年7月30日", "T1.7.30"),
        (date(1926, 12, 24), "大正15年12月24日", "T15.12.24"),
        (date(1926, 12, 25), "昭和元年12月25日", "S1.12.25"),
        (date(1989, 1, 7), "昭和64年1月7日", "S64.1.7"),
        (date(1989, 1, 8), "平成元年1月8日", "H1.1.8"),
        (date(2019, 4, 30), "平成31年4月30日", "H31.4.30"),
        (date(2019, 5, 1), "令和元年5月1日", "R1.5.1"),
        (date(2026, 6, 5), "令和8年6月5日", "R8.6.5"),
    ],
)
def test_each_era_begins_and_ends_on_its_day(day: date, long: str, short: str) -> None:
    assert eras.format_era(day) == long
    assert eras.format_short(day) == short
    assert eras.format_both(day) == f"{long}({day.isoformat()})"


def test_the_era_of_a_date_carries_the_code_of_national_formats() -> None:
    assert eras.to_era(date(2026, 6, 5)) == eras.EraDate(5, "R", "令和", 8, 6, 5)
    assert [eras.to_era(era.first).era_code for era in eras.ERAS] == [1, 2, 3, 4, 5]
    assert eras.format_coded(date(1945, 1, 1)) == "3200101"


@pytest.mark.parametrize(
    "text",
    [
        "1945-01-01",
        "1945/1/1",
        "1945.1.1",
        "19450101",
        "1945年1月1日",
        "西暦1945年1月1日",
        "S20.1.1",
        "s20-1-1",
        "S20/01/01",
        "S200101",
        "昭20.1.1",
        "昭和20年1月1日",
        "昭和 20年 1月 1日",
        "昭和２０年１月１日",
        "Ｓ２０．１．１",
        "Ｓ２０ー１ー１",
        "㍼20年1月1日",
        "3200101",
        "３２００１０１",
        "\u30001945 / 1 / 1 ",
    ],
)
def test_every_accepted_form_is_the_same_day(text: str) -> None:
    assert eras.parse_date(text) == date(1945, 1, 1)


def test_the_first_year_may_be_written_as_gannen() -> None:
    assert eras.parse_date("令和元年5月1日") == date(2019, 5, 1)
    assert eras.parse_date("昭和元年12月31日") == date(1926, 12, 31)
    assert eras.parse_date("㋿元年5月1日") == date(2019, 5, 1)


@pytest.mark.parametrize("text", ["大正15年12月25日", "昭和元年12月25日"])
def test_a_day_of_two_eras_is_read_in_both(text: str) -> None:
    assert eras.parse_date(text) == date(1926, 12, 25)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("昭和65年1月1日", "平成2年1月1日(1990-01-01)"),
        ("昭和64年1月8日", "平成元年1月8日"),
        ("平成31年5月1日", "令和元年5月1日"),
        ("大正元年7月29日", "明治45年7月29日"),
        ("4350101", "令和5年1月1日"),
    ],
)
def test_a_date_outside_its_era_is_refused_with_the_right_one(text: str, hint: str) -> None:
    error = refusal(text)
    assert error.code == "date_out_of_era"
    assert hint in error.message_ja


@pytest.mark.parametrize(
    "text", ["2025-02-29", "昭和20年2月30日", "R8.13.1", "20260230", "平成0年1月1日", "5080631"]
)
def test_a_day_that_does_not_exist_is_refused(text: str) -> None:
    assert refusal(text).code == "date_impossible"


@pytest.mark.parametrize("text", ["明治5年12月2日", "M1.1.25", "1872-12-31", "0001-01-01", "1050101"])
def test_dates_of_the_old_calendar_are_refused(text: str) -> None:
    error = refusal(text)
    assert error.code == "before_meiji"
    assert "1873-01-01" in error.message_ja


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "2026-6/5",
        "260605",
        "2026 1 111",
        "2026  1  111",
        "2026 6 5",
        "慶応3年1月1日",
        "6200101",
        "S20",
        "٢٠٢٦-٠١-٠١",
    ],
)
def test_what_is_no_date_is_refused_with_the_accepted_forms(text: str) -> None:
    error = refusal(text)
    assert error.code == "date_unreadable"
    assert eras.ACCEPTED_FORMS in error.message_ja


def test_an_empty_date_says_so_and_a_novel_is_not_repeated() -> None:
    assert refusal("　").code == "date_empty"
    assert len(refusal("あ" * 10_000).message_ja) < 200


def test_a_date_before_1873_is_shown_in_western_years_only() -> None:
    assert eras.format_both(date(1850, 6, 5)) == "1850年6月5日(1850-06-05)"
    assert eras.format_short(date(1850, 6, 5)) == "1850.6.5"
    with pytest.raises(Invalid):
        eras.to_era(date(1850, 6, 5))


def test_nobody_is_born_tomorrow() -> None:
    with clock.frozen(clock.jst(2026, 6, 5, 0, 30)):
        assert eras.parse_birth_date("R8.6.5") == date(2026, 6, 5)
        with pytest.raises(Invalid) as caught:
            eras.parse_birth_date("R8.6.6")
    assert caught.value.code == "birth_in_future"
    assert "令和8年6月6日(2026-06-06)" in caught.value.message_ja


def test_age_counts_birthdays() -> None:
    assert eras.age_on(date(1945, 6, 5), date(2026, 6, 4)) == 80
    assert eras.age_on(date(1945, 6, 5), date(2026, 6, 5)) == 81
    assert eras.age_on(date(2024, 2, 29), date(2025, 2, 28)) == 0
    assert eras.age_on(date(2024, 2, 29), date(2025, 3, 1)) == 1
    with pytest.raises(ValueError, match="before the birth"):
        eras.age_on(date(2026, 6, 5), date(2026, 6, 4))


@given(DAYS)
def test_what_is_printed_can_be_typed_in_again(day: date) -> None:
    forms = [eras.format_era(day), eras.format_short(day), eras.format_coded(day), day.isoformat()]
    assert {eras.parse_date(form) for form in forms} == {day}


@given(DAYS)
def test_the_day_after_never_lies_in_an_earlier_era(day: date) -> None:
    today, tomorrow = eras.to_era(day), eras.to_era(day + timedelta(days=1))
    assert (today.era_code, today.year, today.month, today.day) < (
        tomorrow.era_code,
        tomorrow.year,
        tomorrow.month,
        tomorrow.day,
    )


@given(
    st.one_of(
        st.text(max_size=30),
        st.from_regex(r"[MTSHR明昭令1-5]?[0-9元]{1,4}[-/.年][0-9]{1,3}[-/.月]?[0-9]{0,3}日?"),
    )
)
def test_whatever_is_typed_becomes_a_date_or_a_refusal_in_japanese(text: str) -> None:
    outcome = read(text)
    if isinstance(outcome, Invalid):
        assert outcome.message_ja.endswith(("。", eras.ACCEPTED_FORMS))
    else:
        assert outcome >= eras.FIRST_DAY
