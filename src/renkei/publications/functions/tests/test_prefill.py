"""What the platform's records answer before anybody types."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from renkei.directory.actions import set_functions
from renkei.directory.models import ClosingDay, Facility, FacilityProfile, Rule
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed
from renkei.publications.functions import actions, prefill, queries
from renkei.publications.functions.tests.conftest import PART_ONE
from renkei.publications.functions.types import Item
from renkei.referrals.tests.test_the_loop import MONDAY, Region
from testing.cast import Cast
from testing.database import arranging

YEAR = 2028
"""前年度 of the report of 2028 is the fiscal year in which the referrals of the tests arrive."""


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


def _class_of(cast: Cast, key: str, value: int) -> None:
    with arranging():
        Rule.objects.create(
            code="functions.hospital_class",
            jurisdiction=f"facility:{cast.facility(key).pk}",
            params={"value": value},
            valid_from=date(2020, 4, 1),
        )


def _item(key: str) -> Item:
    item = queries.form_of(YEAR).item(key)
    assert item is not None
    return item


@pytest.mark.parametrize(("place", "total", "code"), [(0, 0, None), (2, 1, "1"), (3, 1, "1")])
def test_patients_referred_by_special_and_support_hospitals_are_counted_as_a_monthly_mean(
    region: Cast, place: int, total: int, code: str | None
) -> None:
    _class_of(region, "C1", place)
    Region(region).arrived()
    sato = region.actor("sato")
    with acting(sato):
        found = prefill.received(sato, YEAR)
        assert (found.total, found.months, found.first) == (total, 12, date(2026, 4, 1))
        assert prefill.received(sato, YEAR + 1).total == 0
        assert prefill.prefill(sato, queries.shipped_form(2026), 2026).get("referred_outpatients") is None
        row = actions.start_report(sato, year=YEAR)
        assert row.prefilled.get("referred_outpatients") == (code if place else None)


YEAR_BEFORE = (date(2026, 4, 1), date(2027, 3, 31))


@pytest.mark.parametrize(
    ("opened", "closed", "rests", "months"),
    [
        (None, None, (), 12),
        (date(2026, 10, 15), None, (), 6),
        (None, date(2026, 7, 1), (), 3),
        (None, None, ((date(2026, 12, 1), date(2027, 1, 31)),), 10),
        (None, None, ((date(2026, 12, 2), date(2027, 1, 31)),), 11),
        (None, None, ((date(2026, 12, 10), None),), 9),
        (None, None, ((date(2020, 1, 1), None),), 0),
    ],
)
def test_the_monthly_mean_divides_by_the_months_in_which_the_house_saw_patients(
    cast: Cast,
    opened: date | None,
    closed: date | None,
    rests: tuple[tuple[date, date | None], ...],
    months: int,
) -> None:
    house = cast.facility("H1")
    with arranging():
        Facility.objects.filter(pk=house.pk).update(opened_on=opened, closed_on=closed)
        for from_on, until_on in rests:
            ClosingDay.objects.create(facility=house, from_on=from_on, until_on=until_on, suspension=True)
    with acting(cast.actor("sato")):
        assert prefill.months_of_practice(house.pk, *YEAR_BEFORE) == months
    assert prefill.Received(30, months, *YEAR_BEFORE).monthly == (30 / months if months else 0)


def test_a_house_of_half_a_year_reports_the_mean_of_its_six_months(region: Cast) -> None:
    _class_of(region, "C1", 2)
    with arranging():
        Facility.objects.filter(pk=region.facility("H1").pk).update(
            opened_on=date(2026, 4, 1), closed_on=date(2026, 10, 1)
        )
    Region(region).arrived()
    sato = region.actor("sato")
    with acting(sato):
        assert prefill.received(sato, YEAR).monthly == pytest.approx(1 / 6)


def test_linked_institutions_are_suggested_from_referrals_and_chosen_by_a_person(region: Cast) -> None:
    Region(region).sent()
    aoki = region.actor("aoki")
    with acting(aoki):
        found = prefill.suggestions(aoki, 2026, _item("on_call_partners"))
        assert [(s.facility.name, s.says) for s in found] == [("みどり中央病院", "紹介 1件・逆紹介など 0件")]
        assert prefill.suggestions(aoki, 2026, _item("backup_partners")) == []
        row = actions.start_report(aoki, year=2026)
        assert [p["name"] for p in row.prefilled["on_call_partners"]] == ["みどり中央病院"]
        row = actions.save_part_one(aoki, row, answers=PART_ONE)
        assert row.part_two == {}, "a suggestion is no answer"


def test_the_report_of_a_house_says_nothing_about_another_one(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        with pytest.raises(NotAllowed):
            set_functions(aoki, region.facility("C2"), functions=["home_care"], year=2026)
        row = set_functions(
            aoki, region.facility("C1"), functions=["care_link", "home_care", "unknown"], year=2026
        )
        assert row.functions == ["home_care", "care_link"]
        assert not FacilityProfile.objects.filter(facility=region.facility("C2")).exists()
