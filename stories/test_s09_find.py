"""S09 連携医療機関検索システム: anybody finds a clinic without log-in, and sees why it stands where it stands.

REFUSE: staff notes, a physician's mobile number or a patient in anything that the public pages answer.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

NOTE = "裏口から"


def both_widths(people: Desk, page: Page) -> None:
    """Nothing that WCAG forbids on a desk and on a phone."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        people.accessible(page)


def search(page: Page) -> None:
    """Send the form."""
    with page.expect_navigation():
        page.get_by_role("button", name="さがす", exact=True).click()


def test_a_family_finds_a_clinic_on_a_phone(people: Desk, site: Site) -> None:
    with given("somebody without an account on a phone"):
        page = people.stranger("family", phone=True)
        people.go(page, "/find/")
        both_widths(people, page)
        page.set_viewport_size(PHONE)
        people.shot(page, "form-phone")
    with when("they look for orthopaedics that a wheelchair can enter, open on Friday evening"):
        page.select_option("[name=department]", label="整形外科")
        page.fill("[name=district]", "桜台")
        page.select_option("[name=weekday]", "4")
        page.select_option("[name=hour]", "17:30")
        page.get_by_text("くわしい条件").click()
        page.get_by_label("車椅子で入れる").check()
        search(page)
    with then("what fits stands first with its reason, and what misses one wish says which"):
        first = page.locator(".find-hit").first
        expect(first).to_contain_text("桜台整形外科")
        expect(first.locator(".find-reason")).to_contain_text("ご希望4つすべて・1km以内・登録医")
        expect(page.locator("main")).to_contain_text("希望に1つだけ合わない医療機関")
        expect(page.locator(".map-marker").first).to_be_visible()
        both_widths(people, page)
        page.set_viewport_size(DESKTOP)
        people.shot(page, "list-desktop")
        page.set_viewport_size(PHONE)
        people.shot(page, "list-phone")
    with when("they open it"):
        with page.expect_navigation():
            first.get_by_role("link", name="桜台整形外科", exact=True).click()
        expect(page.locator("h1")).to_have_text("桜台整形外科")
        expect(page.locator("main")).to_contain_text("診療時間")
        both_widths(people, page)
        people.shot(page, "detail-phone")
    with then("REFUSE: nothing of what only staff know is in any public answer"):
        uid = page.url.rstrip("/").rsplit("/", 1)[1]
        for path in (
            f"/find/{uid}/",
            "/find/?department=整形外科",
            "/find/places.geojson?department=整形外科",
            "/find/suggest/?q=桜台",
        ):
            answer = page.request.get(people.url + path)
            assert answer.status == 200, path
            text = answer.text()
            assert "桜台整形外科" in text, path
            assert NOTE not in text, path
            assert not re.search(r"0[789]0-\d{4}-\d{4}", text), path
            assert "佐藤 恵" not in text, path


def test_who_left_bears_no_mark_and_a_better_match_is_not_hidden(people: Desk, site: Site) -> None:
    with given("皮膚科 in 北野: several registered, one whose registration ended in March"):
        page = people.stranger("searcher")
        people.go(page, "/find/?department=皮膚科&district=北野")
        both_widths(people, page)
    with then("the registered ones bear their mark; the other one is there without it"):
        page.set_viewport_size(DESKTOP)
        hits = page.locator(".find-hit")
        expect(hits.filter(has_text="久保田皮膚科").locator(".find-reason")).to_contain_text("登録医")
        left = hits.filter(has_text="大木医院")
        expect(left).to_have_count(1)
        expect(left).not_to_contain_text("登録医")
    with when("somebody asks for it by name"):
        people.go(page, "/find/?department=皮膚科&q=大木")
    with then("it meets both wishes, and no registered one stands before it"):
        expect(hits.first).to_contain_text("大木医院")
        expect(hits.first.locator(".find-reason")).to_contain_text("ご希望2つすべて")


def test_a_closing_day_is_seen_at_once_and_nothing_found_says_what_to_give_up(
    people: Desk, site: Site
) -> None:
    with given("青木内科 is closed out of turn on 5 June"):
        page = people.stranger("patient")
        people.go(page, "/find/?q=青木")
        expect(page.locator(".find-hit").first).to_contain_text("6月5日(金) 臨時休診 学会のため")
    with when("somebody asks for it on that day"):
        people.go(page, "/find/?q=青木&day=2026-06-05")
    with then("it is not found, and the page says which one wish to give up"):
        expect(page.locator("main")).to_contain_text("すべてに合う医療機関は見つかりませんでした")
        expect(page.locator("main")).to_contain_text("希望を1つ外すと見つかります")
        both_widths(people, page)
        people.shot(page, "nothing-phone")
        page.set_viewport_size(DESKTOP)
        people.shot(page, "nothing-desktop")
        with page.expect_navigation():
            page.get_by_role("link", name="「6月5日(金)に診療」を外す").click()
        expect(page.locator(".find-hit").first).to_contain_text("青木内科")
    with when("they type a reading"):
        page.get_by_text("条件を変える").click()
        page.fill("[name=q]", "みどりひ")
        option = page.get_by_role("option", name=re.compile("みどり東病院|みどり皮膚科"))
        expect(option.first).to_be_visible()
