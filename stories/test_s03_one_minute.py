"""S03, the clinic's minute: a known patient is referred with two typed fields and a handful of keys; nothing is typed twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.journeys import uid_of
from stories.steps import Desk, given, then, when

MOST_FIELDS = 2
MOST_KEYS = 8
PURPOSE = "血糖コントロール不良のため、教育入院をお願いします。"


@dataclass
class Hands:
    """What a person's hands do: fields they type into, and keys or clicks besides the text itself."""

    page: Page
    fields: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def type(self, name: str, text: str) -> None:
        self.fields.append(name)
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.keys.append(key)
        self.page.keyboard.press(key)

    def click(self, what: str) -> None:
        self.keys.append(f"click {what}")
        self.page.get_by_role("button", name=what).first.click()


def test_a_known_patient_is_referred_with_two_fields_and_few_keys(people: Desk, site: Site) -> None:
    with given("青木 at the clinic's page, 鈴木 has been referred to H1 before"):
        doctor = people.at("aoki.c1")
        people.go(doctor, "/referrals/clinic/")
        doctor.locator("[data-list] [data-open]").first.focus()
        hands = Hands(doctor)
    with when("he takes the patient, copies the last letter and writes only the purpose"):
        hands.press("w")
        doctor.wait_for_url("**/referrals/new/")
        expect(doctor.locator("main input[name=q]")).to_be_focused()
        hands.type("patient", "鈴木 一郎")
        hands.press("Enter")
        doctor.wait_for_url("**q=*")
        expect(doctor.locator(".letter-pick").first).to_be_focused()
        hands.press("Enter")
        doctor.wait_for_url("**/edit/")
        hands.click("を写す")
        doctor.wait_for_load_state("networkidle")
        expect(doctor.locator("input[name=receiver]")).to_have_value("みどり中央病院")
        doctor.locator("textarea[name=purpose]").focus()
        hands.keys.append("to 紹介目的")
        hands.type("purpose", PURPOSE)
        hands.press("Control+Enter")
        doctor.wait_for_load_state("networkidle")
    with then("the letter is sent whole, and the hands did little"):
        uid = uid_of(doctor)
        doctor.wait_for_url(f"**/referrals/{uid}/")
        expect(doctor.get_by_text("へ紹介状を送りました").first).to_be_visible()
        expect(doctor.locator("main")).to_contain_text("2型糖尿病")
        print(f"  fields typed: {hands.fields}; keys and clicks: {hands.keys}")
        assert len(hands.fields) <= MOST_FIELDS
        assert len(hands.keys) <= MOST_KEYS
