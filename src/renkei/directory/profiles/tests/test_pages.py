"""The facility's page: own data visible at once, staleness in words, notes for one's own house alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.urls import reverse

from renkei.directory.actions import set_functions
from renkei.directory.models import Facility
from renkei.directory.profiles import actions as own
from renkei.directory.profiles import queries as shown
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.fixtures import StaffClient


@pytest.fixture(autouse=True)
def first_of_june() -> Iterator[None]:
    with clock.frozen(clock.jst(2026, 6, 1, 9)):
        yield


def test_the_form_does_not_ask_for_what_the_report_says(cast: Cast, browser: StaffClient) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    browser.log_in(aoki)
    assert 'name="functions"' in browser.get(url("profile", clinic)).content.decode()
    with acting(aoki):
        set_functions(aoki, clinic, functions=["home_care"], year=2026)
    page = browser.get(url("profile", clinic)).content.decode()
    assert 'name="functions"' not in page
    assert "2026年の報告の内容です" in page
    posted = {"message": "駅前です", "listed": "on", "functions": "after_hours"}
    assert browser.post(url("profile", clinic), posted).status_code == 302
    row = shown.profile(clinic)
    assert (row.message, row.functions) == ("駅前です", ["home_care"])
    assert "(2026年の報告)" in page_of(browser, clinic)


def url(name: str, facility: Facility, *more: object) -> str:
    return reverse(f"directory:{name}", args=[facility.uid, *more])


def page_of(browser: StaffClient, facility: Facility) -> str:
    return browser.get(url("facility", facility)).content.decode()


def test_a_closing_day_is_on_the_page_for_everybody_at_once(cast: Cast, browser: StaffClient) -> None:
    clinic = cast.facility("C1")
    browser.log_in(cast.actor("aoki"))
    form = {"from_on": "R8.6.1", "until_on": "2026-06-03", "note": "院長不在"}
    assert browser.post(url("closing_days", clinic), form).status_code == 302
    browser.log_in(cast.actor("sato"))
    page = page_of(browser, clinic)
    assert "本日は休診しています(6月3日まで)。院長不在" in page
    assert url("closing_days", clinic) not in page
    assert browser.get(url("closing_days", clinic)).status_code == 403
    day = shown.closing_days(clinic)[0]
    assert browser.post(url("remove_closing_day", clinic, day.pk)).status_code == 403
    browser.log_in(cast.actor("aoki"))
    assert "6月1日(月)〜6月3日(水)" in browser.get(url("closing_days", clinic)).content.decode()
    assert browser.post(url("remove_closing_day", clinic, day.pk)).status_code == 302
    assert "本日は休診" not in page_of(browser, clinic)


def test_a_wrong_closing_day_keeps_what_was_typed(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("aoki"))
    form = {"from_on": "2026-06-09", "until_on": "2026-06-03", "note": "院長不在"}
    answer = browser.post(url("closing_days", cast.facility("C1")), form)
    assert answer.status_code == 422
    assert "おわりの日がはじめの日より前です" in answer.content.decode()
    assert 'value="院長不在"' in answer.content.decode()


def test_the_profile_is_edited_on_its_form_and_read_on_the_page(cast: Cast, browser: StaffClient) -> None:
    clinic = cast.facility("C1")
    browser.log_in(cast.actor("aoki"))
    form = {
        "message": "駅から3分",
        "website": "https://aoki.example.jp/",
        "flags": ["house_calls", "accepts_new"],
        "functions": ["home_care"],
        "languages": ["zh"],
        "version": "0",
    }
    assert browser.post(url("profile", clinic), form).status_code == 302
    page = page_of(browser, clinic)
    for words in ("駅から3分", "往診", "ハ 在宅医療", "日本語、中国語", "公開の検索には載せていません"):
        assert words in page
    assert browser.post(url("profile", clinic), form).status_code == 409
    wrong = browser.post(url("profile", clinic), form | {"website": "aoki", "version": "1"})
    assert wrong.status_code == 422
    assert "https:// から始まる" in wrong.content.decode()


def test_staleness_is_shown_to_all_and_confirmed_by_the_facility(cast: Cast, browser: StaffClient) -> None:
    clinic, aoki = cast.facility("C1"), cast.actor("aoki")
    with clock.frozen(clock.jst(2025, 4, 1, 9)), acting(aoki):
        own.confirm_profile(aoki, clinic)
    browser.log_in(cast.actor("sato"))
    assert "最終確認 2025年4月1日(1年以上前)" in page_of(browser, clinic)
    assert browser.post(url("confirm", clinic)).status_code == 403
    browser.log_in(aoki)
    assert browser.post(url("confirm", clinic)).status_code == 302
    assert shown.profile(clinic).confirmed_on == date(2026, 6, 1)
    assert "最終確認 2026年6月1日<" in page_of(browser, clinic)


def test_a_note_is_on_the_page_of_the_house_that_wrote_it_alone(cast: Cast, browser: StaffClient) -> None:
    hospital = cast.facility("H1")
    browser.log_in(cast.actor("kimura"))
    assert browser.post(url("notes", hospital), {"text": "水曜はつながりにくい"}).status_code == 302
    assert "水曜はつながりにくい" in page_of(browser, hospital)
    with acting(cast.actor("kimura")) as kimura:
        note = shown.notes(kimura, hospital)[0]
    for other in ("sato", "hayashi", "x1_physician", "x2_system_administrator"):
        browser.log_in(cast.actor(other))
        assert "水曜はつながりにくい" not in page_of(browser, hospital)
        assert browser.post(url("remove_note", hospital, note.uid)).status_code in (403, 404)
    browser.log_in(cast.actor("aoki"))
    assert browser.post(url("remove_note", hospital, note.uid)).status_code == 302
    assert "水曜はつながりにくい" not in page_of(browser, hospital)


def test_the_number_is_changed_by_the_system_administrator_alone(
    cast: Cast, browser: StaffClient, administrator: Actor
) -> None:
    clinic = cast.facility("C1")
    form = {"number": "1410000995", "from_on": "2026-05-01"}
    browser.log_in(cast.actor("aoki"))
    assert browser.post(url("number", clinic), form).status_code == 403
    browser.log_in(administrator)
    assert browser.post(url("number", clinic), form | {"number": "1410000045"}).status_code == 422
    assert browser.post(url("number", clinic), form).status_code == 302
    assert clinic.name in browser.get("/directory/", {"q": "1410000037"}).content.decode()
