"""S03, the desk in the morning: the new letters, and what goes out on paper, are printed as one file while the clerk goes on working.

REFUSE: a clerk of another house opens the file.
"""

from __future__ import annotations

import io
import re

from playwright.sync_api import expect
from pypdf import PdfReader

from stories.steps import Desk, given, then, when


def test_the_letters_of_a_tile_are_printed_by_one_key(people: Desk) -> None:
    with given("佐藤 looks at the new letters"):
        desk = people.at("sato.h1")
        people.go(desk, "/referrals/desk/?tab=new")
        count = desk.locator("tr[data-row]").count()
        assert count > 1
    with when("she presses P: the desk stays, and tells how far the print is"):
        desk.locator("tr[data-row] a[data-open]").first.focus()
        desk.keyboard.press("p")
        strip = desk.locator("#print-job")
        expect(strip).to_be_visible()
        assert "tab=new" in desk.url
        assert desk.locator("tr[data-row]").count() == count
    with then("the file opens from the desk, one letter for each row"):
        link = strip.get_by_role("link", name="PDFを開く")
        expect(link).to_be_visible(timeout=60_000)
        expect(strip).to_contain_text(f"紹介状 {count}件")
        people.accessible(desk)
        people.shot(desk, "desk-with-print")
        href = str(link.get_attribute("href"))
        answer = desk.request.get(people.url + href)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.body())).pages)
        assert len(set(re.findall(r"R-\d{4}-\d{6}", text))) >= count
    with then("the notice leads to it, on a phone too"):
        phone = people.stranger("phone", phone=True)
        phone.context.add_cookies(desk.context.cookies())  # type: ignore[arg-type]
        people.go(phone, href.replace(".pdf", "/"))
        expect(phone.get_by_role("link", name="PDFを開く")).to_be_visible()
        people.accessible(phone)
    with then("a clerk of another house finds nothing (REFUSE)"):
        assert people.go(people.at("kimura.c1"), href) == 404


def test_the_papers_of_the_print_queue_are_printed_beside_their_list(people: Desk) -> None:
    with given("佐藤 ticks what goes to houses without Renkei"):
        desk = people.at("sato.h1")
        people.go(desk, "/notices/papers/")
        boxes = desk.locator("input[name=uids]")
        count = boxes.count()
        assert count > 1
        for at in range(count):
            boxes.nth(at).check()
    with when("she has them printed: the list stays, and tells how far the print is"):
        desk.get_by_role("button", name="選んだ書類を印刷").click()
        strip = desk.locator("#print-job")
        expect(strip).to_be_visible()
        assert boxes.count() == count
        people.accessible(desk)
    with then("the file opens from there, and every paper says that it was printed"):
        link = strip.get_by_role("link", name="PDFを開く")
        expect(link).to_be_visible(timeout=60_000)
        expect(strip).to_contain_text(f"紙の送付 {count}件")
        people.accessible(desk)
        people.shot(desk, "papers-with-print")
        href = str(link.get_attribute("href"))
        answer = desk.request.get(people.url + href)
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        people.go(desk, "/notices/papers/")
        expect(desk.locator("tr[data-row]", has_text="印刷 ")).to_have_count(count)
    with then("a clerk of another house finds nothing (REFUSE)"):
        assert people.go(people.at("kimura.c1"), href) == 404
