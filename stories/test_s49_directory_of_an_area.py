"""S49: the directory of an area: 650 institutions from the prefecture's list, dental included, kept fresh by themselves.

REFUSE: a list with wrong rows is not half saved; a code that stands twice; a member of staff who may not bring lists in; a
corporation's staff in another one's data; a closed clinic as a receiver; a staff note outside the house that wrote it.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from renkei.directory.imports.tests import area
from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

IMPORT = "/directory/import/"
FAR_FROM_AREA = "架空650番歯科医院"


def choose(people: Desk, page: Page, name: str, content: bytes) -> None:
    """Pick a file and go on to the next page."""
    people.go(page, IMPORT)
    page.set_input_files("input[name=file]", {"name": name, "mimeType": "text/csv", "buffer": content})
    with page.expect_navigation():
        page.get_by_role("button", name="内容を確認する").click()


def facility_page(people: Desk, page: Page, words: str) -> str:
    """Find a facility by words; the path of its page."""
    people.go(page, f"/directory/?q={words}&closed=1")
    href = page.locator("tr[data-row] a").first.get_attribute("href")
    assert href
    people.go(page, href)
    return href


def both_widths(people: Desk, page: Page, name: str) -> None:
    """Nothing that WCAG forbids on a desk and on a phone."""
    for size, word in ((PHONE, "phone"), (DESKTOP, "desk")):
        page.set_viewport_size(size)
        people.accessible(page)
        people.shot(page, f"{name}-{word}")


def test_the_prefectures_list_comes_in_and_nothing_is_half_saved(people: Desk, site: Site) -> None:
    nagai, sato = people.at("nagai.h1"), people.at("sato.h1")
    before = site.count("directory_facility")

    with given("a list of 650 institutions in which three rows are wrong"):
        lines = area.rows()
        lines[1][0] = lines[0][0]
        lines[40][3] = "よくわからない所"
        lines[640][13] = "朝から夕方まで"

    with when("the system administrator chooses it, its columns are recognised and kept under a name"):
        choose(people, nagai, "県の一覧.csv", area.as_csv(lines))
        expect(nagai.get_by_label("「医療機関コード」の意味")).to_have_value("institution_number")
        both_widths(people, nagai, "columns")
        nagai.get_by_label("この対応を残す名前").fill("県の医療機関一覧")
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="1行ずつ確認する").click()

    with then("every wrong row is named, and the list is not taken in with them"):
        for words in ("3行目", "2行目と同じ施設です", "よくわからない所", "朝から夕方まで"):
            expect(nagai.locator("main")).to_contain_text(words)
        both_widths(people, nagai, "report")
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="647件を取り込む").click()
        expect(nagai.locator("body")).to_contain_text("直しが必要な行が3件あります")
        assert site.count("directory_facility") == before

    with when("the corrected file is chosen, the mapping is offered again"):
        choose(people, nagai, "県の一覧(直し).csv", area.as_csv(area.rows()))
        expect(nagai.locator("main")).to_contain_text("前に残した対応「県の医療機関一覧」")
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="1行ずつ確認する").click()
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="650件を取り込む").click()

    with then("the job takes all 650 in, and a dental clinic is found by a word of its name"):
        expect(nagai.locator("#import-progress")).to_contain_text("取り込み済み", timeout=240_000)
        expect(nagai.locator("#import-progress")).to_contain_text("新規 650件")
        assert site.count("directory_facility") == before + 650
        facility_page(people, sato, "架空650")
        expect(sato.locator("h1")).to_contain_text(FAR_FROM_AREA)
        expect(sato.locator("main")).to_contain_text("歯科口腔外科")

    with then("staff of a hospital bring no lists in, and the same list once more changes nothing"):
        assert people.go(sato, IMPORT) == 403
        choose(people, nagai, "県の一覧.csv", area.as_csv(area.rows()))
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="1行ずつ確認する").click()
        expect(nagai.locator("main")).to_contain_text("変更なし 650件")


def test_a_clinic_keeps_its_own_data_and_a_closed_one_is_not_offered(people: Desk, site: Site) -> None:
    aoki, sato, nagai = people.at("aoki.c1"), people.at("sato.h1"), people.at("nagai.h1")
    clinic = facility_page(people, aoki, "青木内科")

    with when("the clinic enters a closing day"):
        people.go(aoki, f"{clinic}closing-days/")
        aoki.get_by_label("はじめの日").fill("2026-06-01")
        aoki.get_by_label("理由・案内").fill("学会出席のため")
        with aoki.expect_navigation():
            aoki.get_by_role("button", name="登録する").click()
        both_widths(people, aoki, "closing-days")

    with then("the hospital sees it at once, and when the clinic confirmed its data"):
        people.go(sato, clinic)
        expect(sato.locator("main")).to_contain_text("本日は休診しています")
        expect(sato.locator("main")).to_contain_text("最終確認 2026年4月7日")
        assert people.post(sato, f"{clinic}profile/confirm/", {}) == 403
        assert people.post(sato, f"{clinic}profile/", {"message": "よその施設"}) == 403

    with when("the hospital notes something for itself, and the clinic confirms its data"):
        sato.get_by_role("textbox", name="メモ").fill("水曜の午後はFAXが確実")
        with sato.expect_navigation():
            sato.get_by_role("button", name="メモを書く").click()
        expect(sato.locator("main")).to_contain_text("水曜の午後はFAXが確実")
        people.go(aoki, clinic)
        with aoki.expect_navigation():
            aoki.get_by_role("button", name="この内容で正しい").click()

    with then("the day of the confirmation stands there, and the note stays in the hospital"):
        expect(aoki.locator("main")).to_contain_text("最終確認 2026年6月1日")
        expect(aoki.locator("main")).not_to_contain_text("FAXが確実")
        both_widths(people, aoki, "facility")

    with then("a clinic that closed is not offered as a receiver any more"):
        other = facility_page(people, nagai, "林医院")
        people.go(nagai, f"{other}close/")
        nagai.get_by_label("閉院日").fill("2026-06-01")
        with nagai.expect_navigation():
            nagai.get_by_role("button", name="保存する").click()
        found = aoki.request.get(f"{site.url}/directory/suggest/?q=林医院").json()["results"]
        assert "林医院" not in [line["text"] for line in found]
