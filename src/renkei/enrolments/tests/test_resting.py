"""休止: a membership rests with its institution; nothing ends, and no new application is needed to come back."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from renkei.directory.profiles.suspending import resume, suspend
from renkei.enrolments import actions, jobs, queries, turning
from renkei.enrolments.models import Enrolment, Scheme
from renkei.enrolments.tests.conftest import FIRST_DAY, draft
from renkei.events.bus import deliver_pending
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(region: Cast, scheme: Scheme) -> Enrolment:
    """青木 of C1, a member since 2026-06-01 to 2027-03-31; C1 rests from 2026-07-01 on."""
    with clock.frozen(FIRST_DAY):
        row = actions.apply(
            region.actor("aoki"), scheme=scheme, draft=draft(region.facility("C1"), "青木 正道")
        )
        found = actions.approve(region.actor("sato"), row)
    with clock.frozen(clock.jst(2026, 6, 20)):
        aoki = region.actor("aoki")
        with acting(aoki):
            suspend(aoki, region.facility("C1"), from_on=date(2026, 7, 1))
    return found


def test_the_term_goes_on_through_a_suspension_and_the_preview_marks_it(
    region: Cast, scheme: Scheme, member: Enrolment
) -> None:
    office = region.actor("sato")
    with clock.frozen(clock.jst(2027, 3, 1)):
        (preview,) = turning.renewal_preview(office, scheme, date(2027, 3, 31))
        assert (preview.goes_on, preview.suspended) == (True, True)
    with clock.frozen(clock.jst(2027, 4, 1)), arranging():
        jobs.turn_terms(timestamp=0)
    now = queries.enrolment(office, member.uid)
    assert now.ended_on is None
    assert [t.until_on for t in queries.terms(office, now)] == [date(2027, 3, 31), date(2028, 3, 31)]
    assert queries.good_certificate(now, date(2027, 5, 1)) is not None


def test_coming_back_needs_no_new_application(region: Cast, scheme: Scheme, member: Enrolment) -> None:
    clinic, aoki = region.facility("C1"), region.actor("aoki")
    with clock.frozen(clock.jst(2026, 8, 1)), acting(aoki):
        resume(aoki, clinic)
    with clock.frozen(clock.jst(2027, 3, 1)):
        (preview,) = turning.renewal_preview(region.actor("sato"), scheme, date(2027, 3, 31))
    assert (preview.goes_on, preview.suspended) == (True, False)
    assert clinic.pk in queries.marks_on([clinic.pk], date(2026, 8, 1))


def test_the_office_is_told_that_a_member_rests_and_comes_back(
    region: Cast, scheme: Scheme, member: Enrolment
) -> None:
    aoki = region.actor("aoki")
    with clock.frozen(clock.jst(2026, 6, 21)), acting(aoki):
        resume(aoki, region.facility("C1"), back_on=date(2026, 9, 1))
    with clock.frozen(clock.jst(2026, 6, 21)), arranging():
        deliver_pending()
        rows = (
            Notice.objects.visible_to(current())
            .filter(kind="facility_rested", facility_id=region.facility("H1").pk)
            .order_by("id")
        )
        told = [row.text for row in rows]
    assert any("2026年7月1日から休止(再開未定)" in text for text in told), told
    assert any("2026年7月1日から休止(2026年9月1日に再開予定)" in text for text in told), told


def test_lists_of_the_office_and_of_everybody_mark_who_rests(
    region: Cast, scheme: Scheme, member: Enrolment, browser: StaffClient, client: Client
) -> None:
    with clock.frozen(clock.jst(2026, 7, 2, 9)):
        browser.log_in(region.actor("sato"))
        for name in ("members", "renewals"):
            page = browser.get(reverse(f"enrolments:{name}", args=[scheme.uid])).content.decode()
            assert "休止中" in page, name
        assert "休止中" in browser.get(reverse("enrolments:member", args=[member.uid])).content.decode()
        public = client.get(reverse("enrolments:public_list", args=[scheme.uid])).content.decode()
        assert "青木 正道" in public
        assert "休止中" in public
