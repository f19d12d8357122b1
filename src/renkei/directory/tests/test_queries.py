"""Look-ups: names in kanji and kana, areas, rules of the narrowest jurisdiction."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.directory import queries, reference
from renkei.directory.models import Area, Rule, SpecialRelation
from renkei.directory.types import FacilityKind, settings
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from testing.cast import Cast
from testing.database import arranging


@pytest.mark.parametrize(
    "typed",
    [
        "みどり中央",
        "ミドリチュウ",
        "みどりちゅうおう",
        "ﾐﾄﾞﾘ ﾁｭｳｵｳ",
        "中央 病院",
        "1410000011",
        "１４１００００",
    ],
)
def test_a_hospital_is_found_by_kanji_kana_and_number(cast: Cast, typed: str) -> None:
    found = [f.name for f in queries.search_facilities(typed)]
    assert "みどり中央病院" in found


def test_a_phone_number_is_found_with_and_without_hyphens(cast: Cast) -> None:
    assert queries.facilities("0463-00-0001").count() == len(cast.facilities)
    assert queries.facilities("0463000001").count() == len(cast.facilities)


def test_names_that_begin_with_the_words_come_first(cast: Cast) -> None:
    with arranging():
        queries.facility_by_number("1410000052").__class__.objects.create(
            kind="clinic", name="北みどり医院", kana="アキタミドリイイン"
        )
    found = [f.name for f in queries.search_facilities("みどり")]
    assert found.index("みどり中央病院") < found.index("北みどり医院")


def test_variants_of_kanji_find_each_other(cast: Cast) -> None:
    with arranging():
        cast.facility("C2").__class__.objects.create(kind="clinic", name="髙﨑医院", kana="タカサキイイン")
    assert [f.name for f in queries.search_facilities("高崎")] == ["髙﨑医院"]


def test_the_kind_narrows_and_a_closed_clinic_is_not_proposed(cast: Cast) -> None:
    assert queries.search_facilities("医院", [FacilityKind.HOSPITAL]) == []
    with arranging():
        clinic = cast.facility("C2")
        clinic.closed_on = clock.today()
        clinic.save()
    assert "林医院" not in [f.name for f in queries.search_facilities("医院")]
    assert queries.facility(clinic.uid) == clinic


def test_empty_words_find_nothing(cast: Cast) -> None:
    assert queries.search_facilities("  ") == []


def test_an_unknown_facility_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound):
        queries.facility("00000000-0000-7000-8000-000000000000")


def test_the_shipped_areas_load_twice_without_change(cast: Cast) -> None:
    with arranging():
        reference.load()
        again = reference.load()
    assert "追加 0・変更 0" in again
    assert Area.objects.filter(level="prefecture").count() == 47
    isehara = Area.objects.get(name="伊勢原市")
    assert isehara.parent is not None
    assert isehara.parent.name == "湘南西部"
    assert isehara.parent.parent is not None
    assert isehara.parent.parent.name == "神奈川県"


def test_facilities_are_found_by_prefecture_and_secondary_area(cast: Cast) -> None:
    with arranging():
        reference.load()
        clinic = cast.facility("C1")
        clinic.area = Area.objects.get(name="伊勢原市")
        clinic.save()
    for code in ("14", "1407", clinic.area.code):
        assert list(queries.facilities(area_code=code)) == [clinic]
    assert queries.secondary_area(queries.facility(clinic.uid)) == Area.objects.get(code="1407")


def test_every_setting_has_a_national_default(cast: Cast) -> None:
    for setting in settings():
        value = queries.rule(setting.code)
        assert setting.minimum <= value <= setting.maximum
    assert queries.rule("referral.accept_hours", cast.facility("H1").pk) == 24


def test_defaults_that_no_law_sets_are_marked_uncertain(cast: Cast) -> None:
    assert not queries.rule_in_force("reply.final_report_days").certain
    assert queries.rule_in_force("password.min_length").certain


def test_the_narrowest_rule_in_force_wins(cast: Cast) -> None:
    hospital = cast.facility("H1").pk
    code = "reply.final_report_days"
    with arranging():
        Rule.objects.create(
            code=code, jurisdiction="JP-14", params={"value": 21}, valid_from=date(2026, 4, 1)
        )
        Rule.objects.create(
            code=code,
            jurisdiction=f"facility:{hospital}",
            params={"value": 10},
            valid_from=date(2026, 6, 1),
            valid_until=date(2026, 9, 1),
        )
    assert queries.rule(code, hospital, date(2026, 3, 31)) == 30
    assert queries.rule(code, hospital, date(2026, 4, 1)) == 21
    assert queries.rule(code, hospital, date(2026, 6, 1)) == 10
    assert queries.rule(code, hospital, date(2026, 9, 1)) == 21
    assert queries.rule(code, cast.facility("H2").pk, date(2026, 6, 1)) == 21
    with clock.frozen(clock.jst(2026, 6, 2)):
        assert queries.settings(hospital)[code].value() == 10


def test_an_unknown_rule_gives_the_default_or_says_so(cast: Cast) -> None:
    assert queries.rule("no.such", default=7) == 7
    with pytest.raises(NotFound):
        queries.rule("no.such")


def test_a_special_relation_counts_in_both_directions(cast: Cast) -> None:
    one, other = cast.facility("H1"), cast.facility("C1")
    low, high = sorted((one.pk, other.pk))
    with arranging():
        SpecialRelation.objects.create(one_id=low, other_id=high)
    assert queries.special_relation(one.pk, other.pk)
    assert queries.special_relation(other.pk, one.pk)
    assert not queries.special_relation(one.pk, cast.facility("C2").pk)
    assert queries.special_relations(one) == [other]


def test_hours_become_the_table_at_the_door(cast: Cast) -> None:
    clinic = cast.facility("C1")
    clinic.hours = [{"weekday": day, "opens": "09:00", "closes": "12:00"} for day in (0, 1, 2, 4, 5)] + [
        {"weekday": 0, "opens": "15:00", "closes": "18:00"}
    ]
    morning, evening = queries.hours_table(clinic)
    assert (morning.opens, morning.days) == ("09:00", (True, True, True, False, True, True, False, False))
    assert evening.days == (True,) + (False,) * 7


def test_the_look_up_reads_only_public_rows(cast: Cast) -> None:
    with acting(cast.actor("x1_clerk")):
        assert queries.search_facilities("みどり中央")
