"""日レセの番号から紹介状へ: a clinic connects its 日レセ, the clerk types a number, sees who it is, confirms by one key and writes.

REFUSE: a number that nobody has; a 日レセ that does not answer. Both say what to do, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_socket import enable_socket

from renkei.exchange.bridges.orca.tests import fake
from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

LOOK_UP, SETTINGS = "/exchange/orca/", "/exchange/orca/settings/"
NUMBER = "日レセの患者番号"


@dataclass
class Orca:
    """The clinic's 日レセ, and the plug that it hangs on."""

    answers: fake.Fake
    plug: ExitStack

    def switch_off(self) -> None:
        """Nobody listens at its address any more."""
        self.plug.close()


@pytest.fixture(scope="module", autouse=True)
def orca() -> Iterator[Orca]:
    """Runs before the site starts, so that the operator can allow its address."""
    enable_socket()
    with pytest.MonkeyPatch.context() as allowed, ExitStack() as plug:
        answers = plug.enter_context(fake.running())
        allowed.setenv("RENKEI_INTERNAL_HOSTS", urlsplit(answers.url).netloc)
        yield Orca(answers, plug)


def kept(site: Site) -> list[int]:
    """Everything that a patient taken over would add a row to."""
    tables = ("patients_patient", "patients_insurednumber", "referrals_referral", "circles_circle")
    return [site.count(table) for table in tables]


def fetch(people: Desk, page: Page, number: str) -> None:
    """Type a number and press Enter, as at the reception."""
    people.go(page, LOOK_UP)
    expect(page.get_by_label(NUMBER)).to_be_focused()
    page.keyboard.type(number)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def both_widths(people: Desk, page: Page, name: str) -> None:
    """Nothing that WCAG forbids on a desk and on a phone."""
    for size, word in ((PHONE, "phone"), (DESKTOP, "desk")):
        page.set_viewport_size(size)
        people.accessible(page)
        people.shot(page, f"{name}-{word}")


def test_a_patient_of_the_own_system_by_number_into_a_letter(people: Desk, site: Site, orca: Orca) -> None:
    with given("the administrator of 青木内科 connects the clinic's 日レセ"):
        admin = people.at("aoki.c1")
        people.go(admin, SETTINGS)
        admin.get_by_label("アドレス").fill(orca.answers.url)
        admin.get_by_label("利用者名").fill(fake.USER)
        admin.get_by_label("パスワード").fill(fake.PASSWORD)
        admin.get_by_role("button", name="保存").click()
        expect(admin.get_by_text("日レセとの接続を保存しました").first).to_be_visible()
        assert fake.PASSWORD not in admin.content()
        both_widths(people, admin, "settings")
    with given("木村 is at the page where a letter begins"):
        clerk = people.at("kimura.c1")
        people.go(clerk, "/referrals/new/")
        clerk.get_by_role("link", name="日レセの番号から").click()
        both_widths(people, clerk, "ask")
        before = kept(site)
    with when("she types the number of the receipt computer"):
        fetch(people, clerk, "17")
    with then("she sees who it is, and nothing is kept yet"):
        main = clerk.locator("main")
        for said in (
            "00017",
            "連携 花子",
            "〒259-0000",
            "昭和50年1月1日",
            "神奈川県みどり市緑町６−１６−３",
            "138057",
        ):
            expect(main).to_contain_text(said)
        expect(main).to_contain_text("まだ登録していません")
        expect(main).not_to_contain_text(fake.MY_NUMBER)
        assert kept(site) == before
        both_widths(people, clerk, "seen")
    with when("she confirms by one key"):
        expect(clerk.get_by_role("button", name="新しい患者として登録し、紹介状へ")).to_be_focused()
        with clerk.expect_navigation():
            clerk.keyboard.press("Enter")
    with then("the patient is registered with the card, and the next key begins the letter"):
        expect(clerk.locator("main")).to_contain_text("連携 花子")
        assert kept(site) == [before[0] + 1, before[1] + 1, before[2], before[3]]
        expect(clerk.get_by_role("button", name="状を書く").first).to_be_focused()
        with clerk.expect_navigation():
            clerk.keyboard.press("Enter")
        expect(clerk.locator("main")).to_contain_text("連携 花子")
        assert kept(site) == [before[0] + 1, before[1] + 1, before[2] + 1, before[3] + 1]
        both_widths(people, clerk, "draft")
    with when("the same number is typed once more"):
        fetch(people, clerk, "17")
    with then("she is led to the patient who is there, not to a second one"):
        expect(clerk.locator("main")).to_contain_text("よく似た患者が登録されています")
        expect(clerk.get_by_role("link", name="連携 花子 00017 の紹介状へ")).to_be_focused()
        both_widths(people, clerk, "alike")


def test_a_number_that_nobody_has_and_a_server_that_is_off(people: Desk, site: Site, orca: Orca) -> None:
    with given("木村 at the same page"):
        clerk = people.at("kimura.c1")
        before = kept(site)
    with when("she types a number that nobody has"):
        fetch(people, clerk, "18")
    with then("REFUSE: she reads so, the number is still there to mend, and nothing is kept"):
        expect(clerk.get_by_role("alert")).to_contain_text("日レセにこの患者番号の患者はいません")
        expect(clerk.get_by_role("alert")).to_contain_text("番号を確かめてください")
        expect(clerk.get_by_label(NUMBER)).to_have_value("18")
        assert kept(site) == before
        both_widths(people, clerk, "nobody")
    with when("日レセ is switched off after she saw a patient, and she confirms"):
        fetch(people, clerk, "17")
        confirm = clerk.get_by_role("button", name="新しい患者として登録し、紹介状へ")
        expect(confirm).to_be_visible()
        orca.switch_off()
        with clerk.expect_navigation():
            confirm.click()
    with then("REFUSE: she reads that 日レセ does not answer and what to do, and nothing is kept"):
        expect(clerk.get_by_role("alert")).to_contain_text("日レセに接続できません")
        expect(clerk.get_by_role("alert")).to_contain_text("手で登録")
        expect(clerk.get_by_role("link", name="患者をさがす")).to_be_visible()
        assert kept(site) == before
        both_widths(people, clerk, "off")
