"""S44 ネクスト: refer, see two patient numbers of one person joined after a check, and send the patient back.

REFUSE: an automatic merge of two patients on the name only. (Machines, images and the scheme itself come later.)
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from stories.conftest import Site
from stories.journeys import accept_and_arrive, send_letter
from stories.steps import Desk, given, then, when


def test_two_numbers_are_joined_by_a_person_and_the_patient_goes_back(people: Desk, site: Site) -> None:
    with given("鈴木 was referred and seen at the hospital"):
        doctor = people.at("aoki.c1")
        uid = send_letter(people, doctor, "鈴木 一郎", department="循環器内科")
        desk = people.at("sato.h1")
        accept_and_arrive(people, desk, uid)
    with when("高橋 writes the letter back, so that the hospital needs its own number for him"):
        hospital = people.at("takahashi.h1")
        people.go(hospital, f"/referrals/{uid}/")
        hospital.get_by_role("button", name="逆紹介状を書く").click()
        hospital.wait_for_url("**/edit/")
        hospital.fill("textarea[name=purpose]", "病状は安定しています。貴院での継続加療をお願いします。")
        hospital.get_by_role("button", name="確定して送信").click()
        hospital.wait_for_url(re.compile(r"/referrals/[0-9a-f-]{36}/$"))
        expect(hospital.get_by_text("へ逆紹介状を送りました").first).to_be_visible()
    with then("the patient's page shows both numbers as one person, and who joined them why"):
        people.go(hospital, "/patients/?q=" + "鈴木 一郎")
        people.accessible(hospital)
        with hospital.expect_navigation():
            hospital.get_by_role("link", name=re.compile("鈴木 一郎")).first.click()
        expect(hospital.locator("main")).to_contain_text(re.compile(r"髙橋 健一\s*紹介 R-2026-"))
        people.shot(hospital, "patient")


def test_refuse_a_merge_on_the_name_only(people: Desk, site: Site) -> None:
    with given("a second 鈴木 一郎 with the same birth date is registered at the clinic"):
        clerk = people.at("kimura.c1")
        people.go(clerk, "/patients/new/")
        clerk.fill("input[name=name]", "鈴木 一郎")
        clerk.fill("input[name=kana]", "スズキ イチロウ")
        clerk.fill("input[name=birth_on]", "S34.3.4")
        clerk.keyboard.press("Tab")
        clerk.check("input[name=sex][value=male]")
        clerk.wait_for_load_state("networkidle")
    with then("the candidates are shown with reasons, and nothing is joined by itself"):
        expect(clerk.get_by_text(re.compile("生年月日")).first).to_be_visible()
        before = site.count("patients_patientlink")
        with clerk.expect_navigation():
            clerk.get_by_role("button", name=re.compile("登録")).last.click()
        assert site.count("patients_patientlink") == before
    with when("a link without a reason is forced past the screen"):
        people.go(clerk, "/patients/?q=" + "鈴木 一郎")
        hrefs = (
            clerk.locator("main a")
            .filter(has_text="鈴木 一郎")
            .evaluate_all("all => all.map(a => a.pathname)")
        )
        one, other = sorted({h.split("/")[2] for h in hrefs if h.startswith("/patients/")})[:2]
        status = people.post(clerk, f"/patients/{one}/link/?with={other}", {"reason": ""})
    with then("the server refuses and nothing is joined"):
        assert status == 422
        assert site.count("patients_patientlink") == before
