"""S48 りんくう: a physician who never joined asks for a date; the desk calls the directory's number and takes it in.

REFUSE: contrast CT without 医師確認; one open request more than the limit of the number.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

PAGE = "/guests/midori-chuo/"
CONTRAST = "造影CT・造影MRIの依頼"
PHYSICIAN = {
    "clinic": "磯浜クリニック",
    "institution_number": "1310008882",
    "physician": "磯浜 透",
    "phone": "0300-00-3141",
}
PATIENT = {"patient_name": "野口 千春", "patient_kana": "ノグチ チハル", "birth_on": "S62.5.30"}
PURPOSE = "健診の胸部写真で右中肺野に結節影を認めました。造影CTをお願いします。"


def ask(people: Desk, page: Page, kind: str, **changes: str) -> None:
    """Fill the public page and send it."""
    people.go(page, PAGE)
    for name, text in (PHYSICIAN | PATIENT | {"purpose": PURPOSE} | changes).items():
        page.fill(f"[name={name}]", text)
    page.get_by_label("女", exact=True).check()
    page.get_by_label(kind).check()
    page.get_by_label("説明しました").check()
    with page.expect_navigation():
        page.get_by_role("button", name="依頼を送る").click()


def both_widths(people: Desk, page: Page) -> None:
    """Nothing that WCAG forbids on a desk and on a phone."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        people.accessible(page)


def test_a_guest_asks_is_called_back_and_gets_a_date(people: Desk, site: Site) -> None:
    with given("a physician without an account on a phone"):
        guest = people.stranger("guest", phone=True)
        people.go(guest, PAGE)
        both_widths(people, guest)
        guest.set_viewport_size(PHONE)
        people.shot(guest, "form-phone")
    with when("they ask for a contrast CT"):
        ask(people, guest, CONTRAST)
        code = guest.locator(".guest-code").inner_text()
        both_widths(people, guest)
        people.shot(guest, "asked-phone")
    with then("the desk sees the request, marked as unknown, and not a referral"):
        desk = people.at("sato.h1")
        people.until(desk, "/guests/requests/", "磯浜クリニック")
        both_widths(people, desk)
        desk.set_viewport_size(DESKTOP)
        people.shot(desk, "list")
        people.go(desk, "/referrals/desk/")
        expect(desk.locator("main")).not_to_contain_text("野口 千春")
        people.go(desk, "/guests/requests/")
        desk.get_by_role("row", name=re.compile("磯浜")).get_by_role("link").click()
        expect(desk.locator("main")).to_contain_text("名簿にありません")
        both_widths(people, desk)
        desk.set_viewport_size(DESKTOP)
        people.shot(desk, "request")
    with when("the desk calls on a number it looked up itself"):
        desk.fill("[name=called]", "0300-00-3141")
        desk.fill("[name=number_source]", "地方厚生局の一覧")
        desk.fill("[name=confirmed_with]", "事務の浜口さん")
        desk.get_by_role("button", name="確認できたと記録する").click()
        expect(desk.locator("main")).to_contain_text("確認した相手")
    with then("REFUSE: without 医師確認 the contrast CT is taken in by no way, not even past the screen"):
        expect(desk.get_by_role("button", name="受け付ける", exact=True)).to_have_count(0)
        before = site.count("referrals_referral"), site.count("patients_patient")
        path = desk.url.removeprefix(people.url)
        assert people.post(desk, path + "accept/", {"patient": "new"}) == 409
        assert (site.count("referrals_referral"), site.count("patients_patient")) == before
    with when("the physician has spoken, and a date is agreed"):
        desk.get_by_label("医師本人と話した").check()
        desk.fill("[name=note] >> nth=0", "磯浜医師から造影の目的とeGFRを聞いた")
        desk.get_by_role("button", name="医師確認を記録する").click()
        expect(desk.get_by_role("button", name="受け付ける", exact=True)).to_be_visible()
        both_widths(people, desk)
        desk.set_viewport_size(DESKTOP)
        desk.fill("[name=starts_at_date]", "2026-06-09")
        desk.fill("[name=starts_at_time]", "10:30")
        desk.get_by_role("button", name="受け付ける", exact=True).click()
        expect(desk.locator("main")).to_contain_text("日程を知らせる")
        people.shot(desk, "accepted")
        desk.get_by_label("電話", exact=True).check()
        desk.fill("[name=told_to]", "磯浜医師")
        desk.get_by_role("button", name="連絡したと記録する").click()
        expect(desk.locator("main")).to_contain_text("電話で磯浜医師へ")
    with then("it is a received referral with a date, and the guest sees the date and no patient"):
        desk.locator("main dl a[href*='/referrals/']").click()
        expect(desk.locator("main")).to_contain_text("野口 千春")
        expect(desk.locator("main")).to_contain_text("予約")
        people.go(guest, "/guests/state/")
        both_widths(people, guest)
        guest.fill("[name=code]", code)
        guest.fill("[name=phone]", PHYSICIAN["phone"])
        guest.get_by_role("button", name="状態を見る").click()
        expect(guest.locator("main")).to_contain_text("日程決定")
        expect(guest.locator("main")).to_contain_text("2026年6月9日")
        expect(guest.locator("main")).not_to_contain_text("野口")
        both_widths(people, guest)


def test_the_request_over_the_limit_of_a_number_is_refused(people: Desk, site: Site) -> None:
    with given("three open requests of one clinic"):
        guest = people.stranger("guest")
        mine = {"clinic": "多田医院", "institution_number": "1310007774", "phone": "0300-00-2718"}
        for _ in range(3):
            ask(people, guest, "受診予約", **mine)
            expect(guest.locator("h1")).to_contain_text("届きました")
    with then("REFUSE: the fourth is refused with the reason, nothing is stored, nothing typed is lost"):
        before = site.count("guests_guestrequest")
        ask(people, guest, "受診予約", **mine)
        expect(guest.locator("main")).to_contain_text("未処理のご依頼が3件")
        expect(guest.locator("[name=patient_name]")).to_have_value(PATIENT["patient_name"])
        assert site.count("guests_guestrequest") == before
        both_widths(people, guest)
