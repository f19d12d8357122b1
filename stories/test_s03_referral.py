"""S03 紹介・逆紹介: the whole loop between people with browsers, on the demo region.

REFUSE: a letter without 紹介目的; H2 (not the addressee) opening the letter; closing with no 返書 and no reason.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from renkei.demo import region
from stories.conftest import Site
from stories.journeys import PURPOSE, fill_letter, send_letter, start_letter, uid_of
from stories.steps import Desk, given, then, when


@pytest.fixture
def sent(people: Desk, site: Site) -> str:
    """A letter of 青木内科 about 鈴木一郎 that the hospital has not looked at yet."""
    return send_letter(people, people.at("aoki.c1"), "鈴木 一郎")


def test_the_loop_from_clinic_to_reply_and_back(people: Desk, site: Site) -> None:
    with given("木村 writes the letter for 鈴木 on behalf of 青木"):
        clerk = people.at("kimura.c1")
        uid = start_letter(people, clerk, "鈴木 一郎")
        fill_letter(clerk)
        people.accessible(clerk)
        people.shot(clerk, "editor")
        with clerk.expect_navigation():
            clerk.get_by_role("button", name="医師に確定を依頼").click()
    with when("青木 finalises and sends it"):
        doctor = people.at("aoki.c1")
        people.go(doctor, f"/referrals/{uid}/edit/")
        doctor.get_by_role("button", name="確定して送信").click()
        doctor.wait_for_url(f"**/referrals/{uid}/")
        expect(doctor.get_by_text("へ紹介状を送りました").first).to_be_visible()
    with then("it stands on 佐藤's desk, who receives it with one key and offers 6/5 10:00"):
        desk = people.at("sato.h1")
        people.go(desk, "/referrals/desk/")
        row = desk.locator(f"#r-{uid}")
        expect(row).to_contain_text("鈴木 一郎")
        expect(row).to_contain_text("糖尿病内科")
        people.accessible(desk)
        people.shot(desk, "desk")
        row.locator("[data-open]").focus()
        expect(desk.locator("#detail")).to_contain_text(PURPOSE[:12])
        desk.keyboard.press("a")
        expect(desk.locator("#detail")).to_contain_text("受付済")
        desk.locator("#detail [data-key=D]").click()
        dialog = desk.locator("#ask-dialog")
        dialog.locator("input[name=starts_at_date]").fill("2026-06-05")
        dialog.locator("[name=starts_at_time]").fill("10:00")
        people.accessible(desk)
        dialog.get_by_role("button", name="日程を提案").click()
        expect(desk.locator("#detail")).to_contain_text("6/5(金) 10:00")
    with when("木村 confirms the date and prints the patient's slip"):
        people.go(clerk, "/referrals/clinic/?tab=answer")
        clerk.locator(f"#r-{uid} [data-open]").click()
        clerk.get_by_role("button", name=re.compile("日程を確定")).click()
        expect(clerk.locator("#detail")).to_contain_text("日程を変更")
        slip = clerk.request.get(f"{site.url}/referrals/{uid}/slip.pdf")
        assert slip.status == 200
        assert slip.body().startswith(b"%PDF")
    with when("鈴木 arrives on 6/5 and the days pass without a reply"):
        site.set_clock(2026, 6, 5, 9, 50)
        people.go(desk, f"/referrals/{uid}/")
        desk.get_by_role("button", name=re.compile("来院")).first.click()
        expect(desk.locator("#detail")).to_contain_text("来院済")
        site.set_clock(2026, 7, 10, 9, 0)
    with then("it shows in 佐藤's list of overdue replies, and one key reminds"):
        people.go(desk, "/referrals/desk/?tab=overdue")
        expect(desk.locator(f"#r-{uid}")).to_contain_text("返書遅れ")
        desk.locator(f"#r-{uid} [data-open]").focus()
        expect(desk.locator("#detail")).to_contain_text("返書を催促")
        desk.keyboard.press("r")
        expect(desk.locator("#detail .timeline")).to_contain_text("返書を催促しました")
    with when("高橋 sends the final report"):
        hospital = people.at("takahashi.h1")
        people.go(hospital, f"/referrals/{uid}/reply/?kind=final_report")
        hospital.fill("textarea[name=text]", "教育入院を行い、HbA1cは7.4%まで改善しました。")
        hospital.fill("textarea[name=plan]", "内服を継続し、3か月後に再評価をお願いします。")
        people.accessible(hospital)
        people.shot(hospital, "reply")
        hospital.get_by_role("button", name="送信する").click()
        hospital.wait_for_url(f"**/referrals/{uid}/")
        expect(hospital.locator("#detail")).to_contain_text("最終報告済")
    with then("青木 sees it unread, reads it, and the mark goes"):
        people.go(doctor, "/referrals/clinic/?tab=unread")
        doctor.locator(f"#r-{uid} [data-open]").click()
        expect(doctor.get_by_text("7.4%まで改善")).to_be_visible()
        people.accessible(doctor)
        people.shot(doctor, "referral")
        doctor.get_by_role("button", name="確認しました").click()
        people.go(doctor, "/referrals/clinic/?tab=unread")
        expect(doctor.locator(f"#r-{uid}")).to_have_count(0)
    with when("鈴木 is stable and goes back to 青木 with a plan"):
        people.go(hospital, f"/referrals/{uid}/")
        hospital.get_by_role("button", name="逆紹介状を書く").click()
        hospital.wait_for_url("**/edit/")
        back = uid_of(hospital)
        expect(hospital.locator("input[name=receiver]")).to_have_value("青木内科")
        hospital.fill("textarea[name=purpose]", "内服を継続し、3か月ごとのHbA1c測定をお願いします。")
        hospital.get_by_role("button", name="確定して送信").click()
        hospital.wait_for_url(f"**/referrals/{back}/")
    with then("the clinic has it among what came in"):
        people.go(clerk, "/referrals/clinic/?tab=incoming")
        expect(clerk.locator(f"#r-{back}")).to_contain_text("鈴木 一郎")


def test_refuse_a_letter_without_purpose(people: Desk, site: Site) -> None:
    with given("青木's draft without 紹介目的"):
        doctor = people.at("aoki.c1")
        uid = start_letter(people, doctor, "鈴木 一郎")
        fill_letter(doctor)
        doctor.fill("textarea[name=purpose]", "")
    with when("he sends it"), doctor.expect_navigation():
        doctor.get_by_role("button", name="確定して送信").click()
    with then("the server refuses, names the field, and it stays a draft with everything typed"):
        expect(doctor.get_by_text("紹介目的を入力してください").first).to_be_visible()
        expect(doctor.locator("textarea[name=course]")).to_have_value(re.compile("血糖コントロール"))
        people.go(people.at("sato.h1"), "/referrals/desk/")
        expect(people.at("sato.h1").locator(f"#r-{uid}")).to_have_count(0)


def test_refuse_a_hospital_that_is_not_the_addressee(people: Desk, site: Site, sent: str) -> None:
    with when("H2's doctor opens the address of the letter"):
        stranger = people.at(_h2_login(site))
        statuses = [
            people.go(stranger, f"/referrals/{sent}/{rest}")
            for rest in ("", "panel/", "letter.pdf", "edit/", "ask/decline/")
        ]
    with then("there is no such letter"):
        assert statuses == [404] * 5
        assert "鈴木" not in stranger.inner_text("body")


def _h2_login(site: Site) -> str:
    return next(s.login for s in region().staff if s.facility == "H2" and "physician" in s.roles)


def test_refuse_closing_without_reply_and_reason(people: Desk, site: Site, sent: str) -> None:
    with given("鈴木 has been seen"):
        desk = people.at("sato.h1")
        people.go(desk, f"/referrals/{sent}/")
        desk.get_by_role("button", name=re.compile("受け付ける")).click()
        expect(desk.locator("#detail")).to_contain_text("受付済")
    with when("佐藤 closes it with an empty reason, past the screen"):
        status = people.post(desk, f"/referrals/{sent}/do/close/", {"reason": ""})
    with then("422, and nothing changed"):
        assert status == 422
        people.go(desk, f"/referrals/{sent}/")
        expect(desk.locator("#detail")).to_contain_text("受付済")
