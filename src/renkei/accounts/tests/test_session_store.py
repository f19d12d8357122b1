"""Sessions are read with every request: what ended elsewhere ends here with the next one."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session

from renkei.accounts.models import Person
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

PAGE = "/notices/"


def status(browser: StaffClient) -> int:
    return browser.get(PAGE).status_code


def test_a_session_past_its_time_opens_nothing(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    assert status(browser) == 200
    Session.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert status(browser) == 302


def test_a_session_that_was_ended_elsewhere_opens_nothing(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    assert status(browser) == 200
    Session.objects.all().delete()
    assert status(browser) == 302


def test_a_key_that_nobody_gave_out_opens_nothing(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    assert status(browser) == 302


def test_people_side_by_side_stay_themselves(cast: Cast) -> None:
    both = {who: StaffClient().log_in(cast.actor(who)) for who in ("sato", "aoki")}
    for _turn in range(2):
        for who, browser in both.items():
            assert browser.get(PAGE).context["frame"].person_label == cast.actor(who).label


def test_a_person_who_is_switched_off_is_nobody_at_the_next_request(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    assert status(browser) == 200
    with arranging():
        Person.objects.filter(pk=cast.actor("sato").person_id).update(is_active=False)
    assert status(browser) == 302


def test_a_changed_password_ends_the_sessions_of_the_old_one(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    assert status(browser) == 200
    with arranging():
        person = Person.objects.get(pk=cast.actor("sato").person_id)
        person.set_password("another-one-2026-aaaa")
        person.save()
    assert status(browser) == 302
