"""S48 りんくう: a clinic outside the area signs the 地域医療協定 and has it with its date.

REFUSE: an agreement in the name of another clinic.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from stories.conftest import Site
from stories.membership import both_widths, on_public_list, press, rows, running, text_of, uid_of
from stories.steps import SHOTS, Desk, given, then, when

KEY = "rinku_agreement"
CLERK, OFFICE = "kuno.c31", "sato.h1"


def test_a_clinic_outside_the_area_signs_the_agreement(people: Desk, site: Site) -> None:
    with given("星野内科 lies in another secondary medical area than みどり中央病院"):
        scheme = running(people, site, KEY)
        clerk = people.at(CLERK)
    with when("its clerk hands in the agreement with the day on which it was signed"):
        people.go(clerk, f"/enrolments/apply/{scheme}/")
        both_widths(people, clerk, "form")
        clerk.fill("[name=answer_signed_on]", "R8.5.28")
        clerk.fill("[name=answer_signed_by]", "院長 渡邉 和彦")
        clerk.get_by_label("検査の予約").check()
        press(clerk, "申請する")
        application = uid_of(clerk)
    with when("the office finds nothing against it and approves"):
        office = people.at(OFFICE)
        people.go(office, f"/enrolments/applications/{application}/")
        expect(office.locator("main")).to_contain_text("空欄はなく、登録の条件を満たしています")
        expect(office.locator("main")).to_contain_text("令和8年5月28日")
        both_widths(people, office, "application")
        press(office, "承認して地域医療協定書を発行")
        with office.expect_navigation():
            office.get_by_role("link", name="登録を見る").click()
        member = uid_of(office)
    with then("the agreement is stored with its date and both sides have its PDF"):
        people.go(clerk, f"/enrolments/members/{member}/")
        expect(clerk.locator("main")).to_contain_text("令和8年5月28日")
        expect(clerk.locator("main")).to_contain_text("院長 渡邉 和彦")
        expect(clerk.locator("main")).to_contain_text("2026年6月1日 〜 2027年5月31日")
        both_widths(people, clerk, "member")
        href = str(clerk.get_by_role("link", name=re.compile("PDF")).get_attribute("href"))
        for page in (clerk, office):
            answer = page.request.get(site.url + href)
            assert (answer.status, answer.body()[:4]) == (200, b"%PDF")
            words = re.sub(r"\s", "", text_of(answer.body()))
            for said in ("地域医療協定書", "星野内科", "みどり中央病院", "令和8年6月1日"):
                assert said in words, said
        (SHOTS / "s48-agreement.pdf").write_bytes(answer.body())
    with then("the clinic stands on the public list"):
        public = people.stranger("public")
        assert on_public_list(people, public, scheme, "星野内科")
        both_widths(people, public, "public-list")


def test_nobody_signs_in_the_name_of_another_clinic(people: Desk, site: Site) -> None:
    with given("山根医院 never asked for an agreement"):
        scheme = running(people, site, KEY)
        other, uid = rows(site, "SELECT id, uid FROM directory_facility WHERE name = '山根医院'")[0]
        before = site.count("enrolments_application")
    with when("the clerk of another clinic forges its application (REFUSE)"):
        clerk = people.at("kimura.c1")
        forged = {"answer_signed_on": "2026-05-28", "answer_signed_by": "院長 山根 茂"}
        names = {"_facility": str(other), "facility": str(uid)}
        by_web = people.post(clerk, f"/enrolments/apply/{scheme}/", forged | names)
        on_paper = people.post(clerk, f"/enrolments/schemes/{scheme}/paper/", forged | {"facility": str(uid)})
    with when("the office of a hospital that does not run the scheme forges it on paper (REFUSE)"):
        stranger = people.at("hamaguchi.h2")
        path = f"/enrolments/schemes/{scheme}/paper/"
        by_stranger = people.post(stranger, path, forged | {"facility": str(uid)})
    with then("all of it is refused, and nothing is changed"):
        assert (by_web, on_paper, by_stranger) == (409, 403, 403)
        assert site.count("enrolments_application") == before
