"""A smaller 区域, a clinic that moved: who does not fit any more is shown to the office, which decides; nobody is out by itself."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.directory.actions import edit_facility
from renkei.directory.models import Area, Facility
from renkei.enrolments import actions, queries
from renkei.enrolments.conditions.lapsed import lapsed
from renkei.enrolments.models import Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY
from renkei.enrolments.tests.test_corporations import alliance, asks
from renkei.enrolments.tests.test_membership import join
from renkei.events.bus import deliver_pending
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

__all__ = ["alliance"]
pytestmark = pytest.mark.django_db
JULY = clock.jst(2026, 7, 1, 9)
ALLOWED = {"why": "以前からの連携のため", "allowed_by": "院長 緑川 誠"}


def moved_away(region: Cast) -> None:
    """林医院 moves into another secondary area."""
    with arranging():
        town = Area.objects.get(code="14090")
        edit_facility(current(), region.facility("C2"), area=town, address="神奈川県みさき町1-1")
        deliver_pending()


def told(region: Cast) -> list[str]:
    with acting(region.actor("sato")) as office:
        return [n.text for n in Notice.objects.visible_to(office).filter(kind="enrolment_lapsed")]


def test_a_clinic_that_moved_out_of_the_area_stays_and_is_listed_with_the_reason(
    region: Cast, scheme: Scheme
) -> None:
    member, office = join(region, scheme), region.actor("sato")
    assert lapsed(office, scheme) == []
    with clock.frozen(JULY):
        moved_away(region)
        (found,) = lapsed(office, scheme)
    assert found.enrolment.pk == member.pk
    assert [f.says for f in found.found] == ["同じ二次医療圏の医療機関に勤務する医師"]
    assert queries.enrolment(office, member.uid).ended_on is None
    (text,) = told(region)
    assert "林医院の登録が条件に合わなくなりました(同じ二次医療圏" in text


def test_the_office_is_told_once_and_not_with_every_change(region: Cast, scheme: Scheme) -> None:
    join(region, scheme)
    with clock.frozen(JULY):
        moved_away(region)
        with arranging():
            edit_facility(current(), Facility.objects.get(pk=region.facility("C2").pk), phone="0463-00-9999")
            deliver_pending()
    assert len(told(region)) == 1


def test_an_exception_is_recorded_with_who_and_why_or_not_at_all(region: Cast, scheme: Scheme) -> None:
    member, office = join(region, scheme), region.actor("sato")
    with clock.frozen(JULY), acting(office):
        with pytest.raises(NotPossibleNow, match="例外として認める条件はありません"):
            actions.allow_exception(office, member, **ALLOWED)
        moved_away(region)
        for gap in ("why", "allowed_by"):
            with pytest.raises(Invalid) as refused:
                actions.allow_exception(
                    office, queries.enrolment(office, member.uid), **(ALLOWED | {gap: " "})
                )
            assert refused.value.field == gap
        assert not queries.exceptions(office, scheme)
        kept = actions.allow_exception(office, queries.enrolment(office, member.uid), **ALLOWED)
        assert lapsed(office, scheme) == []
        assert [row.pk for row in queries.exceptions(office, scheme)] == [member.pk]
    assert kept.exceptions[0] | {"on": ""} == {
        "rule": "area",
        "says": "同じ二次医療圏の医療機関に勤務する医師",
        "on": "",
        **ALLOWED,
    }


def test_only_the_office_of_the_scheme_allows_an_exception(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(JULY):
        moved_away(region)
        with acting(region.actor("hayashi")) as clinic, pytest.raises(NotAllowed):
            actions.allow_exception(clinic, queries.enrolment(clinic, member.uid), **ALLOWED)
    with acting(region.actor("sato")) as office:
        assert queries.enrolment(office, member.uid).exceptions == []


def test_a_smaller_area_lists_the_member_without_exception_since_the_condition_knows_none(
    region: Cast, alliance: Scheme, browser: StaffClient
) -> None:
    office = region.actor("x1_alliance_office")
    member = actions.approve(office, asks(region, alliance, "C1", "医療法人青葉会"))
    browser.log_in(office)
    form = {
        "name": alliance.name,
        "takes_applications": "on",
        "areas": ["14090"],
        "version": alliance.version,
    }
    answer = browser.post(f"/enrolments/schemes/{alliance.uid}/settings/", form)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "1件の登録が条件に合わなくなっています" in page
    page = browser.get(f"/enrolments/schemes/{alliance.uid}/exceptions/").content.decode()
    assert "青木内科" in page
    assert "例外にはできません" in page
    with pytest.raises(NotPossibleNow):
        actions.allow_exception(office, queries.enrolment(office, member.uid), **ALLOWED)
    assert queries.enrolment(office, member.uid).ended_on is None


def test_the_exception_is_recorded_on_the_page(region: Cast, scheme: Scheme, browser: StaffClient) -> None:
    member = join(region, scheme)
    with clock.frozen(JULY):
        moved_away(region)
        browser.log_in(region.actor("sato"))
        url, list_url = (
            f"/enrolments/members/{member.uid}/exception/",
            f"/enrolments/schemes/{scheme.uid}/exceptions/",
        )
        assert "原則の例外として記録する" in browser.get(list_url).content.decode()
        key = f"e{member.pk}"
        refused = browser.post(url, {f"{key}-why": "連携のため", "version": member.version})
        assert refused.status_code == 422
        assert "連携のため" in refused.content.decode()
        sent = {f"{key}-why": "連携のため", f"{key}-allowed_by": "院長", "version": member.version}
        assert browser.post(url, sent).status_code == 302
        assert "原則の例外として記録する" not in browser.get(list_url).content.decode()


def test_a_membership_that_is_over_is_not_listed(region: Cast, scheme: Scheme) -> None:
    member = join(region, scheme)
    with clock.frozen(FIRST_DAY):
        actions.withdraw(region.actor("hayashi"), member, last_on=date(2026, 6, 20))
    with clock.frozen(JULY):
        moved_away(region)
        assert lapsed(region.actor("sato"), scheme) == []
