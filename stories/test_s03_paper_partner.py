"""S03 with a partner who has a fax and nothing else: the letter goes out on paper, the answer comes back as a scan.

REFUSE: a clerk of another house sees the scan or files it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pypdfium2
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.journeys import choose, start_letter
from stories.steps import PHONE, Desk, given, then, when


def send_on_paper(people: Desk, page: Page, patient: str) -> str:
    """A letter of 青木内科 to みどり東病院, signed and sent on paper; returns its uid."""
    uid = start_letter(people, page, patient)
    choose(page, "receiver", "みどり東", "みどり東病院")
    page.wait_for_timeout(400)
    page.locator("input[name='dx-0-text']").press_sequentially("腰部脊柱管狭窄症", delay=10)
    page.keyboard.press("Tab")
    page.fill("textarea[name=purpose]", "間欠性跛行が進んでいます。手術の適応についてご高診をお願いします。")
    page.fill("textarea[name=course]", "半年前から歩行距離が短くなっています。")
    page.get_by_role("button", name="確定して印刷").click()
    page.wait_for_url(f"**/referrals/{uid}/")
    return uid


def sheets(pdf: bytes, wanted: Sequence[int]) -> bytes:
    """Some pages of a print job, as a copier scans them."""
    whole = pypdfium2.PdfDocument(pdf)
    pages = [whole[at].render(scale=150 / 72, grayscale=True).to_pil().convert("1") for at in wanted]
    whole.close()
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return out.getvalue()


def upload(people: Desk, page: Page, name: str, pdf: bytes) -> None:
    people.go(page, "/exchange/scans/")
    page.set_input_files("#scan-files", {"name": name, "mimeType": "application/pdf", "buffer": pdf})
    page.get_by_role("button", name="取り込む").click()
    expect(page.locator("main")).to_contain_text("取り込みました")


def fax_out(people: Desk, page: Page, uid: str, number: str) -> bytes:
    """From the print queue through the look at the number to the gateway; returns the sheets as they went out."""
    people.go(page, "/notices/papers/")
    row = page.locator("tr", has_text=number)
    expect(row).to_contain_text("未送信")
    pdf = page.request.get(people.url + str(row.locator("a[data-open]").get_attribute("href"))).body()
    row.locator("input[name=uids]").check()
    page.get_by_role("button", name="選んだ書類をFAX送信").click()
    expect(page.locator("main")).to_contain_text("みどり東病院")
    expect(page.locator("main .fax-number")).to_contain_text(re.compile(r"\d{4}-\d{2}-\d{4}"))
    people.accessible(page)
    page.get_by_role("button", name="この番号へ送信する").click()
    people.until(page, "/notices/papers/?tab=sent", number, tries=80)
    return pdf


def number_of(people: Desk, page: Page, uid: str) -> str:
    people.go(page, f"/referrals/{uid}/")
    found = re.search(r"R-\d{4}-\d{6}", page.inner_text("main"))
    assert found
    return found.group(0)


def test_a_letter_goes_out_by_fax_and_its_answer_is_filed_by_the_code(people: Desk, site: Site) -> None:
    with given("青木 refers 鈴木 to a hospital that has a fax and nothing else"):
        clinic = people.at("aoki.c1")
        uid = send_on_paper(people, clinic, "鈴木 一郎")
        number = number_of(people, clinic, uid)
    with when("the clinic looks at the print queue, at the number, and sends the fax"):
        people.go(clinic, "/notices/papers/")
        people.accessible(clinic)
        people.shot(clinic, "print-queue")
        pdf = fax_out(people, clinic, uid, number)
        assert pdf[:4] == b"%PDF"
    with when("the hospital fills in the form of the final report and faxes it back"):
        upload(people, clinic, "受信FAX0601.pdf", sheets(pdf, [4]))
        people.until(clinic, "/exchange/scans/?tab=filed", number, tries=80)
    with then("it stands on the referral, unread, with its picture, and the case is closed"):
        people.go(clinic, f"/referrals/{uid}/")
        expect(clinic.locator("main")).to_contain_text("紙で届いた返書です")
        picture = clinic.locator("img.scan-thumb").first
        expect(picture).to_be_visible()
        people.accessible(clinic)
        people.shot(clinic, "referral")
        answer = clinic.request.get(
            site.url + str(clinic.get_by_role("link", name="PDFを開く").get_attribute("href"))
        )
        assert (answer.status, answer.body()[:4]) == (200, b"%PDF")
        clinic.get_by_role("button", name="完了にする").click()
        expect(clinic.locator("#detail")).to_contain_text("完了")


def test_a_free_hand_page_behind_a_form_is_filed_by_one_key(people: Desk, site: Site) -> None:
    with given("the answer to 青木's letter comes back with a page in free hand behind the form"):
        clinic = people.at("aoki.c1")
        uid = send_on_paper(people, clinic, "鈴木 一郎")
        number = number_of(people, clinic, uid)
        pdf = fax_out(people, clinic, uid, number)
        with_a_page = joined(sheets(pdf, [4]), free_hand())
        upload(people, clinic, "続きのある返書.pdf", with_a_page)
        people.until(clinic, "/exchange/scans/?tab=filed", number, tries=80)
    with when("the clerk opens the list: the page stands there with the answer before it"):
        people.until(clinic, "/exchange/scans/", "続きのある返書.pdf", tries=20)
        people.accessible(clinic)
        people.shot(clinic, "behind-a-form")
        expect(clinic.locator("#detail [data-neighbour]")).to_contain_text(f"{number} の最終報告です")
        clinic.locator("tr[data-row] a[data-open]").first.focus()
        clinic.keyboard.press("s")
    with then("one key has filed it there"):
        expect(clinic.locator("body")).to_contain_text(f"({number})に最終報告として登録しました")


def joined(*parts: bytes) -> bytes:
    whole = pypdfium2.PdfDocument.new()
    for part in parts:
        one = pypdfium2.PdfDocument(part)
        whole.import_pages(one)
        one.close()
    out = io.BytesIO()
    whole.save(out)
    whole.close()
    return out.getvalue()


def test_what_has_no_code_is_filed_by_two_keys_and_undone(people: Desk, site: Site) -> None:
    with given("two letters wait for an answer on paper, and a free-hand letter comes by fax"):
        clinic = people.at("aoki.c1")
        wrong = send_on_paper(people, clinic, "山田 花子")
        wrong_number = number_of(people, clinic, wrong)
        upload(people, clinic, "自由書式の返書.pdf", free_hand())
        people.until(clinic, "/exchange/scans/", "自由書式の返書.pdf", tries=80)
    with when("the clerk presses 1 and S"):
        people.accessible(clinic)
        people.shot(clinic, "unmatched")
        clinic.locator("tr[data-row] a[data-open]").first.focus()
        expect(clinic.locator("#scan-candidates")).to_contain_text(wrong_number)
        clinic.keyboard.press("1")
        clinic.keyboard.press("s")
        expect(clinic.locator("body")).to_contain_text("最終報告として登録しました")
    with when("it was the wrong referral, and the clerk undoes it on a phone"):
        phone = people.stranger("phone", phone=True)
        assert phone.viewport_size == PHONE
        phone.context.add_cookies(clinic.context.cookies())  # type: ignore[arg-type]
        people.go(phone, "/exchange/scans/?tab=filed")
        people.accessible(phone)
        phone.get_by_role("link", name="自由書式の返書.pdf").first.click()
        phone.wait_for_load_state("networkidle")
        people.accessible(phone)
        people.shot(phone, "filed-on-a-phone")
        phone.get_by_text("登録がまちがっている").first.click()
        phone.get_by_role("button", name="登録を取り消す").click()
        expect(phone.locator("body")).to_contain_text("誤登録の記録を残しました")
    with then("the referral waits again and keeps the record"):
        people.go(clinic, f"/referrals/{wrong}/")
        expect(clinic.locator("main")).to_contain_text("誤登録の記録")
        expect(clinic.locator("#detail")).to_contain_text("紙で送付")
        people.go(clinic, "/exchange/scans/")
        expect(clinic.locator("main")).to_contain_text("自由書式の返書.pdf")
    with then("a clerk of another house sees no scan and files none (REFUSE)"):
        href = str(clinic.locator("tr[data-row] a[data-open]").first.get_attribute("href"))
        other = people.at("sato.h1")
        assert people.go(other, href) == 404
        assert people.go(other, href.rstrip("/") + ".pdf") == 404
        data = {"referral": wrong, "kind": "final_report"}
        assert people.post(other, f"{href}file/", data) == 404
        people.go(other, "/exchange/scans/")
        expect(other.locator("main")).not_to_contain_text("自由書式の返書.pdf")


def free_hand() -> bytes:
    """A letter without any form."""
    whole = pypdfium2.PdfDocument.new()
    whole.new_page(595, 842)
    out = io.BytesIO()
    whole.save(out)
    whole.close()
    return out.getvalue()
