"""Who runs a facility on which day, and who may change a corporation's data (S12 ①③)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.urls import reverse

from renkei.directory import actions as directory
from renkei.directory import queries as facilities
from renkei.directory.corporations import actions, queries
from renkei.directory.jobs import settle_owners
from renkei.directory.models import Facility, Organization, Ownership
from renkei.directory.profiles import actions as own
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

JUNE = date(2026, 6, 1)
OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def first_of_june() -> Iterator[None]:
    with clock.frozen(clock.jst(2026, 6, 1, 9)):
        yield


@pytest.fixture
def office(cast: Cast) -> Actor:
    """The office of the alliance (法人事務局)."""
    return cast.actor("x1_alliance_office")


@pytest.fixture
def midori(cast: Cast, office: Actor) -> Organization:
    """医療法人みどり会 runs both hospitals of the cast from 2019 on; 青葉会 runs 青木内科."""
    with acting(office):
        one = actions.add_corporation(office, name="医療法人みどり会", kana="ミドリカイ")
        two = actions.add_corporation(office, name="医療法人青葉会")
        for key, runs in (("H1", one), ("H2", one), ("C1", two)):
            actions.move_to_corporation(
                office, cast.facility(key), organization=runs, from_on=date(2019, 4, 1)
            )
    return one


def aoba() -> Organization:
    return Organization.objects.get(name="医療法人青葉会")


def test_a_facility_that_moves_keeps_its_old_owner_for_the_days_before(
    cast: Cast, office: Actor, midori: Organization
) -> None:
    house = cast.facility("H2")
    with acting(office):
        actions.move_to_corporation(office, house, organization=aoba(), from_on=OCTOBER)
    owners = {day: queries.owner_on(house, day) for day in (JUNE, date(2026, 9, 30), OCTOBER)}
    assert owners == {JUNE: midori, date(2026, 9, 30): midori, OCTOBER: aoba()}
    assert [f.name for f in queries.facilities_of(midori, date(2026, 9, 30))] == [
        "みどり中央病院",
        "みどり東病院",
    ]
    assert [f.name for f in queries.facilities_of(midori, OCTOBER)] == ["みどり中央病院"]
    assert queries.owner_on(house, date(2019, 3, 31)) is None


def test_the_founder_as_printed_follows_on_the_day_of_the_move(
    cast: Cast, office: Actor, midori: Organization
) -> None:
    house = cast.facility("H2")
    with acting(office):
        actions.move_to_corporation(office, house, organization=aoba(), from_on=OCTOBER)
    assert facilities.facility(house.uid).organization == midori
    with arranging():
        assert settle_owners() == 0
    with clock.frozen(clock.jst(2026, 10, 1, 0, 5)), arranging():
        assert settle_owners() == 1
        assert settle_owners() == 0
    assert facilities.facility(house.uid).organization == aoba()


def test_a_facility_leaves_its_corporation_with_a_date(
    cast: Cast, office: Actor, midori: Organization
) -> None:
    house = cast.facility("H2")
    with acting(office):
        actions.move_to_corporation(office, house, organization=None, from_on=OCTOBER)
    assert queries.owner_on(house, date(2026, 9, 30)) == midori
    assert queries.owner_on(house, OCTOBER) is None
    with clock.frozen(clock.jst(2026, 10, 1, 1)), arranging():
        assert settle_owners() == 1
    assert facilities.facility(house.uid).organization is None


def test_the_founder_before_the_first_recorded_move_stays_the_owner_of_earlier_days(
    cast: Cast, office: Actor, administrator: Actor, midori: Organization
) -> None:
    house = cast.facility("C2")
    with acting(administrator):
        directory.edit_facility(administrator, house, organization="林 和彦")
    with acting(office):
        actions.move_to_corporation(office, house, organization=midori, from_on=JUNE)
    before, after = queries.owner_on(house, date(2026, 5, 31)), queries.owner_on(house, JUNE)
    assert before is not None
    assert (before.name, after) == ("林 和彦", midori)


@pytest.mark.parametrize(
    ("to", "from_on", "field"),
    [
        ("same", OCTOBER, "organization"),
        ("other", date(2019, 1, 1), "from_on"),
        ("none", date(2019, 4, 1), "from_on"),
    ],
)
def test_a_move_that_changes_nothing_or_lies_before_a_recorded_one_is_refused(
    cast: Cast, office: Actor, midori: Organization, to: str, from_on: date, field: str
) -> None:
    target = {"same": midori, "other": aoba(), "none": None}[to]
    with acting(office), pytest.raises(Invalid) as refused:
        actions.move_to_corporation(office, cast.facility("H1"), organization=target, from_on=from_on)
    assert refused.value.field == field
    assert Ownership.objects.filter(facility=cast.facility("H1")).count() == 1


def test_only_the_office_and_the_system_administrator_move_facilities(
    cast: Cast, midori: Organization
) -> None:
    for name in ("oka", "sato", "aoki"):
        actor = cast.actor(name)
        with acting(actor), pytest.raises(NotAllowed):
            actions.move_to_corporation(actor, cast.facility("H1"), organization=aoba(), from_on=OCTOBER)
    assert queries.owner_on(cast.facility("H1"), OCTOBER) == midori


def test_a_corporations_administrator_edits_its_facilities_and_no_other_corporations(
    cast: Cast, midori: Organization
) -> None:
    oka, other = cast.actor("oka"), facilities.facility(cast.facility("C1").uid)
    with acting(oka):
        own.edit_profile(oka, cast.facility("H2"), values={"message": "同じ法人の病院です"})
        actions.edit_corporation(oka, midori, name="社会医療法人みどり会")
        for write in (
            lambda: own.edit_profile(oka, other, values={"message": "よその法人"}),
            lambda: directory.edit_facility(oka, other, phone="0463-00-9999"),
            lambda: directory.close_facility(oka, other, closed_on=JUNE),
            lambda: actions.edit_corporation(oka, aoba(), name="のっとり会"),
        ):
            with pytest.raises(NotAllowed):
                write()
        sister = facilities.facility(cast.facility("H2").uid)
        with pytest.raises(NotAllowed):
            directory.set_rule(oka, sister, code="referral.accept_hours", value=5, valid_from=JUNE)
    assert Organization.objects.filter(name="医療法人青葉会").exists()
    assert facilities.facility(cast.facility("C1").uid).phone == "0463-00-0001"


def test_after_the_move_the_old_corporations_staff_may_not_edit_any_more(
    cast: Cast, office: Actor, midori: Organization
) -> None:
    oka = cast.actor("oka")
    with acting(office):
        actions.move_to_corporation(office, cast.facility("H2"), organization=aoba(), from_on=JUNE)
    with acting(oka), pytest.raises(NotAllowed):
        own.edit_profile(oka, cast.facility("H2"), values={"message": "もとの法人"})


def test_a_founder_of_the_same_name_is_no_corporation(cast: Cast, administrator: Actor) -> None:
    with acting(administrator):
        for key in ("C1", "C2"):
            directory.edit_facility(administrator, cast.facility(key), organization="個人")
    aoki = cast.actor("aoki")
    with acting(aoki), pytest.raises(NotAllowed):
        own.edit_profile(aoki, cast.facility("C2"), values={"message": "同じ「個人」です"})


def test_the_founder_of_a_recorded_facility_changes_by_a_move_only(
    cast: Cast, administrator: Actor, midori: Organization
) -> None:
    house = facilities.facility(cast.facility("H1").uid)
    with acting(administrator), pytest.raises(Invalid) as refused:
        directory.edit_facility(administrator, house, organization="医療法人べつの会")
    assert refused.value.field == "organization"


def test_owners_of_many_facilities_take_two_questions(
    cast: Cast, midori: Organization, django_assert_num_queries: object
) -> None:
    keys = [facility.pk for facility in cast.facilities.values()]
    with django_assert_num_queries(2):  # type: ignore[operator]
        found = queries.owners_on(keys, JUNE)
    assert found.keys() == {cast.facility(key).pk for key in ("H1", "H2", "C1")}


def test_a_corporations_page_lists_its_facilities_by_kind_as_of_a_day(
    cast: Cast, browser: StaffClient, office: Actor, midori: Organization
) -> None:
    with acting(office):
        actions.move_to_corporation(office, cast.facility("H2"), organization=aoba(), from_on=OCTOBER)
    browser.log_in(cast.actor("sato"))
    url = reverse("directory:corporation", args=[aoba().pk])
    assert "みどり東病院" not in browser.get(url).content.decode()
    then = browser.get(url, {"on": "R8.10.1"}).content.decode()
    assert "みどり東病院" in then
    assert "2026年10月1日時点 2施設" in then
    assert "医療法人みどり会" in browser.get(reverse("directory:corporations")).content.decode()
    assert browser.get(url, {"on": "いつか"}).status_code == 200


def test_pages_of_another_corporation_are_closed_to_a_members_staff(
    cast: Cast, browser: StaffClient, midori: Organization
) -> None:
    def at(name: str, *args: object) -> str:
        return reverse(f"directory:{name}", args=args)

    other: Facility = cast.facility("C1")
    browser.log_in(cast.actor("oka"))
    for url in (at("edit", other.uid), at("profile", other.uid), at("edit_corporation", aoba().pk)):
        assert browser.get(url).status_code == 403
        assert browser.post(url, {"name": "のっとり", "message": "x"}).status_code == 403
    assert browser.get(at("owner", other.uid)).status_code == 403
    assert browser.get(at("profile", cast.facility("H2").uid)).status_code == 200
    assert browser.get(at("edit_corporation", midori.pk)).status_code == 200


def test_the_office_moves_a_facility_on_its_page(
    cast: Cast, browser: StaffClient, office: Actor, midori: Organization
) -> None:
    url = reverse("directory:owner", args=[cast.facility("H2").uid])
    browser.log_in(office)
    assert "2019年4月1日から" in browser.get(url).content.decode()
    form = {"organization": str(aoba().pk), "from_on": "2018-01-01"}
    assert browser.post(url, form).status_code == 422
    assert browser.post(url, form | {"from_on": "2026-10-01"}).status_code == 302
    assert queries.owner_on(cast.facility("H2"), OCTOBER) == aoba()
