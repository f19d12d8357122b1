"""A corporation joins an alliance once, in its own name, with every facility inside the 区域 (S12)."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.directory.corporations.actions import add_corporation, move_to_corporation
from renkei.directory.models import Organization, Ownership, Post
from renkei.enrolments import actions, importing, queries
from renkei.enrolments.models import Application, Enrolment, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY
from renkei.enrolments.types import ApplicationDraft, Channel
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db
SAID = (("votes", "1"), ("approved_on", "2026-06-01"))


@pytest.fixture
def alliance(region: Cast) -> object:
    """The office runs the alliance over the towns of H1, C1 and C2; 青葉会 runs C1, みどり会 H1 and C2."""
    office = region.actor("x1_alliance_office")
    with clock.frozen(FIRST_DAY), acting(office):
        aoba = add_corporation(office, name="医療法人青葉会")
        midori = add_corporation(office, name="医療法人みどり会")
        for key, runs in (("C1", aoba), ("H1", midori), ("C2", midori)):
            move_to_corporation(office, region.facility(key), organization=runs, from_on=date(2020, 4, 1))
        scheme = actions.start_scheme(office, key="alliance_member", from_on=date(2026, 4, 1))
        scheme = actions.edit_scheme(
            office,
            scheme,
            name=scheme.name,
            greeting="",
            contact="",
            takes_applications=True,
            areas=[region.facility("H1").area.code],
        )
        yield scheme


def named(name: str) -> Organization:
    return Organization.objects.get(name=name)


def asks(region: Cast, scheme: Scheme, key: str, name: str) -> Application:
    """Entered by the office from paper."""
    said = ApplicationDraft(region.facility(key).pk, organization_id=named(name).pk, answers=SAID)
    return actions.apply(region.actor("x1_alliance_office"), scheme=scheme, draft=said, channel=Channel.PAPER)


def test_a_clinic_speaks_for_its_own_corporation_and_for_no_other(
    region: Cast, alliance: Scheme, browser: StaffClient
) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        other = ApplicationDraft(
            region.facility("C1").pk, organization_id=named("医療法人みどり会").pk, answers=SAID
        )
        with pytest.raises(NotAllowed, match="自分の施設を運営する法人"):
            actions.apply(aoki, scheme=alliance, draft=other)
    browser.log_in(aoki)
    page = browser.get(f"/enrolments/apply/{alliance.uid}/").content.decode()
    assert "医療法人青葉会" in page
    assert "医療法人みどり会" not in page
    forged = {"organization": str(other.organization_id), "answer_votes": "1", "answer_approved_on": "R8.6.1"}
    assert browser.post(f"/enrolments/apply/{alliance.uid}/", forged).status_code == 422
    assert not Application.objects.visible_to(region.actor("x1_alliance_office")).exists()


def test_a_corporation_is_a_member_once_through_whichever_facility(region: Cast, alliance: Scheme) -> None:
    office = region.actor("x1_alliance_office")
    row, second = (asks(region, alliance, key, "医療法人みどり会") for key in ("H1", "C2"))
    actions.approve(office, row)
    with pytest.raises(NotPossibleNow, match="すでに登録"):
        actions.approve(office, second)
    with pytest.raises(NotPossibleNow, match="すでに登録"):
        asks(region, alliance, "C2", "医療法人みどり会")
    assert Enrolment.objects.visible_to(office).filter(scheme=alliance).count() == 1


def test_a_corporation_with_a_facility_outside_the_area_does_not_join(region: Cast, alliance: Scheme) -> None:
    office = region.actor("x1_alliance_office")
    move_to_corporation(
        office, region.facility("X1"), organization=named("医療法人青葉会"), from_on=date(2026, 1, 1)
    )
    row = asks(region, alliance, "C1", "医療法人青葉会")
    with pytest.raises(Invalid, match=region.facility("X1").name):
        actions.approve(office, row)
    wide = [region.facility("H1").area.code, region.facility("X1").area.code]
    now = queries.scheme(alliance.uid)
    actions.edit_scheme(
        office, now, name=now.name, greeting="", contact="", takes_applications=True, areas=wide
    )
    assert actions.approve(office, queries.application(office, row.uid)).organization_id


def test_a_member_takes_in_no_facility_outside_the_area(region: Cast, alliance: Scheme) -> None:
    office = region.actor("x1_alliance_office")
    midori, house = named("医療法人みどり会"), region.facility("X1")
    actions.approve(office, asks(region, alliance, "H1", "医療法人みどり会"))
    with pytest.raises(Invalid, match="区域"):
        move_to_corporation(office, house, organization=midori, from_on=date(2026, 7, 1))
    assert not Ownership.objects.filter(facility=house).exists()
    move_to_corporation(office, house, organization=named("医療法人青葉会"), from_on=date(2026, 7, 1))
    assert Ownership.objects.get(facility=house).from_on == date(2026, 7, 1)


def test_members_join_by_a_list_and_dates_are_read_as_people_write_them(
    region: Cast, alliance: Scheme, browser: StaffClient
) -> None:
    office = region.actor("x1_alliance_office")
    text = (
        "医療機関名,法人,議決権,社員総会の承認日\n"
        "青木内科,医療法人青葉会,1,R8.6.1\n林医院,医療法人みどり会,1,六月一日\n林医院,医療法人なし,1,2026-06-01\n"
    )
    report = importing.take(office, alliance, "a.csv", text.encode(), dry=False)
    assert [line.good for line in report.rows] == [True, False, False]
    assert "社員総会の承認日" in report.rows[1].says
    assert "医療法人なし" in report.rows[2].says
    row = Application.objects.visible_to(office).get()
    assert (row.organization.name, row.answers["approved_on"]) == ("医療法人青葉会", "2026-06-01")
    browser.log_in(office)
    assert "令和8年6月1日" in browser.get(f"/enrolments/applications/{row.uid}/").content.decode()


def test_a_member_leaves_with_a_date_told_by_the_representative(region: Cast, alliance: Scheme) -> None:
    office = region.actor("x1_alliance_office")
    with arranging():
        Post.objects.create(
            facility=region.facility("H1"), title="理事長", holder="緑川 誠", representative=True
        )
    member = actions.approve(office, asks(region, alliance, "H1", "医療法人みどり会"))
    actions.withdraw_on_paper(office, member, last_on=date(2026, 9, 30), signed_by="緑川 誠")
    on = {day: len(queries.listed_on(alliance, day)) for day in (date(2026, 9, 30), date(2026, 10, 1))}
    assert on == {date(2026, 9, 30): 1, date(2026, 10, 1): 0}
