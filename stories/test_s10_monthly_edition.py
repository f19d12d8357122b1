"""S10: the edition of June from the tables to the log; the duty table never public, nothing sent twice without a reason."""

from __future__ import annotations

import re
from io import BytesIO
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from pypdf import PdfWriter

from stories.conftest import Site
from stories.steps import Desk, given, then, when

DUTY = "日付,内科系,外科系\r\n" + "".join(f"2026-07-{day:02},髙橋,石川\r\n" for day in range(1, 32))
LEFT = "大木医院"
"""A clinic that is no member any more since April."""


def newsletter() -> bytes:
    """One blank page."""
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(out)
    return out.getvalue()


def anew(people: Desk, login_id: str) -> Page:
    """Log in once more: three weeks later the session has ended."""
    people.pages.pop(login_id)
    people.contexts.pop(login_id).close()
    return people.at(login_id)


def test_the_edition_of_june(people: Desk, site: Site) -> None:
    sato = people.at("sato.h1")
    with given("佐藤 opens the edition of June that was made by itself"):
        people.go(sato, "/publications/editions/")
        people.accessible(sato)
        sato.get_by_role("link", name="2026年6月号").click()
        edition = urlsplit(sato.url).path
        people.accessible(sato)
    with when("she takes in the duty table of July with a day of August in it"):
        people.go(sato, f"{edition}table/duty/")
        sato.locator("summary", has_text="から取り込む").click()
        bad = DUTY.replace("2026-07-31", "2026-08-31")
        sato.set_input_files("#id_file", {"name": "bad.csv", "mimeType": "text/csv", "buffer": bad.encode()})
        sato.get_by_role("button", name="読み取る").click()
    with then("the row is named and nothing was taken"):
        expect(sato.locator("main")).to_contain_text("32行目")
        assert sato.locator("textarea[name=c-0]").first.input_value() == ""
    with when("she takes in the right file and saves"):
        sato.set_input_files(
            "#id_file", {"name": "7月当直.csv", "mimeType": "text/csv", "buffer": DUTY.encode()}
        )
        sato.get_by_role("button", name="読み取る").click()
        expect(sato.locator("main")).to_contain_text("まだ保存していません")
        people.accessible(sato)
        people.shot(sato, "duty")
        sato.get_by_role("button", name="保存する").click()
        expect(sato.locator("main")).to_contain_text("7月当直.csv")
    with when("she uploads the newsletter and finishes the preparation"):
        sato.set_input_files(
            "#id_file", {"name": "広報6月号.pdf", "mimeType": "application/pdf", "buffer": newsletter()}
        )
        sato.get_by_role("button", name="広報誌のPDFを登録").click()
        expect(sato.locator("section[aria-label=中身]")).to_contain_text("広報6月号.pdf")
        sato.get_by_role("button", name="発送準備を完了する").click()
        expect(sato.locator(".badge").first).to_have_text("発送準備完了")
    with then("it does not go out before the 25th"):
        assert people.post(sato, f"{edition}do/send/", {"version": ""}) == 409
    with when("the 25th has come, and 青木内科 wants it in Renkei"):
        kimura = people.at("kimura.c1")
        people.go(kimura, "/publications/editions/received/")
        mine = kimura.get_by_role("region", name="みどり中央病院の届け方")
        mine.get_by_label("届け方").select_option("in_app")
        mine.get_by_role("button", name="届け方を保存").click()
        site.set_clock(2026, 6, 25, 9, 0)
        sato, kimura = anew(people, "sato.h1"), anew(people, "kimura.c1")
        people.go(sato, edition)
        sato.get_by_role("button", name=re.compile("施設へ発送する")).click()
        expect(sato.locator(".badge").first).to_have_text("発送済")
        people.accessible(sato)
        people.shot(sato, "sent")
    with then("the clinic that left in April is not in the log, and labels come for the envelopes"):
        people.go(sato, f"{edition}?q={LEFT}")
        expect(sato.locator("section[aria-label=発送の記録]")).to_contain_text(
            "当てはまる医療機関がありません"
        )
        people.go(sato, edition)
        for sheet in ("24", "12"):
            made = sato.request.get(f"{people.url}{edition}labels.pdf?sheet={sheet}&start=1")
            assert made.body().startswith(b"%PDF")
        sato.get_by_role("button", name=re.compile("投函した")).click()
        expect(sato.get_by_role("button", name=re.compile("投函した"))).to_have_count(0)
    with then("REFUSE: a second copy to the same institution without a reason"):
        people.go(sato, f"{edition}?q=原医院")
        row = sato.locator("tr", has_text="原医院").first
        row.locator("summary").click()
        facility = row.locator("input[name=facility]").get_attribute("value") or ""
        before = sato.locator("tr", has_text="原医院").count()
        assert people.post(sato, f"{edition}send-to/", {"facility": facility, "words": ""}) == 422
        people.go(sato, f"{edition}?q=原医院")
        assert sato.locator("tr", has_text="原医院").count() == before
    with when("an envelope comes back"):
        row = sato.locator("tr", has_text="原医院").first
        row.locator("summary").click()
        row.get_by_label("原医院から戻った理由").fill("宛先不明")
        row.get_by_role("button", name="不達にする").click()
    with then("it is 佐藤's task until she sends it again with the reason"):
        people.go(sato, "/publications/editions/tasks/")
        expect(sato.locator("main")).to_contain_text("原医院")
        people.accessible(sato)
        sato.get_by_label("原医院へ再送する理由").fill("番地を直した")
        sato.get_by_role("button", name="再送する").click()
        expect(sato.locator("main")).to_contain_text("再送: 番地を直した")
    with then("木村 reads all three in Renkei"):
        people.go(kimura, "/publications/editions/received/")
        kimura.get_by_role("link", name="2026年6月号").click()
        for words in ("外来表", "当直医表", "広報誌"):
            expect(kimura.locator("main")).to_contain_text(words)
        people.accessible(kimura)
    with then("REFUSE: the duty table cannot be made public, and no address shows it to a stranger"):
        assert people.post(sato, f"{edition}publish/", {"parts": "duty"}) == 422
        people.go(sato, edition)
        sato.locator("section[aria-label=公開] input[value=outpatient]").check(force=True)
        sato.get_by_role("button", name="公開する内容を保存").click()
        public = sato.get_by_role("link", name="公開ページを見る").get_attribute("href") or ""
        stranger = people.stranger("outside")
        assert people.go(stranger, public) == 200
        expect(stranger.locator("main")).to_contain_text("外来表")
        assert "当直" not in stranger.inner_text("main")
        people.accessible(stranger)
        uid = edition.rstrip("/").rsplit("/", 1)[-1]
        for path in (f"{edition}duty.pdf", f"/publications/editions/received/{uid}/duty.pdf"):
            people.go(stranger, path)
            assert "/accounts/login" in stranger.url
    with when("a mistake is found: the correction marks what it replaces"):
        people.go(sato, edition)
        sato.locator("summary", has_text="訂正版を作る").click()
        sato.fill(
            "section[aria-label='間違いに気付いたとき'] #id_words, #id_words", "7月14日の担当を変更しました"
        )
        sato.get_by_role("button", name="訂正版を作る").click()
        sato.get_by_role("button", name="発送準備を完了する").click()
        sato.get_by_role("button", name=re.compile("施設へ発送する")).click()
        people.go(sato, edition)
        expect(sato.locator("main")).to_contain_text("差し替え済み")
        people.shot(sato, "replaced")
    with then("the edition of July is there by itself"):
        people.go(sato, "/publications/editions/")
        expect(sato.locator("main")).to_contain_text("2026年7月号")
        expect(sato.locator("main")).to_contain_text("7月25日")
