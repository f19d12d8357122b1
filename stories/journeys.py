"""Ways that several stories walk: write and send a letter, take the patient in."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.steps import Desk

PURPOSE = "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診をお願いします。"


def uid_of(page: Page) -> str:
    found = re.search(r"/referrals/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found.group(1)


def start_letter(people: Desk, page: Page, name: str) -> str:
    people.go(page, "/referrals/new/?q=" + name)
    somebody = re.compile(name)
    with page.expect_navigation():
        page.get_by_role("link", name=somebody).or_(page.get_by_role("button", name=somebody)).first.click()
    if "/edit/" not in page.url:
        page.get_by_role("button", name="紹介状を書く").first.click()
        page.wait_for_url("**/edit/")
    return uid_of(page)


def choose(page: Page, field: str, text: str, option: str) -> None:
    """Type into a type-ahead and take the suggestion."""
    box = page.locator(f"input[name={field}]")
    box.fill("")
    box.press_sequentially(text, delay=20)
    page.get_by_role("option", name=re.compile(option)).first.click()


def fill_letter(page: Page, department: str = "糖尿病内科") -> None:
    choose(page, "receiver", "みどり中央", "みどり中央病院")
    page.wait_for_timeout(400)
    page.select_option("select[name=receiver_department]", label=department)
    first = page.locator("input[name='dx-0-text']")
    first.press_sequentially("2型糖尿病", delay=20)
    page.keyboard.press("Tab")
    page.fill("textarea[name=purpose]", PURPOSE)
    page.fill(
        "textarea[name=course]",
        "半年前より血糖コントロールが悪化し、内服を増量しましたが改善が乏しい状況です。",
    )


def send_letter(
    people: Desk, doctor: Page, patient: str, *, department: str = "糖尿病内科", wish: str = ""
) -> str:
    """A letter of the doctor's house to H1, signed and sent; returns its uid."""
    uid = start_letter(people, doctor, patient)
    fill_letter(doctor, department)
    if wish:
        doctor.fill("input[name=wish]", wish)
    doctor.get_by_role("button", name="確定して送信").click()
    doctor.wait_for_url(f"**/referrals/{uid}/")
    return uid


def accept_and_arrive(people: Desk, desk: Page, uid: str) -> None:
    """The hospital's desk receives the letter and the patient comes at once."""
    people.go(desk, f"/referrals/{uid}/")
    desk.get_by_role("button", name=re.compile("受け付ける")).click()
    expect(desk.locator("#detail")).to_contain_text("受付済")
    desk.get_by_role("button", name=re.compile("^来院")).first.click()
    expect(desk.locator("#detail")).to_contain_text("来院済")
