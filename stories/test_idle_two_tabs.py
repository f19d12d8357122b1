"""Time runs out over a half-written letter: nothing typed is lost, and nothing is saved in somebody else's name."""

from __future__ import annotations

import os
import re

import psycopg
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.journeys import fill_letter, start_letter
from stories.steps import PASSWORD, Desk, given, then, when

COURSE = "textarea[name=course]"
STATE = "[data-save-state]"
DIALOG = "#login-again"
SILENCE = 31 * 60


def nobody_touched_it_for_half_an_hour(site: Site) -> None:
    """Every session of the site was last used 31 minutes earlier than it was; the machine's clock stays."""
    store = SessionStore()
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname=site.database) as owner:
        rows = owner.execute("SELECT session_key, session_data FROM django_session").fetchall()
        for key, data in rows:
            kept = store.decode(data)
            kept["seen_at"] = float(kept.get("seen_at", 0)) - SILENCE
            owner.execute(
                "UPDATE django_session SET session_data = %s WHERE session_key = %s",
                [store.encode(kept), key],
            )


def stored(site: Site, uid: str) -> tuple[str, str]:
    """The course of the letter as it lies in the database, and who entered it last."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname=site.database) as owner:
        found = owner.execute(
            "SELECT l.content->>'course', l.entered_by FROM referrals_referralletter l"
            " JOIN referrals_referral r ON r.id = l.referral_id WHERE r.uid = %s",
            [uid],
        ).fetchone()
    assert found
    return str(found[0]), str(found[1])


def log_in(people: Desk, page: Page, login_id: str) -> None:
    people.go(page, "/accounts/login/")
    page.fill("input[name=login]", login_id)
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    assert "/accounts/login" not in page.url, page.inner_text("body")


def log_out(people: Desk, page: Page) -> None:
    people.go(page, "/accounts/me/")
    assert people.post(page, "/accounts/logout/", {}) == 302


def half_written(people: Desk, name: str) -> tuple[Page, str]:
    """The physician of C1 at a letter that is saved so far."""
    page = people.at("aoki.c1")
    uid = start_letter(people, page, name)
    fill_letter(page)
    page.locator(COURSE).press_sequentially("ここまでは保存済み。")
    expect(page.locator(STATE)).to_contain_text("保存しました")
    return page, uid


def test_a_log_in_in_a_second_tab_makes_the_first_go_on_saving(people: Desk, site: Site) -> None:
    with given("青木医師が書きかけの紹介状の前で30分席を外す"):
        letter, uid = half_written(people, "鈴木")
        nobody_touched_it_for_half_an_hour(site)
    with when("the doctor comes back and types on"):
        letter.locator(COURSE).press_sequentially("戻ってから書いた分。")
    with then("the page says that the log-in is over, and keeps every word"):
        expect(letter.locator(DIALOG)).to_contain_text("ログインが切れました")
        people.accessible(letter)
        people.shot(letter, "out")
        expect(letter.locator(COURSE)).to_have_value(re.compile("保存済み。.*戻ってから書いた分。"))
        assert "戻ってから" not in stored(site, uid)[0]
    with when("the doctor logs in in a second tab and touches nothing in the first"):
        with letter.context.expect_page() as opened:
            letter.get_by_role("link", name="ログインする(新しいタブ)").click()
        second = opened.value
        log_in(people, second, "aoki.c1")
        letter.bring_to_front()
    with then("the first tab goes on saving by itself"):
        expect(letter.locator(DIALOG)).to_have_count(0)
        expect(letter.locator(STATE)).to_contain_text("保存しました")
        assert "戻ってから書いた分。" in stored(site, uid)[0]
    with when("the doctor types one more sentence and sends"):
        letter.locator(COURSE).press_sequentially("最後の一文。")
        letter.get_by_role("button", name="確定して送信").click()
        letter.wait_for_url(f"**/referrals/{uid}/")
    with then("the letter that went out is whole"):
        course, by = stored(site, uid)
        assert course.endswith("戻ってから書いた分。最後の一文。")
        assert "青木" in by


def test_pressing_send_after_the_time_out_loses_no_word(people: Desk, site: Site) -> None:
    with given("a letter, and a session that ran out"):
        letter, uid = half_written(people, "山田")
        nobody_touched_it_for_half_an_hour(site)
    with when("the doctor types a word and presses send before the page could save it"):
        letter.locator(COURSE).press_sequentially("あ")
        letter.get_by_role("button", name="確定して送信").click()
    with then("the page stays, with the word"):
        expect(letter.locator(DIALOG)).to_be_visible()
        assert letter.url.endswith(f"/referrals/{uid}/edit/")
        expect(letter.locator(COURSE)).to_have_value(re.compile("保存済み。あ$"))
    with when("the doctor logs in in a second tab and presses send again"):
        second = letter.context.new_page()
        log_in(people, second, "aoki.c1")
        letter.bring_to_front()
        expect(letter.locator(DIALOG)).to_have_count(0)
        letter.get_by_role("button", name="確定して送信").click()
        letter.wait_for_url(f"**/referrals/{uid}/")
    with then("it is sent with the word"):
        assert stored(site, uid)[0].endswith("あ")


def test_a_piece_of_the_page_asked_for_after_the_time_out_does_not_take_the_page_away(
    people: Desk, site: Site
) -> None:
    with given("a letter, a word not yet saved, and a session that ran out"):
        letter, uid = half_written(people, "鈴木")
        nobody_touched_it_for_half_an_hour(site)
    with when("the doctor asks for the departments of another receiver in the same second"):
        letter.locator(COURSE).press_sequentially("い")
        with letter.expect_response("**/letters/departments/**") as asked:
            letter.evaluate("htmx.trigger(document.querySelector('input[name=receiver]'), 'change')")
        assert asked.value.status == 401
    with then("the page is still the letter"):
        expect(letter.locator(DIALOG)).to_be_visible()
        assert letter.url.endswith(f"/referrals/{uid}/edit/")
        expect(letter.locator(COURSE)).to_have_value(re.compile("保存済み。い$"))


def test_another_persons_log_in_in_the_second_tab_saves_nothing_in_their_name(
    people: Desk, site: Site
) -> None:
    with given("青木医師の書きかけの紹介状、時間切れ"):
        letter, uid = half_written(people, "山田")
        before = stored(site, uid)
        nobody_touched_it_for_half_an_hour(site)
        letter.locator(COURSE).press_sequentially("青木が書いた続き。")
        expect(letter.locator(DIALOG)).to_be_visible()
    with when("the clerk of the same house logs in in a second tab"):
        second = letter.context.new_page()
        log_in(people, second, "kimura.c1")
        letter.bring_to_front()
    with then("the first tab says so, keeps the words and saves nothing"):
        expect(letter.locator(DIALOG)).to_contain_text("別の人がログインしています")
        expect(letter.locator(COURSE)).to_have_value(re.compile("青木が書いた続き。$"))
        people.accessible(letter)
        people.shot(letter, "other")
        letter.get_by_role("button", name="あとで").click()
        letter.locator(COURSE).press_sequentially("さらに。")
        letter.get_by_role("button", name="確定して送信").click()
        expect(letter.locator(DIALOG)).to_be_visible()
        letter.wait_for_timeout(2500)
        assert stored(site, uid) == before
    with when("the clerk logs out and the physician logs in"):
        log_out(people, second)
        log_in(people, second, "aoki.c1")
        letter.bring_to_front()
    with then("the letter is saved in the physician's name"):
        expect(letter.locator(DIALOG)).to_have_count(0)
        expect(letter.locator(STATE)).to_contain_text("保存しました")
        course, by = stored(site, uid)
        assert course.endswith("青木が書いた続き。さらに。")
        assert "青木" in by
        assert "木村" not in by


def test_the_server_itself_refuses_a_form_of_another_person(people: Desk, site: Site) -> None:
    with given("a letter of the physician, and the clerk logged in in the same browser with a good token"):
        letter, uid = half_written(people, "鈴木")
        before = stored(site, uid)
        mark = letter.locator("#letter-form input[name=_person]").input_value()
        assert re.fullmatch("[0-9a-f]{16}", mark)
        second = letter.context.new_page()
        log_out(people, second)
        log_in(people, second, "kimura.c1")
    with when("the form arrives with the clerk's session"):
        status = people.post(second, f"/referrals/{uid}/edit/", {"_person": mark, "course": "書き換え"})
    with then("it is refused and nothing changed"):
        assert status == 409
        assert stored(site, uid) == before
