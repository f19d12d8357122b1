"""The first page of each role, the frame around every page, and the sign of life."""

from __future__ import annotations

from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from renkei.accounts.models import Membership, Person
from renkei.gate.context import acting
from renkei.portal import navigation
from renkei.referrals import actions, queries
from renkei.referrals.tests.test_the_loop import LETTER
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.mark.django_db
def test_the_sign_of_life_needs_no_log_in(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_the_sign_of_life_is_503_while_the_database_is_away(client: Client) -> None:
    with mock.patch("renkei.portal.views.home.connection.cursor", side_effect=OperationalError("gone")):
        response = client.get("/healthz")
    assert response.status_code == 503
    assert b"gone" not in response.content


@pytest.mark.django_db
def test_a_visitor_is_sent_to_the_log_in_page(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("login_id", "url"),
    [
        ("sato", "/referrals/desk/"),
        ("takahashi", "/referrals/desk/"),
        ("oka", "/accounts/members/"),
        ("aoki", "/referrals/clinic/"),
        ("kimura", "/referrals/clinic/"),
        ("x1_system_administrator", "/operations/"),
        ("x1_auditor", "/operations/trail/"),
        ("x1_pharmacist", "/referrals/clinic/"),
        ("x1_liaison_staff", "/referrals/desk/"),
        ("x1_public_officer", "/notices/"),
    ],
)
def test_the_day_begins_where_the_role_works(
    cast: Cast, browser: StaffClient, login_id: str, url: str
) -> None:
    response = browser.log_in(cast.actor(login_id)).get("/")
    assert response.status_code == 302
    assert response["Location"] == url


def test_the_first_page_of_every_role_opens(cast: Cast, browser: StaffClient) -> None:
    for actor in cast.outsiders():
        response = browser.log_in(actor).get("/", follow=True)
        assert response.status_code == 200, (actor.label, response.redirect_chain)


def _without_membership() -> Person:
    with arranging():
        return Person.objects.create(login_id="nobody", name="無所属 太郎")


def test_a_person_without_a_facility_is_told_what_to_do(cast: Cast, client: Client) -> None:
    with arranging():
        client.force_login(_without_membership(), "renkei.accounts.backends.PersonBackend")
    response = client.get("/")
    assert response.status_code == 200
    assert "所属している施設がありません" in response.content.decode()
    assert "/accounts/invitation/" in response.content.decode()


def test_every_line_of_every_menu_opens(cast: Cast, browser: StaffClient) -> None:
    for actor in cast.outsiders():
        browser.log_in(actor)
        frame = browser.get("/notices/").context["frame"]
        for item in (item for group in frame.nav for item in group.items):
            assert browser.get(item.url).status_code == 200, (actor.label, item)


def _labels(browser: StaffClient, url: str = "/notices/") -> list[str]:
    return [item.label for group in browser.get(url).context["frame"].nav for item in group.items]


def test_a_hospital_sees_its_desk_first_and_a_clinic_the_patients_it_sent(
    cast: Cast, browser: StaffClient
) -> None:
    assert _labels(browser.log_in(cast.actor("sato")))[:2] == ["受付デスク", "紹介した患者"]
    assert _labels(browser.log_in(cast.actor("aoki")))[:3] == ["紹介した患者", "確定・送信待ち", "受付デスク"]


def test_only_those_who_may_see_the_management_lines(cast: Cast, browser: StaffClient) -> None:
    assert not {"監査", "失敗した処理", "利用者"} & set(_labels(browser.log_in(cast.actor("kimura"))))
    assert {"監査", "利用者", "施設設定"} <= set(_labels(browser.log_in(cast.actor("oka"))))
    assert "失敗した処理" not in _labels(browser)


def _count(browser: StaffClient, label: str) -> int | None:
    frame = browser.get("/notices/").context["frame"]
    return next(i.count for group in frame.nav for i in group.items if i.label == label)


def test_the_menu_counts_what_waits_to_be_signed_or_sent_as_the_page_lists_it(
    cast: Cast, browser: StaffClient
) -> None:
    clerk, doctor = cast.actor("kimura"), cast.actor("aoki")
    assert _count(browser.log_in(doctor), "確定・送信待ち") is None
    begun = []
    for key in ("suzuki", "yamada", "yoshida"):
        with acting(clerk):
            made = actions.draft(clerk, cast.patient(key))
            actions.write(clerk, made, content=LETTER, receiver=cast.facility("H1"))
            begun.append(made.uid)
    with acting(clerk):
        actions.ask_finalise(clerk, queries.one(clerk, begun[0]))
    with acting(doctor):
        actions.finalise(doctor, queries.one(doctor, begun[1]))
    for who in ("aoki", "kimura"):
        page = browser.log_in(cast.actor(who)).get("/referrals/replies/drafts/").context
        listed = len(page["to_sign"]) + len(page["to_send"]) + len(page["replies"])
        assert _count(browser, "確定・送信待ち") == listed == 2


def test_reviews_of_emergency_access_stand_in_the_menu_of_those_who_may(
    cast: Cast, browser: StaffClient
) -> None:
    for who, stands in (("x1_auditor", True), ("x1_facility_administrator", True), ("x1_clerk", False)):
        assert ("緊急参照の確認" in _labels(browser.log_in(cast.actor(who)))) is stands


@pytest.mark.parametrize(
    ("where", "label"),
    [
        ("/referrals/clinic/", "紹介した患者"),
        ("/referrals/clinic/?tab=drafts", "紹介した患者"),
        ("/referrals/replies/drafts/", "確定・送信待ち"),
        ("/referrals/replies/drafts/?page=2", "確定・送信待ち"),
        ("/referrals/clinic/?tab=done", "紹介した患者"),
        ("/notices/", ""),
        ("/notices/outbox/", "送信箱"),
    ],
)
def test_the_line_of_the_open_page_is_marked(where: str, label: str) -> None:
    lines = [
        navigation.Entry("紹介した患者", "referrals:clinic"),
        navigation.Entry("確定・送信待ち", "referrals:waiting"),
        navigation.Entry("送信箱", "notices:outbox"),
    ]
    groups = navigation.marked([("", lines)], where)
    assert [i.label for g in groups for i in g.items if i.current] == ([label] if label else [])


def test_a_person_of_two_facilities_is_offered_both(cast: Cast, browser: StaffClient) -> None:
    actor = cast.actor("hayashi")
    with arranging():
        Membership.objects.create(
            person_id=actor.person_id, facility=cast.facility("H2"), roles=["physician"]
        )
    frame = browser.log_in(actor).get("/notices/").context["frame"]
    assert {c.label: c.current for c in frame.facilities} == {"林医院": True, "みどり東病院": False}


def test_the_numbers_of_the_menu_cost_one_statement(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    browser.get("/nav/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert browser.get("/nav/?at=/notices/").status_code == 200
    own = [q["sql"] for q in asked if "referrals_referral" in q["sql"] or "notices_notice" in q["sql"]]
    assert len(own) == 1  # clinic, desk, waiting letters, waiting replies, notices


def test_the_menu_that_refreshes_itself_is_304_while_nothing_changed(
    cast: Cast, browser: StaffClient
) -> None:
    browser.log_in(cast.actor("sato"))
    first = browser.get("/nav/?at=/notices/", headers={"X-Renkei-Poll": "1"})
    again = browser.get("/nav/?at=/notices/", headers={"X-Renkei-Poll": "1", "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert "受付デスク" in first.content.decode()


@pytest.mark.django_db
def test_a_menu_left_open_after_the_log_in_ended_is_asked_to_log_in(client: Client) -> None:
    assert client.get("/nav/", headers={"X-Renkei-Poll": "1"}).status_code == 401
