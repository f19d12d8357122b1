"""S01, the rates of a regional support hospital: visits from a file, numbers that open their lists, a month that is closed,
definitions that change, and the report of the year."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

HEADS = "受診日,患者番号,初診・再診,受診時刻,診療科,来院方法,休日,夜間,救急医療事業,紹介状,紹介元名称,受診ID"
YEAR = "from=2024-04&to=2024-11"
"""Months before the demo's own visits begin: what the file brings is everything that there is."""


def file_of_the_year(folder: Path) -> Path:
    """10,000 first visits: 1,200 by ambulance, 800 at night, 8,000 others, of them 4,400 with a letter; and three bad rows."""
    rows = [HEADS]
    for i in range(10_000):
        day = f"2024-{4 + i % 8:02d}-{1 + i % 28:02d}"
        mode, night, program, letter = "自力", "いいえ", "いいえ", ""
        if i < 1_200:
            mode = "救急車"
        elif i < 2_000:
            night = program = "はい"
        elif i < 6_400:
            letter = "紹介状"
        rows.append(
            f"{day},{i:06d},初診,10:00,循環器内科,{mode},いいえ,{night},{program},{letter},{'青木内科' if letter else ''},Y{i}"
        )
    rows += [
        "2024-13-01,1,初診,,,,,,,,,B1",
        "2024-05-01,,初診,,,,,,,,,B2",
        "2024-05-01,3,初診,,,馬車,,,,,,B3",
    ]
    path = folder / "初診_2024.csv"
    path.write_bytes("\r\n".join(rows).encode("cp932"))
    return path


def back_referrals_of_the_year(folder: Path) -> Path:
    """5,680 patients given back."""
    rows = ["逆紹介日,患者番号,紹介先名称,患者の同意,文書,逆紹介ID"]
    rows += [f"2024-{4 + i % 8:02d}-{1 + i % 28:02d},{i:06d},林医院,はい,はい,G{i}" for i in range(5_680)]
    path = folder / "逆紹介_2024.csv"
    path.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    return path


def take_in(page: Page, people: Desk, file: Path, kind: str) -> str:
    """Upload through the page, wait for the worker, return the address of the report."""
    people.go(page, "/indicators/import/")
    page.locator(f"input[name=kind][value={kind}]").check()
    page.set_input_files("input[name=file]", str(file))
    page.get_by_role("button", name="取り込む", exact=True).click()
    expect(page.locator("#progress")).to_contain_text("取り込み済み", timeout=90_000)
    return page.url


def number(text: str) -> int:
    return int(text.replace(",", "").strip())


def rate(page: Page, people: Desk, key: str, query: str = YEAR) -> str:
    people.go(page, f"/indicators/of/{key}/?{query}")
    return page.locator(".rate-value").inner_text().strip()


def test_the_rates_of_a_year_from_file_to_report(people: Desk, site: Site, tmp_path: Path) -> None:
    with given(
        "佐藤 has the visits of a year as a file of the hospital's own system, with three broken rows"
    ):
        desk = people.at("sato.h1")
        visits = file_of_the_year(tmp_path)
    with when("she takes it in"):
        report = take_in(desk, people, visits, "visits")
    with then("10,000 visits are in, and each broken row says what to do"):
        expect(desk.locator("#progress")).to_contain_text("10,000")
        people.go(desk, report.removeprefix(site.url))
        rows = desk.locator("section[aria-label=取り込めない行] tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(0)).to_contain_text("10,002行目")
        expect(rows.nth(1)).to_contain_text("「患者番号」が空です")
        expect(rows.nth(2)).to_contain_text("馬車")
        people.accessible(desk)
    with when("the same file comes again"):
        before = site.count("indicators_visit")
        take_in(desk, people, visits, "visits")
    with then("nothing is doubled"):
        assert site.count("indicators_visit") == before
    with when("the ledger of patients given back follows"):
        take_in(desk, people, back_referrals_of_the_year(tmp_path), "back_referrals")
    with then("the rates are those of the law: 55.0 % and 71.0 % over 8,000 first visits"):
        assert rate(desk, people, "back_referral_rate_medical_care_act") == "71.0%"
        assert rate(desk, people, "referral_rate_medical_care_act") == "55.0%"
        people.shot(desk, "rate")
    with then("each number opens a list of exactly as many rows"):
        for letter, wanted in (("A", 4_400), ("B", 8_000)):
            link = desk.locator(f"a[data-term={letter}]")
            assert number(link.inner_text()) == wanted
            link.click()
            expect(desk.locator("#count")).to_have_text(f"{wanted:,}")
            people.accessible(desk)
            desk.go_back()
    with then("route ウ is fulfilled, ア and イ say how much is missing"):
        people.go(desk, f"/indicators/?{YEAR}")
        law = desk.locator("section[aria-label=医療法の判定] tbody tr")
        expect(law.nth(0)).to_contain_text("未達")
        expect(law.nth(0)).to_contain_text("あと 25.0")
        expect(law.nth(1)).to_contain_text("未達")
        expect(law.nth(2)).to_contain_text("達成")


def test_a_closed_month_and_an_old_report_keep_their_version(people: Desk, site: Site) -> None:
    year = "fy=2025"
    with given("the fiscal year 2025 of みどり中央病院 is closed, month by month"):
        desk = people.at("sato.h1")
        before = rate(desk, people, "referral_rate_medical_care_act", year)
        may = rate(desk, people, "referral_rate_medical_care_act", "from=2026-05&to=2026-05")
    with when("佐藤 makes the report of the year and downloads it"):
        people.go(desk, "/indicators/reports/")
        desk.get_by_role("button", name="2025年度の報告書を作る").click()
        expect(desk.locator("h1")).to_have_text("2025年度 業務報告書")
        people.accessible(desk)
        people.shot(desk, "report")
        with desk.expect_download() as waiting:
            desk.get_by_role("link", name="Excelで書き足す").click()
        sheet = openpyxl.load_workbook(BytesIO(Path(waiting.value.path()).read_bytes())).active
    with then("it has the number of the page, and grey blanks for what the product cannot know"):
        assert sheet is not None
        cells = {row[0].value: row[1].value for row in sheet.iter_rows()}
        assert cells["紹介率"] == float(before.removesuffix("%"))
        assert cells["共同利用に関する規程の有無"] == "記入欄"
    with when("岡 counts ambulances from April 2025 on"):
        admin = people.at("oka.h1")
        people.go(admin, "/indicators/definitions/")
        people.accessible(admin)
        admin.get_by_text("この施設の数え方を変える").first.click()
        form = admin.locator("#medical_care_act form")
        form.locator("input[name=exclude_ambulance]").uncheck()
        form.locator("input[name=valid_from]").fill("2025-04")
        form.locator("input[name=reason]").fill("県の指導により救急車を分母に含める")
        form.get_by_role("button", name="新しい版として登録").click()
        expect(admin.get_by_text("県の指導により").first).to_be_visible()
    with then("closed months stand as they were, the open month has another number"):
        assert rate(desk, people, "referral_rate_medical_care_act", year) == before
        assert rate(desk, people, "referral_rate_medical_care_act", "from=2026-05&to=2026-05") != may
    with when("佐藤 closes May"):
        people.go(desk, "/indicators/months/")
        people.accessible(desk)
        desk.get_by_role("button", name="2026年5月を締める").click()
        expect(desk.get_by_text("2026年5月を締めました").first).to_be_visible()
    with then("she cannot open it again, 岡 can, with a reason"):
        people.go(desk, "/indicators/months/")
        expect(desk.get_by_text("締めを解除")).to_have_count(0)
        people.go(admin, "/indicators/months/")
        admin.get_by_text("締めを解除").first.click()
        admin.get_by_label("2026年5月の締めを解除する理由").fill("受診の入力もれ")
        admin.get_by_role("button", name="解除する").first.click()
        expect(admin.get_by_text("解除: 受診の入力もれ").first).to_be_visible()


def test_what_the_server_refuses(people: Desk, site: Site) -> None:
    with given("a period without a single first visit"):
        desk = people.at("sato.h1")
        people.go(desk, "/indicators/?from=2023-01&to=2023-02")
    with then("every rate says 計算不可, never 0 % and never 100 %"):
        values = desk.locator(".rate-value").all_inner_texts()
        assert len(values) == 6
        assert {v.strip() for v in values} == {"計算不可"}
    with then("the running month cannot be closed, a closed one takes no rows"):
        assert people.post(desk, "/indicators/months/close/", {"month": "2026-06"}) == 409
        assert people.post(desk, "/indicators/months/close/", {"month": "2026-04"}) == 409
    with then("佐藤 cannot change how is counted, and a physician sees no figures"):
        told = {"definition": "medical_care_act", "valid_from": "2026-06", "reason": "x"}
        assert people.post(desk, "/indicators/definitions/", told) in (403, 422)
        assert people.go(people.at("takahashi.h1"), "/indicators/") == 403
    with then("another house sees nothing of it"):
        clinic = people.at("aoki.c1")
        if people.go(clinic, "/indicators/?fy=2025") == 200:
            assert "6,8" not in clinic.locator(".rates").inner_text()


def test_map_streams_and_figures_on_a_desk_and_on_a_phone(people: Desk, site: Site) -> None:
    desk = people.at("sato.h1")
    for path in (
        "/indicators/",
        "/indicators/sources/",
        "/indicators/of/days_to_reply/",
        "/indicators/import/",
        "/indicators/reports/",
    ):
        people.go(desk, path)
        for size in (DESKTOP, PHONE):
            desk.set_viewport_size(size)
            people.accessible(desk)
        desk.set_viewport_size(DESKTOP)
    with then("the map and the table beside it agree"):
        people.go(desk, "/indicators/sources/")
        first = desk.locator("section[aria-label=市区町村の表] tbody tr").first
        tile = desk.locator(".tile title", has_text=first.locator("th").inner_text())
        assert number(first.locator("td").nth(1).inner_text()) == number(
            re.findall(r"([\d,]+)人", tile.text_content() or "")[0]
        )
        people.shot(desk, "sources")
