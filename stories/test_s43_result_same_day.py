"""S43 古川市立病院 方式: the clinic asks for a visit and an examination on one request, the result comes back the same day.

REFUSE: booking in a past slot; a result sent to a clinic that did not ask.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from stories.conftest import Site
from stories.journeys import send_letter
from stories.steps import Desk, given, then, when


def test_visit_and_examination_on_one_request_with_the_result_on_the_same_day(
    people: Desk, site: Site
) -> None:
    with given("青木 asks for a visit on 6/5 and an ultrasound on one letter, the patient still in the room"):
        doctor = people.at("aoki.c1")
        uid = send_letter(
            people, doctor, "鈴木 一郎", department="循環器内科", wish="6/5 診察と心エコーを同じ日に"
        )
    with when("佐藤 books it on the telephone"):
        desk = people.at("sato.h1")
        people.go(desk, f"/referrals/{uid}/ask/offer_date/")
        desk.fill("input[name=starts_at_date]", "2026-06-05")
        desk.locator("[name=starts_at_time]").fill("09:30")
        desk.fill("input[name=place]", "2階 生理検査室(心エコー)のあと循環器内科")
        desk.check("input[name=confirmed]")
        desk.get_by_role("button", name="日程を提案").click()
        expect(desk.locator("#detail")).to_contain_text("6/5(金) 09:30")
    with then("the clinic has the slip to hand over"):
        slip = doctor.request.get(f"{site.url}/referrals/{uid}/slip.pdf")
        assert (slip.status, slip.body()[:4]) == (200, b"%PDF")
    with when("鈴木 comes on 6/5 and 高橋 sends the result and the 診療方針 the same day"):
        site.set_clock(2026, 6, 5, 9, 40)
        people.go(desk, f"/referrals/{uid}/")
        desk.get_by_role("button", name=re.compile("^来院")).first.click()
        expect(desk.locator("#detail")).to_contain_text("来院済")
        hospital = people.at("takahashi.h1")
        people.go(hospital, f"/referrals/{uid}/reply/?kind=first_report")
        hospital.fill("textarea[name=text]", "心エコー: EF 58%、弁膜症なし。")
        hospital.fill("textarea[name=plan]", "貴院での内服継続をお願いします。半年後に再検します。")
        hospital.get_by_role("button", name="送信する").click()
        hospital.wait_for_url(f"**/referrals/{uid}/")
    with then("it lies unread in 青木's inbox, and is told again after three days"):
        people.go(doctor, "/referrals/clinic/?tab=unread")
        expect(doctor.locator(f"#r-{uid}")).to_contain_text("未読")
        site.set_clock(2026, 6, 8, 10, 0)
        site.run_job("renkei.referrals.jobs.every_hour")
        people.until(doctor, "/notices/", "まだ読まれていません")


def test_refuse_a_slot_in_the_past(people: Desk, site: Site) -> None:
    with given("a letter on 佐藤's desk"):
        uid = send_letter(people, people.at("aoki.c1"), "山田 花子", department="循環器内科")
    with when("佐藤 books yesterday"):
        desk = people.at("sato.h1")
        data = {"starts_at_date": "2026-05-01", "starts_at_time": "10:00", "place": "総合受付"}
        status = people.post(desk, f"/referrals/{uid}/do/offer_date/", data)
    with then("the server refuses, and no date stands on the referral"):
        assert status == 422
        people.go(desk, f"/referrals/{uid}/")
        expect(desk.locator("#detail")).not_to_contain_text("提案中")
        expect(desk.locator("#detail")).to_contain_text("受付待ち")


def test_refuse_a_result_to_a_clinic_that_did_not_ask(people: Desk, site: Site) -> None:
    with given("a letter of 青木内科 that 林医院 has nothing to do with"):
        uid = send_letter(people, people.at("aoki.c1"), "鈴木 一郎", department="循環器内科")
    with when("somebody at 林医院 opens it, writes a reply or marks one read"):
        other = people.at("hayashi.c2")
        statuses = {
            people.go(other, f"/referrals/{uid}/"),
            people.go(other, f"/referrals/{uid}/reply/"),
            people.post(
                other, f"/referrals/{uid}/reply/", {"kind": "first_report", "text": "x", "do": "send"}
            ),
        }
    with then("there is no such referral for them"):
        assert statuses == {404}
