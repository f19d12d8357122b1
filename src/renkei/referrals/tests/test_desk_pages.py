"""The pages of the desk and the clinic, as browsers get them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.accounts.models import Membership
from renkei.audit.models import AuditEntry
from renkei.kernel import clock
from renkei.referrals.models import Referral
from renkei.referrals.tests.test_the_loop import MONDAY, Region, monday, region
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

__all__ = ["monday", "region"]


@pytest.fixture
def desk(browser: StaffClient, cast: Cast) -> StaffClient:
    return browser.log_in(cast.actor("sato"))


def readings() -> int:
    """Read entries of the trail about the desk."""
    with arranging():
        return AuditEntry.objects.filter(outcome="read", says="受付デスクを閲覧").count()


def url(name: str, referral: Referral, *rest: str) -> str:
    return reverse(f"referrals:{name}", args=[referral.uid, *rest])


def test_the_desk_shows_a_new_letter_and_its_count(desk: StaffClient, region: Region) -> None:
    region.sent()
    body = desk.get(reverse("referrals:desk")).content.decode()
    assert "鈴木 一郎" in body
    assert "新着・受付待ち" in body


def test_an_unchanged_desk_answers_304_and_a_poll_writes_no_read_entry(
    desk: StaffClient, region: Region
) -> None:
    region.sent()
    live = reverse("referrals:desk_live")
    first = desk.get(live, headers={"X-Renkei-Poll": "1"})
    again = desk.get(live, headers={"X-Renkei-Poll": "1", "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert readings() == 0
    desk.get(reverse("referrals:desk"))
    assert readings() == 1


def test_the_desk_takes_the_same_queries_for_one_letter_and_for_twenty(
    desk: StaffClient, region: Region
) -> None:
    region.sent()
    desk.get(reverse("referrals:desk"))
    with CaptureQueriesContext(connection) as few:
        desk.get(reverse("referrals:desk"))
    for _ in range(19):
        region.sent()
    with CaptureQueriesContext(connection) as many:
        desk.get(reverse("referrals:desk"))
    assert len(few) == len(many)
    assert len(many) <= 23  # three of them count papers and guests in the menu


def test_one_press_receives_and_the_panel_comes_back(desk: StaffClient, region: Region) -> None:
    referral = region.sent()
    version = region.see(region.cast.actor("sato"), referral).version
    answer = desk.post(url("make", referral, "receive"), {"version": version}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "受付済" in answer.content.decode()


def test_a_stale_press_is_told_what_happened(desk: StaffClient, region: Region) -> None:
    referral = region.sent()
    region.do("sato", "accept", referral)
    answer = desk.post(url("make", referral, "receive"), {"version": referral.version})
    assert answer.status_code == 409
    assert "更新" in answer.content.decode()


def test_a_refused_date_comes_back_with_what_was_typed(desk: StaffClient, region: Region) -> None:
    referral = region.sent()
    answer = desk.post(
        url("make", referral, "offer_date"),
        {"starts_at_date": "2026-05-01", "starts_at_time": "10:00", "place": "2階 内科受付"},
    )
    assert answer.status_code == 422
    assert "過ぎた日時" in answer.content.decode()
    assert "2階 内科受付" in answer.content.decode()


def test_a_form_of_another_facility_is_refused_and_nothing_changes(desk: StaffClient, region: Region) -> None:
    referral = region.sent()
    answer = desk.post(url("make", referral, "receive"), {"_facility": "999999"})
    assert answer.status_code == 409
    assert region.state("sato", referral) == "sent"


def test_a_stranger_gets_404_for_every_page_of_the_referral(
    browser: StaffClient, region: Region, cast: Cast
) -> None:
    referral = region.sent()
    stranger = browser.log_in(cast.actor("east_clerk"))
    for name in ("show", "panel"):
        answer = stranger.get(url(name, referral))
        assert answer.status_code == 404
        assert "鈴木" not in answer.content.decode()


def test_the_clinic_sees_where_each_patient_stands(browser: StaffClient, region: Region, cast: Cast) -> None:
    referral = region.sent()
    region.do("sato", "offer_date", referral, starts_at=MONDAY + timedelta(days=4))
    clinic = browser.log_in(cast.actor("kimura"))
    body = clinic.get(reverse("referrals:clinic") + "?tab=answer").content.decode()
    assert "鈴木 一郎" in body
    assert "日程提案中" in body
    assert clock.now() == MONDAY


def test_a_draft_opens_where_it_is_written_and_a_sent_letter_where_it_is_read(
    browser: StaffClient, region: Region, cast: Cast
) -> None:
    draft, sent = region.draft(), region.sent()
    clinic = browser.log_in(cast.actor("kimura"))
    drafts = clinic.get(reverse("referrals:clinic"), {"tab": "drafts"}).content.decode()
    assert f'href="{url("edit", draft)}"' in drafts
    assert f'href="{url("show", draft)}"' not in drafts
    running = clinic.get(reverse("referrals:clinic")).content.decode()
    assert f'href="{url("show", sent)}"' in running


def test_a_colleague_who_does_not_write_letters_opens_a_draft_to_read_it(
    browser: StaffClient, region: Region, cast: Cast
) -> None:
    draft = region.draft()
    with arranging():
        Membership._base_manager.filter(person_id=cast.actor("kimura").person_id).update(roles=["pharmacist"])
    drafts = browser.log_in(cast.actor("kimura")).get(reverse("referrals:clinic"), {"tab": "drafts"})
    assert f'href="{url("show", draft)}"' in drafts.content.decode()
