"""S07 かかりつけ医カウンター: need, list with reasons, handout, choice, draft or first appointment, result, month.

REFUSE: a clinic whose registration has ended as 登録医; a name without the tick of consent.
"""

from __future__ import annotations

import os

import psycopg
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when


def both_widths(people: Desk, page: Page) -> None:
    """Nothing that WCAG forbids on a desk and on a phone."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        people.accessible(page)


def begin(people: Desk) -> Page:
    """A new session of the desk of H1."""
    page = people.at("sato.h1")
    people.go(page, "/counter/")
    both_widths(people, page)
    with page.expect_navigation():
        page.get_by_role("button", name="相談を始める").click()
    return page


def look_for(page: Page, department: str, **wishes: str) -> None:
    """Fill the need and search."""
    page.select_option("[name=department]", label=department)
    for name in ("district", "hour"):
        if value := wishes.get(name):
            box = page.locator(f"[name={name}]")
            box.select_option(value) if name == "hour" else box.fill(value)
    if wheelchair := wishes.get("wheelchair"):
        page.get_by_text("くわしい条件").click()
        page.get_by_label(wheelchair).check()
    with page.expect_navigation():
        page.get_by_role("button", name="この希望でさがす").click()


def press(page: Page, name: str) -> None:
    """One button that leads to the page again."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).first.click()


def test_a_patient_at_the_counter_goes_home_with_a_clinic(people: Desk, site: Site) -> None:
    with given("somebody who looks for orthopaedics in the evening, in 桜台, with a wheelchair"):
        page = begin(people)
        both_widths(people, page)
        look_for(page, "整形外科", district="桜台", hour="17:30", wheelchair="車椅子で入れる")
    with then("the registered one stands first, with the reason; the house's own note is there for staff"):
        first = page.locator(".find-hit").first
        expect(first).to_contain_text("桜台整形外科")
        expect(first.locator(".find-reason")).to_contain_text("ご希望4つすべて・1km以内・登録医")
        expect(first).to_contain_text("裏口から")
        both_widths(people, page)
        people.shot(page, "list")
    with when("two are picked and printed"):
        press(page, "候補に加える 桜台整形外科")
        press(page, "候補に加える")
        uid = page.url.split("/counter/")[1].split("/")[0]
        answer = page.request.post(
            f"{people.url}/counter/{uid}/handout/",
            form={"csrfmiddlewaretoken": csrf(people, page)},
            headers={"Referer": people.url + "/"},
        )
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.body()[:5] == b"%PDF-"
    with when("the patient chooses, and a first appointment is asked for"):
        press(page, "ここを選んだ 桜台整形外科")
        page.get_by_label("初診の予約を依頼").check()
        page.get_by_label("医療機関への伝言").fill("6月4日(木)夕方に伺いたい方がいます")
        page.get_by_label("依頼の内容").fill("受付の方へ電話。6月4日(木)夕方")
        press(page, "方法を記録する")
        expect(page.locator("main")).to_contain_text("6月4日(木)夕方")
    with then("REFUSE: a name without the tick is not kept"):
        page.get_by_label("氏名", exact=True).fill("井上 道子")
        with page.expect_navigation():
            page.get_by_role("button", name="記録する", exact=True).click()
        expect(page.locator("main")).to_contain_text("同意を確認していない方の氏名は記録できません")
        people.go(page, f"/counter/{uid}/")
        expect(page.locator("main")).to_contain_text("氏名なし")
        assert people.post(page, f"/counter/{uid}/person/", {"name": "井上 道子"}) == 422
        both_widths(people, page)
        people.shot(page, "session")
    with when("the visit is heard of"):
        page.get_by_label("受診した", exact=True).check()
        page.get_by_label("受診日").fill("2026-06-01")
        press(page, "結果を記録する")
    with then("the list and the month know it, and name nobody"):
        people.go(page, "/counter/")
        expect(page.locator("main")).to_contain_text("桜台整形外科")
        people.go(page, "/counter/statistics/")
        expect(page.locator("main")).to_contain_text("受診した")
        expect(page.locator("main")).not_to_contain_text("井上")
        both_widths(people, page)
        people.shot(page, "month")


def csrf(people: Desk, page: Page) -> str:
    """The token of the browser."""
    return next(c["value"] for c in page.context.cookies(people.url) if c["name"] == "csrftoken")


def test_who_is_no_longer_registered_is_shown_without_the_mark_and_a_draft_goes_out(
    people: Desk, site: Site
) -> None:
    with given("皮膚科 for a patient of the hospital"):
        page = begin(people)
        look_for(page, "皮膚科", district="北野")
    with then("REFUSE: the one whose registration ended in March bears no mark"):
        left = page.locator(".find-hit").filter(has_text="大木医院")
        expect(left).to_have_count(1)
        expect(left).not_to_contain_text("登録医")
        expect(page.locator(".find-hit").filter(has_text="久保田皮膚科")).to_contain_text("登録医")
    with when("it is chosen, and a back-referral is begun for a patient of the hospital"):
        press(page, "候補に加える 大木医院")
        press(page, "ここを選んだ 大木医院")
        page.get_by_text("逆紹介状を書く").click()
        page.get_by_label("患者番号または氏名").fill("だれもいない")
        press(page, "下書きを作る")
        expect(page.locator("main")).to_contain_text("自施設の患者に見つかりません")
        page.get_by_label("患者番号または氏名").fill(own_number(site))
        before = site.count("referrals_referral")
        press(page, "下書きを作る")
    with then("the letter opens with the chosen clinic as its receiver"):
        expect(page.locator("[name=receiver]")).to_have_value("大木医院")
        assert "/referrals/" in page.url
        assert site.count("referrals_referral") == before + 1


def own_number(site: Site) -> str:
    """The number of some patient whom the hospital itself has on its list."""
    asked = """SELECT p.local_number FROM patients_patient p JOIN directory_facility f ON f.id = p.facility_id
               WHERE f.name = 'みどり中央病院' AND p.local_number <> '' ORDER BY p.id LIMIT 1"""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname=site.database) as owner:
        found = owner.execute(asked).fetchone()
    assert found is not None
    return str(found[0])
