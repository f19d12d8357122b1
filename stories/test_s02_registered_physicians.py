"""S02 登録医制度: applied for, reviewed, certified, renewed by the turn of the year, withdrawn by the representative.

REFUSE: a withdrawal by staff who is not 代表者; a second registration of the same physician at the same institution;
approval with an empty physician's name.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.journeys import choose
from stories.membership import (
    again,
    both_widths,
    on_public_list,
    press,
    represented,
    rows,
    running,
    text_of,
    uid_of,
)
from stories.steps import SHOTS, Desk, given, then, when

KEY = "registered_physician_isehara"
TURN = "renkei.enrolments.jobs.turn_terms"
CLERK, HEAD, OFFICE = "yamada.c2", "hayashi.c2", "sato.h1"
FIRST, SECOND = "2026年6月1日 〜 2027年3月31日", "2027年4月1日 〜 2028年3月31日"


def fill(page: Page, name: str, kana: str) -> None:
    """The form of the scheme; 紹介の実績 is not asked for."""
    page.fill("[name=physician_name]", name)
    page.fill("[name=physician_kana]", kana)
    page.get_by_label("管理者").check()
    page.fill("[name=answer_departments]", "内科、外科")
    page.get_by_label("訪問診療").check()
    page.fill("[name=answer_wishes]", "安定した糖尿病、高血圧の患者さんをお引き受けします。")


def on_paper(people: Desk, page: Page, scheme: str, clinic: str, name: str) -> str:
    """The office types in what came on paper; returns the application."""
    people.go(page, f"/enrolments/schemes/{scheme}/paper/")
    choose(page, "facility", clinic, clinic)
    page.fill("[name=physician_name]", name)
    page.fill("[name=answer_departments]", "内科")
    press(page, "登録する")
    return uid_of(page)


def state_of(site: Site, application: str) -> str:
    return str(rows(site, "SELECT state FROM enrolments_application WHERE uid = %s", application)[0][0])


def test_paper_without_a_name_is_taken_in_and_not_approved(people: Desk, site: Site) -> None:
    with given("a form on paper on which the physician's name is missing"):
        office = people.at(OFFICE)
        scheme = running(people, site, KEY)
        people.go(office, f"/enrolments/schemes/{scheme}/paper/")
        both_widths(people, office, "paper")
        application = on_paper(people, office, scheme, "星野内科", "")
    with then("the office sees what is missing, and the button is off"):
        expect(office.locator("main")).to_contain_text("空欄があります")
        expect(office.get_by_role("button", name="承認して登録医証を発行")).to_be_disabled()
        both_widths(people, office, "incomplete")
    with then("the server refuses it as well, and nothing is changed (REFUSE)"):
        before = site.count("enrolments_enrolment"), site.count("enrolments_certificate")
        version = office.locator("input[name=version]").first.input_value()
        path = f"/enrolments/applications/{application}/decide/approve/"
        assert people.post(office, path, {"version": version}) == 422
        assert state_of(site, application) == "submitted"
        assert (site.count("enrolments_enrolment"), site.count("enrolments_certificate")) == before


def test_outside_the_area_only_with_who_allowed_it_and_why(people: Desk, site: Site) -> None:
    with given("渡邉医師 of 星野内科, in another secondary medical area"):
        office = people.at(OFFICE)
        scheme = running(people, site, KEY)
        application = on_paper(people, office, scheme, "星野内科", "渡邉 和彦")
        expect(office.locator("main")).to_contain_text("原則の例外です")
    with when("the office approves without saying who allowed it"):
        press(office, "承認して登録医証を発行")
        expect(office.locator("main")).to_contain_text("例外を認めた人")
        both_widths(people, office, "outside")
        assert state_of(site, application) == "submitted"
    with when("the office says who and why"):
        office.fill("[name=allowed_by]", "病院長 緑川 誠")
        office.fill("[name=why]", "当院の診療圏にあり、逆紹介の患者さんが多い")
        press(office, "承認して登録医証を発行")
    with then("the committee's list shows it"):
        assert state_of(site, application) == "approved"
        people.go(office, f"/enrolments/schemes/{scheme}/exceptions/")
        line = office.locator("tr", has_text="渡邉 和彦")
        expect(line).to_contain_text("病院長 緑川 誠")
        expect(line).to_contain_text("逆紹介の患者さんが多い")
        both_widths(people, office, "exceptions")


def test_a_physician_is_registered_renewed_and_leaves(people: Desk, site: Site) -> None:
    with given("みどり中央病院 runs the scheme; 林医師 represents 林医院"):
        scheme = running(people, site, KEY)
        represented(site, "林医院", HEAD)
    with when("the clinic's clerk applies by web"):
        application = apply_by_web(people, scheme)
    with when("the office sees it complete and approves"):
        member = approve(people, scheme, application)
    with then("the clinic downloads the certificate, and everybody can ask whether it is good"):
        token = certificate(people, site, member)
    with then("the mark stands on the public list"):
        public = people.stranger("public")
        assert on_public_list(people, public, scheme, "林 和彦")
        both_widths(people, public, "public-list")
    with then("the same physician is not registered twice (REFUSE)"):
        second_registration(people, site, scheme)
    with when("the year turns and nobody does anything"):
        turned(people, site, member)
    with then("a clerk does not withdraw the clinic (REFUSE)"):
        clerk_withdraws(people, site, member)
    with when("the representative withdraws with 2027-09-30 as the last day"):
        withdraw(people, member)
    with then("the mark is there on the last day and gone on the next"):
        public = again_public(people, site, 2027, 9, 30)
        assert on_public_list(people, public, scheme, "林 和彦")
        public = again_public(people, site, 2027, 10, 1)
        assert not on_public_list(people, public, scheme, "林 和彦")
        people.go(public, f"/enrolments/verify/{token}/")
        expect(public.locator("main")).to_contain_text("この登録証は有効ではありません")
        both_widths(people, public, "verify-over")
        over(people, site, scheme, member)


def apply_by_web(people: Desk, scheme: str) -> str:
    clerk = people.at(CLERK)
    people.go(clerk, "/enrolments/")
    both_widths(people, clerk, "home-clinic")
    with clerk.expect_navigation():
        clerk.locator(f"a[href='/enrolments/apply/{scheme}/']").click()
    both_widths(people, clerk, "form")
    press(clerk, "申請する")
    expect(clerk.locator("main")).to_contain_text("医師の氏名")
    both_widths(people, clerk, "form-gaps")
    fill(clerk, "林 和彦", "ハヤシ カズヒコ")
    press(clerk, "申請する")
    expect(clerk.locator("body")).to_contain_text("申請しました")
    both_widths(people, clerk, "applied")
    return uid_of(clerk)


def approve(people: Desk, scheme: str, application: str) -> str:
    office = people.at(OFFICE)
    people.go(office, "/enrolments/")
    both_widths(people, office, "home-office")
    people.go(office, f"/enrolments/schemes/{scheme}/")
    both_widths(people, office, "applications")
    people.go(office, f"/enrolments/applications/{application}/")
    expect(office.locator("main")).to_contain_text("空欄はなく、登録の条件を満たしています")
    both_widths(people, office, "application")
    press(office, "承認して登録医証を発行")
    expect(office.locator("main")).to_contain_text("承認")
    both_widths(people, office, "approved")
    with office.expect_navigation():
        office.get_by_role("link", name="登録を見る").click()
    both_widths(people, office, "member-office")
    member = uid_of(office)
    people.go(office, f"/enrolments/schemes/{scheme}/members/?q=林医院")
    expect(office.locator("main")).to_contain_text("林 和彦")
    both_widths(people, office, "members")
    people.go(office, f"/enrolments/schemes/{scheme}/renewals/")
    both_widths(people, office, "renewals")
    return member


def certificate(people: Desk, site: Site, member: str) -> str:
    clerk = people.at(CLERK)
    people.go(clerk, f"/enrolments/members/{member}/")
    expect(clerk.locator("main")).to_contain_text(FIRST)
    both_widths(people, clerk, "member-clinic")
    link = clerk.get_by_role("link", name=re.compile("PDF"))
    answer = clerk.request.get(site.url + str(link.get_attribute("href")))
    assert (answer.status, answer.body()[:4]) == (200, b"%PDF")
    (SHOTS / "s02-certificate.pdf").write_bytes(answer.body())
    words = text_of(answer.body())
    number, token = rows(
        site,
        """SELECT c.number, c.token FROM enrolments_certificate c
        JOIN enrolments_enrolment e ON e.id = c.enrolment_id WHERE e.uid = %s""",
        member,
    )[0]
    for said in (
        number,
        "登録医証",
        "林 和彦",
        "林医院",
        "みどり中央病院",
        "令和8年6月1日",
        "令和9年3月31日",
    ):
        assert said.replace(" ", "") in re.sub(r"\s", "", words), said
    public = people.stranger("asks")
    people.go(public, f"/enrolments/verify/{token}/")
    expect(public.locator("main")).to_contain_text("この登録証は有効です")
    expect(public.locator("main")).to_contain_text(number)
    both_widths(people, public, "verify")
    return str(token)


def second_registration(people: Desk, site: Site, scheme: str) -> None:
    before = site.count("enrolments_application"), site.count("enrolments_enrolment")
    clerk = people.at(CLERK)
    people.go(clerk, f"/enrolments/apply/{scheme}/")
    fill(clerk, "林　和彦", "ハヤシ カズヒコ")
    press(clerk, "申請する")
    expect(clerk.locator("main")).to_contain_text("すでに登録されています")
    both_widths(people, clerk, "twice")
    assert (site.count("enrolments_application"), site.count("enrolments_enrolment")) == before


def turned(people: Desk, site: Site, member: str) -> None:
    site.set_clock(2027, 4, 1, 8, 30)
    clerk = again(people, CLERK)
    site.run_job(TURN)
    people.until(clerk, f"/enrolments/members/{member}/", SECOND, tries=80)
    expect(clerk.locator("main")).to_contain_text(FIRST)
    expect(clerk.locator("main")).to_contain_text("自動更新")
    both_widths(people, clerk, "two-terms")


def clerk_withdraws(people: Desk, site: Site, member: str) -> None:
    site.set_clock(2027, 9, 1, 9, 0)
    clerk = again(people, CLERK)
    people.go(clerk, f"/enrolments/members/{member}/")
    expect(clerk.get_by_role("button", name="辞退を届け出る")).to_have_count(0)
    expect(clerk.locator("main")).to_contain_text("代表者ご本人の操作")
    known = "SELECT version, ended_on, objects_to_renewal FROM enrolments_enrolment WHERE uid = %s"
    before = rows(site, known, member)
    for how in ("withdraw", "object"):
        data = {"last_on": "2027-09-30", "version": str(before[0][0])}
        assert people.post(clerk, f"/enrolments/members/{member}/{how}/", data) == 403
    assert rows(site, known, member) == before


def withdraw(people: Desk, member: str) -> None:
    head = again(people, HEAD)
    people.go(head, f"/enrolments/members/{member}/")
    head.get_by_text("辞退を届け出る(代表者)").click()
    both_widths(people, head, "withdraw")
    head.fill("[name=last_on]", "R9.9.30")
    head.fill("[name=reason]", "診療体制の縮小")
    press(head, "辞退を届け出る")
    expect(head.locator("main")).to_contain_text("2027年9月30日")
    both_widths(people, head, "withdrawn")


def again_public(people: Desk, site: Site, *day: int) -> Page:
    site.set_clock(*day, 8, 30)
    return people.pages["public"]


def over(people: Desk, site: Site, scheme: str, member: str) -> None:
    """Nothing of the night changes it: two terms stay, and the office finds it among those that ended."""
    office = again(people, OFFICE)
    site.run_job(TURN)
    people.go(office, f"/enrolments/schemes/{scheme}/members/?tab=ended&q=林医院")
    expect(office.locator("main")).to_contain_text("林 和彦")
    both_widths(people, office, "ended")
    people.go(office, f"/enrolments/members/{member}/")
    expect(office.locator("main")).to_contain_text("第2期")
    expect(office.locator("main")).not_to_contain_text("第3期")
