"""The rates of both laws: what is counted, thresholds, boundaries, and what is not computable."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from renkei.directory.models import Rule, SpecialRelation
from renkei.gate.context import acting
from renkei.indicators import actions
from renkei.indicators.figures import figures, judged
from renkei.indicators.judging import Verdict
from renkei.indicators.models import MonthlyFigure
from renkei.indicators.queries import Filters, records
from renkei.indicators.registry import all_indicators, indicator_of
from renkei.indicators.rules import rulebook
from renkei.indicators.tests.conftest import MAY, House
from renkei.indicators.types import Figure, Period
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotPossibleNow
from testing.cast import Cast
from testing.database import arranging

MONTH = Period(date(2026, 5, 1), date(2026, 5, 1))
RATE, BACK = "referral_rate_medical_care_act", "back_referral_rate_medical_care_act"
RATIO, BACK_RATIO = "referral_ratio_fee_schedule", "back_referral_ratio_fee_schedule"


def of(cast: Cast, key: str, period: Period = MONTH, who: str = "sato") -> Figure:
    with acting(cast.actor(who)) as actor:
        return figures(actor, period)[key]


def verdicts(cast: Cast, law: str = "医療法", period: Period = MONTH) -> dict[str, Verdict]:
    with acting(cast.actor("sato")) as sato:
        found = judged(figures(sato, period))
    return {v.name: v for j in found if j.law == law for v in j.verdicts}


def listed(
    cast: Cast,
    key: str,
    letter: str,
    period: Period = MONTH,
    who: str = "sato",
    filters: Filters | None = None,
) -> int:
    """How many rows the list behind a number has."""
    with acting(cast.actor(who)) as actor:
        return records(actor, indicator_of(key), letter, period, filters).count()


def rule(code: str, params: dict[str, Any], jurisdiction: str, first: date = date(2020, 4, 1)) -> None:
    with arranging():
        Rule.objects.create(
            code=f"indicator.{code}", params={"value": params}, jurisdiction=jurisdiction, valid_from=first
        )


def test_the_example_of_the_law_gives_sixty_and_seventy_two_and_passes_by_route_u_only(
    cast: Cast, house: House
) -> None:
    house.a_year_of_the_law()
    rate, back = of(cast, RATE), of(cast, BACK)
    assert (rate.counts["A"], rate.counts["B"], back.counts["C"]) == (300, 500, 360)
    assert (rate.text, back.text) == ("60.0", "72.0")
    assert {name: v.passed for name, v in verdicts(cast).items()} == {"ア": False, "イ": False, "ウ": True}


def test_without_a_single_first_visit_a_rate_is_not_computable_and_no_route_is_judged(cast: Cast) -> None:
    assert of(cast, RATE).text == of(cast, BACK_RATIO).text == of(cast, "reply_rate").text == "計算不可"
    assert of(cast, RATE).by_month == [None]
    assert {v.passed for v in verdicts(cast).values()} == {None}


def test_exactly_on_the_threshold_passes_by_ijou_and_is_marked_as_a_boundary(
    cast: Cast, house: House
) -> None:
    house.visits(50, referral_doc="letter")
    house.visits(50)
    house.back_referrals(70)
    route = verdicts(cast)["ウ"]
    assert route.passed
    assert route.boundary


def test_exactly_on_the_threshold_fails_where_the_prefecture_says_uwamawaru(cast: Cast, house: House) -> None:
    house.visits(50, referral_doc="letter")
    house.visits(50)
    house.back_referrals(70)
    with arranging():
        tokyo = Rule.objects.get(code="indicator.medical_care_act", jurisdiction="JP-13")
        assert tokyo.params["value"]["requirements"][2]["all"][0]["comparator"] == ">"
    rule("medical_care_act", tokyo.params["value"], "JP-14")
    route = verdicts(cast)["ウ"]
    assert route.passed is False
    assert route.boundary


def test_a_rate_just_below_the_threshold_is_not_rounded_over_it(cast: Cast, house: House) -> None:
    house.visits(1999, referral_doc="letter")
    house.visits(2001)
    house.back_referrals(3000)
    assert of(cast, RATE).text == "50.0"
    route = verdicts(cast)["ウ"]
    assert route.passed is False
    assert not route.boundary


def test_a_patient_with_a_letter_in_an_ambulance_counts_in_the_numerator_by_the_literal_reading(
    cast: Cast, house: House
) -> None:
    house.visits(100, referral_doc="letter")
    house.visits(100)
    house.visits(20, referral_doc="letter", arrival_mode="ambulance_public")
    found = of(cast, RATE)
    assert found.text == "60.0"
    assert (found.reading("A1"), found.reading("A2")) == ("60.0", "50.0")


def test_letters_from_and_to_a_facility_in_special_relation_do_not_count(cast: Cast, house: House) -> None:
    h1, h2 = cast.facility("H1"), cast.facility("H2")
    house.visits(10, referral_doc="letter", from_facility=h2)
    house.visits(10, referral_doc="letter", from_facility=cast.facility("C1"))
    house.visits(10, referral_doc="letter", from_name="紙の医院")
    house.back_referrals(5, to_facility=h2)
    house.back_referrals(4, to_facility=cast.facility("C1"))
    with arranging():
        one, other = sorted((h1.pk, h2.pk))
        SpecialRelation.objects.create(one_id=one, other_id=other)
    assert of(cast, RATE).counts["A"] == 20
    assert of(cast, BACK).counts["C"] == 4


def test_a_back_referral_without_consent_or_without_a_document_does_not_count(
    cast: Cast, house: House
) -> None:
    house.visits(10)
    house.back_referrals(3)
    house.back_referrals(2, consent=False)
    house.back_referrals(2, document_issued=False)
    assert of(cast, BACK).counts["C"] == 3


def test_the_ratio_of_the_fee_schedule_may_exceed_a_hundred_since_ambulances_stand_only_above(
    cast: Cast, house: House
) -> None:
    house.visits(60, referral_doc="letter")
    house.visits(40)
    house.visits(62, arrival_mode="ambulance_hospital")
    found = of(cast, RATIO)
    assert (found.counts["R"], found.counts["E"], found.counts["F"]) == (60, 62, 100)
    assert found.text == "122.0"


def test_the_back_referral_ratio_is_per_mille_of_first_and_later_visits(cast: Cast, house: House) -> None:
    house.visits(100)
    house.visits(880, is_first_visit=False)
    house.visits(20, is_first_visit=False, fee_b011=True)
    house.visits(30, is_first_visit=False, is_night=True)
    house.back_referrals(29)
    house.back_referrals(5, online_only=True)
    found = of(cast, BACK_RATIO)
    assert (found.counts["G"], found.counts["K"], found.counts["F"], found.counts["S"]) == (29, 20, 100, 880)
    assert found.text == "50.0"


def test_a_check_up_leaves_the_denominator_of_the_act_but_not_of_the_fee_schedule(
    cast: Cast, house: House
) -> None:
    house.visits(10, checkup_detected=True)
    house.visits(10)
    assert of(cast, RATE).counts["B"] == 10
    assert of(cast, RATIO).counts["F"] == 20


def test_from_june_2026_the_back_referral_ratio_asks_fifty_per_mille(cast: Cast, house: House) -> None:
    rule("fee_schedule.options", {"hospital_class": "regional_support"}, f"facility:{cast.facility('H1').pk}")
    for day in (MAY, date(2026, 6, 1)):
        house.visits(100, referral_doc="letter", visit_on=day)
        house.visits(900, is_first_visit=False, visit_on=day)
        house.back_referrals(40, issued_on=day)
    june = Period(date(2026, 6, 1), date(2026, 6, 1))
    assert [v.passed for v in verdicts(cast, "診療報酬").values()] == [True]
    assert [v.passed for v in verdicts(cast, "診療報酬", june).values()] == [False]


def test_without_a_class_of_hospital_the_fee_schedule_judges_nothing(cast: Cast) -> None:
    assert verdicts(cast, "診療報酬") == {}


def test_replies_are_counted_by_the_month_of_arrival_with_median_and_distribution(
    cast: Cast, house: House
) -> None:
    for days, count in ((2, 5), (10, 3), (40, 1)):
        house.visits(
            count, referral_doc="letter", final_reply_on=date.fromordinal(MAY.toordinal() + days)
        ) if days < 20 else house.visits(
            count, referral_doc="letter", visit_on=date(2026, 4, 1), final_reply_on=date(2026, 5, 11)
        )
    house.visits(1, referral_doc="letter")
    period = Period(date(2026, 4, 1), date(2026, 5, 1))
    rate, days_found = of(cast, "reply_rate", period), of(cast, "days_to_reply", period)
    assert rate.text == "90.0"
    assert days_found.value == 2.0
    assert listed(cast, "days_to_reply", "L", period, filters=Filters(bucket="8〜14日")) == 3


@pytest.mark.parametrize("key", [i.key for i in all_indicators()])
def test_the_list_behind_a_number_has_exactly_as_many_rows(cast: Cast, house: House, key: str) -> None:
    house.a_year_of_the_law()
    house.visits(7, visit_on=date(2026, 4, 2), referral_doc="letter", final_reply_on=date(2026, 4, 9))
    house.visits(3, is_first_visit=False, fee_b005_11=True)
    sato = cast.actor("sato")
    actions.close_month(sato, month=date(2026, 4, 1))
    period = Period(date(2026, 4, 1), date(2026, 5, 1))
    found = of(cast, key, period)
    for term in found.indicator.terms:
        assert listed(cast, key, term.letter, period) == found.counts[term.letter]


def test_nobody_sees_the_visits_of_another_house(cast: Cast, house: House) -> None:
    house.visits(5, referral_doc="letter")
    assert of(cast, RATE, who="east_clerk").counts["B"] == 0
    assert listed(cast, RATE, "B", who="east_clerk") == 0


def test_counting_costs_the_same_number_of_queries_for_one_month_and_for_three_years(
    cast: Cast, house: House, django_assert_max_num_queries: Any
) -> None:
    house.a_year_of_the_law()
    with acting(cast.actor("sato")) as sato:
        with django_assert_max_num_queries(11):
            figures(sato, MONTH)
        with django_assert_max_num_queries(11):
            figures(sato, Period(date(2023, 6, 1), date(2026, 5, 1)))


def test_a_closed_month_keeps_its_figures_and_its_definition(cast: Cast, house: House) -> None:
    house.a_year_of_the_law()
    actions.close_month(cast.actor("sato"), month=MAY)
    version = of(cast, RATE).definitions[0].version
    actions.define(
        cast.actor("oka"),
        definition="medical_care_act",
        values={"exclude_ambulance": False},
        valid_from=date(2026, 4, 1),
        reason="救急車を分母に含めて比べる",
    )
    assert of(cast, RATE).text == "60.0"
    assert of(cast, RATE).definitions[0].version == version
    assert listed(cast, RATE, "B") == 500


def test_another_definition_gives_another_number_in_an_open_month(cast: Cast, house: House) -> None:
    house.a_year_of_the_law()
    actions.define(
        cast.actor("oka"),
        definition="medical_care_act",
        values={"exclude_ambulance": False},
        valid_from=date(2026, 5, 1),
        reason="救急車を分母に含めて比べる",
    )
    found = of(cast, RATE)
    assert found.counts["B"] == 700
    assert "施設の設定" in found.definitions[0].version


def test_only_the_administrator_changes_how_is_counted_and_only_with_a_reason(cast: Cast) -> None:
    values: dict[str, Any] = {"exclude_ambulance": False}
    told: dict[str, Any] = {
        "definition": "medical_care_act",
        "values": values,
        "valid_from": date(2026, 5, 1),
    }
    with pytest.raises(NotAllowed):
        actions.define(cast.actor("sato"), **told, reason="x")
    with pytest.raises(Invalid):
        actions.define(cast.actor("oka"), **told, reason=" ")
    with pytest.raises(Invalid):
        actions.define(cast.actor("oka"), **{**told, "values": {"requirements": []}}, reason="x")


def test_a_month_is_closed_once_and_only_when_it_is_over(cast: Cast) -> None:
    sato = cast.actor("sato")
    with pytest.raises(NotPossibleNow, match="まだ終わっていません"):
        actions.close_month(sato, month=date(2026, 6, 1))
    actions.close_month(sato, month=MAY)
    with pytest.raises(NotPossibleNow, match="もう締められています"):
        actions.close_month(sato, month=MAY)


def test_opening_a_month_again_needs_the_administrator_and_a_reason_and_takes_the_corrections_in(
    cast: Cast, house: House
) -> None:
    house.visits(10)
    closing = actions.close_month(cast.actor("sato"), month=MAY)
    house.visits(2, late=True, late_reason="入力もれ")
    assert of(cast, RATE).counts["B"] == 10
    with pytest.raises(NotAllowed):
        actions.reopen_month(cast.actor("sato"), closing, reason="直す")
    with pytest.raises(Invalid):
        actions.reopen_month(cast.actor("oka"), closing, reason="")
    actions.reopen_month(cast.actor("oka"), closing, reason="入力もれを直す")
    assert of(cast, RATE).counts["B"] == 12
    actions.close_month(cast.actor("sato"), month=MAY)
    with acting(cast.actor("sato")) as sato:
        assert MonthlyFigure.objects.visible_to(sato).filter(indicator=RATE).count() == 2


def test_the_database_itself_refuses_to_change_a_kept_figure(cast: Cast, house: House) -> None:
    house.visits(3)
    actions.close_month(cast.actor("sato"), month=MAY)
    with acting(cast.actor("sato")), connection.cursor() as cursor:
        cursor.execute("UPDATE indicators_monthlyfigure SET counts = '{}'")
        assert cursor.rowcount == 0


def test_the_rulebook_takes_the_prefecture_before_the_country_and_names_the_version(cast: Cast) -> None:
    book = rulebook(cast.facility("H1").pk)
    assert book.definition("medical_care_act", MAY).version == "全国 2014-04-01版"
    with pytest.raises(DomainError, match="定義"):
        book.definition("medical_care_act", date(2010, 4, 1))


def test_the_counts_come_from_the_index_of_days_and_not_from_the_whole_table(
    cast: Cast, house: House
) -> None:
    house.visits(3000, visit_on=date(2024, 1, 5))
    house.visits(50)
    with arranging(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("ANALYZE indicators_visit")
        cursor.execute("SET ROLE renkei_app")
    with acting(cast.actor("sato")) as sato:
        assert "visits_by_day" in records(sato, indicator_of(RATE), "B", MONTH).explain()
