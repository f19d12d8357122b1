"""S42 かかりつけ医機能の報告: 1号, then 2号 with linked clinics, the prefecture's gaps and measures, next year's copy.

REFUSE: 2号 without 1号; a linked institution that matches none of the directory.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

HOME = "/publications/functions/"
PART_TWO = {
    "duty_rota": "0",
    "night_centre": "0",
    "on_call": "3",
    "after_hours_fee": "0",
    "backup_beds": "0",
    "discharge_rules": "0",
    "pathways": "1",
    "referred_outpatients": "0",
    "home_system": "0",
    "home_deaths": "0",
    "care_opinion": "2",
    "care_meetings": "0",
    "care_facility": "1",
    "advance_care": "0",
    "community_meetings": "0",
}


def both_widths(people: Desk, page: Page, name: str) -> None:
    """Nothing that WCAG forbids on a desk and on a phone, and a picture of each."""
    for size, word in ((PHONE, "phone"), (DESKTOP, "desk")):
        page.set_viewport_size(size)
        people.accessible(page)
        people.shot(page, f"{name}-{word}")


def choose(page: Page, name: str, code: str) -> None:
    """Take one answer of an item."""
    page.locator(f"input[name={name}][value='{code}']").check()


def name_partner(page: Page, number: int, text: str) -> None:
    """Name a linked institution by typing and taking the suggestion."""
    box = page.locator(f"[name=on_call_partners_{number}]")
    box.fill(text)
    page.locator(f"#id_on_call_partners_{number}_list li").first.click()


def test_a_clinic_reports_and_the_prefecture_finds_the_gaps(people: Desk, site: Site) -> None:
    with given("青木 opens the report of the year"):
        clinic = people.at("aoki.c1")
        people.go(clinic, HOME)
        both_widths(people, clinic, "reports")
        clinic.get_by_role("button", name="報告を始める").click()
        expect(clinic.locator("h1")).to_contain_text("1号機能の入力")
        both_widths(people, clinic, "part1")
        base = re.sub(r"part/1/$", "", clinic.url.removeprefix(site.url))
    with then("REFUSE: 2号 stays closed without 1号, past the screen too"):
        assert people.post(clinic, f"{base}part/2/", PART_TWO) == 409
        people.go(clinic, base)
        expect(clinic.get_by_role("link", name="2号を入力する")).to_have_count(0)
        both_widths(people, clinic, "report-draft")
    with when("1号 is filled in"):
        people.go(clinic, f"{base}part/1/")
        for name in ("posted", "training", "consultation"):
            choose(clinic, name, "1")
        clinic.fill("[name=training_fte]", "1.29")
        choose(clinic, "generalist", "0")
        for code in ("7", "9"):
            choose(clinic, "domains", code)
        for code in ("1", "6", "31"):
            choose(clinic, "diseases", code)
        clinic.get_by_role("button", name="保存して2号へ進む").click()
        expect(clinic.locator("h1")).to_contain_text("2号機能の入力")
        both_widths(people, clinic, "part2")
    with then("REFUSE: a name that no institution of the directory has"):
        for name, code in PART_TWO.items():
            choose(clinic, name, code)
        clinic.fill("[name=on_call_partners_1]", "どこにもない医院")
        clinic.get_by_role("button", name="保存する").click()
        expect(clinic.locator("main")).to_contain_text("「どこにもない医院」は見つかりません")
        both_widths(people, clinic, "part2-refused")
    with when("C3 and C4 are named and the report is handed in"):
        name_partner(clinic, 1, "中田在宅")
        name_partner(clinic, 2, "原医院")
        clinic.get_by_role("button", name="保存する").click()
        expect(clinic.locator("main")).to_contain_text("中田在宅クリニック、原医院")
        expect(clinic.locator("main")).to_contain_text("1.2人")
        clinic.get_by_role("button", name="都道府県に提出する").click()
        expect(clinic.locator("main")).to_contain_text("提出済み")
        both_widths(people, clinic, "report-submitted")
    with then("the prefecture sees the report, the map of gaps and both classes"):
        officer = people.at("kuroda.g1")
        people.go(officer, HOME + "area/")
        expect(officer.locator("main")).to_contain_text("空白")
        expect(officer.get_by_role("row", name=re.compile("湘南西部.*大都市型")).first).to_be_visible()
        both_widths(people, officer, "area")
        people.go(officer, HOME + "area/reports/?area=1407&function=after_hours")
        both_widths(people, officer, "area-reports")
        officer.get_by_role("link", name="青木内科").click()
        both_widths(people, officer, "report-officer")
        officer.get_by_role("button", name="内容を確認した").click()
        expect(officer.locator("main")).to_contain_text("確認済み")
    with when("a gap becomes a measure"):
        people.go(officer, HOME + "area/")
        officer.get_by_role("link", name=re.compile("県央の.*について取組を書く")).first.click()
        officer.fill("[name=measure]", "夜間の輪番に診療所が加わる")
        officer.fill("[name=owner]", "みどり市医師会")
        officer.fill("[name=due_on]", "R8.12.31")
        both_widths(people, officer, "measure")
        officer.get_by_role("button", name="登録する").click()
        expect(officer.locator("#measures")).to_contain_text("夜間の輪番に診療所が加わる")
    with then("the city reads its part and the casebook; figures stand beside the printed class"):
        city = people.at("inoue.u1")
        people.go(city, HOME + "area/")
        expect(city.locator("main")).not_to_contain_text("県央")
        people.go(city, HOME + "cases/?q=米子")
        expect(city.locator("main")).to_contain_text("計算: 地方都市型(印刷と違います)")
        both_widths(people, city, "cases")
        people.go(officer, HOME + "area/figures/")
        both_widths(people, officer, "figures")
        people.go(officer, HOME + "forms/2026/")
        both_widths(people, officer, "form")


def test_next_year_begins_with_last_years_answers(people: Desk, site: Site) -> None:
    site.set_clock(2027, 1, 12, 9, 0)
    with given("a clinic that reported last year"):
        clinic = people.at("hara.c4")
        people.go(clinic, HOME)
        clinic.get_by_role("button", name="2026年の回答を写して始める").click()
        base = re.sub(r"part/1/$", "", clinic.url.removeprefix(site.url))
    with when("one answer changes"):
        people.go(clinic, f"{base}part/2/")
        choose(clinic, "pathways", "2")
        clinic.get_by_role("button", name="保存する").click()
    with then("it is marked beside last year's"):
        expect(clinic.locator("main")).to_contain_text("昨年: 0 無し(意向無し)")
        both_widths(people, clinic, "copied")
