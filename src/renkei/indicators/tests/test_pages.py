"""The pages: numbers that open their lists, files that spreadsheets open, closing, the report, and who sees what."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pypdf
import pytest

from renkei.audit.models import AuditEntry
from renkei.indicators.drawing.flow import OTHERS, REST, flow, merged
from renkei.indicators.drawing.tiles import tile_map
from renkei.indicators.export import as_csv, as_xlsx
from renkei.indicators.models import Report
from renkei.indicators.reporting import papers
from renkei.indicators.tests.conftest import MAY, House
from renkei.indicators.types import Period
from renkei.kernel import clock
from renkei.patients.models import Patient
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

YEAR = date(2025, 5, 12)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_every_number_of_the_first_page_opens_a_list_of_as_many_rows(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.a_year_of_the_law()
    browser.log_in(cast.actor("sato"))
    page = browser.get("/indicators/?from=2026-05&to=2026-05").content.decode()
    links = re.findall(r'<dd><a href="(/indicators/of/[^"]+)">([\d,]+)</a></dd>', page)
    assert len(links) == 14
    for url, shown in links:
        listed = browser.get(url.replace("&amp;", "&")).content.decode()
        assert number(re.findall(r'<span id="count">([\d,]+)</span>', listed)[0]) == number(shown), url


def test_the_list_comes_as_csv_and_xlsx_with_the_same_rows(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.visits(3, referral_doc="letter", from_name="=HYPERLINK(0)", patient_number="@1")
    browser.log_in(cast.actor("sato"))
    base = "/indicators/of/referral_rate_medical_care_act/A/?from=2026-05&to=2026-05&as="
    content = browser.get(base + "csv").content
    assert content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    assert [r["紹介元"] for r in rows] == ["'=HYPERLINK(0)"] * 3
    assert rows[0]["患者番号"] == "'@1"
    sheet = openpyxl.load_workbook(BytesIO(browser.get(base + "xlsx").content)).active
    assert sheet is not None
    assert sheet.max_row == 4
    cell = sheet.cell(2, 10)
    assert (cell.value, cell.data_type) == ("=HYPERLINK(0)", "s")


def test_a_cell_that_begins_like_a_formula_is_text_in_both_files() -> None:
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", "ふつう"]
    told = next(iter(csv.reader(StringIO(as_csv(["a"] * 6, [evil]).decode("utf-8-sig")).readlines()[1:])))
    assert told == [f"'{x}" for x in evil[:5]] + ["ふつう"]
    sheet = openpyxl.load_workbook(BytesIO(as_xlsx("x", ["a"] * 6, [evil]))).active
    assert sheet is not None
    assert [c.data_type for c in sheet[2]] == ["s"] * 6


@pytest.mark.parametrize("who", ["takahashi", "aoki", "kimura", "hayashi"])
def test_only_the_liaison_office_and_administrators_see_figures_and_a_clinic_sees_its_own(
    cast: Cast, browser: StaffClient, house: House, who: str
) -> None:
    house.a_year_of_the_law()
    browser.log_in(cast.actor(who))
    answer = browser.get("/indicators/?from=2026-05&to=2026-05")
    if who == "aoki":
        assert answer.status_code == 200
        assert "計算不可" in answer.content.decode()
    else:
        assert answer.status_code == 403


def test_an_administrator_without_the_right_to_patients_sees_counts_but_no_names(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.visits(2, patient_number="773311", patient=cast.patient("suzuki"), referral_doc="letter")
    url = "/indicators/of/reply_rate/N/?from=2026-05&to=2026-05"
    shown = browser.log_in(cast.actor("oka")).get(url).content.decode()
    assert "773311" not in shown
    assert "鈴木" not in shown
    assert "773311" not in browser.get(url + "&as=csv").content.decode()
    assert "773311" in StaffClient().log_in(cast.actor("sato")).get(url).content.decode()


def test_reading_a_list_leaves_a_line_in_the_trail_that_names_the_patients(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    with arranging():
        patient = Patient(
            facility=cast.facility("H1"), name="外来 太郎", kana="ガイライ タロウ", birth_on=date(1970, 1, 1)
        )
        patient.make_keys()
        patient.save()
    house.visits(1, patient=patient, referral_doc="letter")
    browser.log_in(cast.actor("sato")).get("/indicators/of/reply_rate/N/?from=2026-05&to=2026-05")
    with arranging():
        line = AuditEntry._base_manager.order_by("-id").filter(action="indicators.views.records").first()
        assert line is not None
        assert list(line.patient_ids) == [patient.pk]


def test_a_denominator_of_zero_reads_keisan_fuka_and_never_a_percentage(
    cast: Cast, browser: StaffClient
) -> None:
    page = browser.log_in(cast.actor("sato")).get("/indicators/of/referral_rate_medical_care_act/")
    text = page.content.decode()
    assert "計算不可" in text
    assert ">0.0" not in text
    assert "100.0" not in text


@pytest.mark.parametrize(
    "query", ["?fy=abcd", "?from=2026-13", "?from=2026-05&to=2026-04", "?from=2010-01&to=2026-01", "?from=x"]
)
def test_a_period_that_is_none_is_refused_with_a_sentence(
    cast: Cast, browser: StaffClient, query: str
) -> None:
    assert browser.log_in(cast.actor("sato")).get("/indicators/" + query).status_code == 422


def test_unknown_indicators_terms_and_formats_are_not_found(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    for path in ("of/x/", "of/reply_rate/Z/", "file/?as=exe", "import/sample/x/", "reports/x/"):
        assert browser.get("/indicators/" + path).status_code == 404


def test_the_pages_cost_the_same_number_of_queries_for_few_rows_and_for_many(
    cast: Cast, browser: StaffClient, house: House, django_assert_max_num_queries: Any
) -> None:
    browser.log_in(cast.actor("sato"))
    for many in (3, 300):
        house.visits(many, referral_doc="letter", from_facility=cast.facility("C1"), from_name="青木内科")
        for path, most in (
            ("", 34),
            ("sources/", 30),
            ("of/reply_rate/", 38),
            ("of/reply_rate/N/", 36),
            ("months/", 28),
        ):
            with django_assert_max_num_queries(most):
                browser.get(f"/indicators/{path}?from=2026-05&to=2026-05")


def test_closing_and_opening_again_through_the_pages(cast: Cast, browser: StaffClient, house: House) -> None:
    house.visits(3)
    browser.log_in(cast.actor("sato"))
    assert browser.post("/indicators/months/close/", {"month": "2026-06"}).status_code == 409
    assert browser.post("/indicators/months/close/", {"month": "2026-05"}).status_code == 302
    page = browser.get("/indicators/months/").content.decode()
    assert "佐藤 恵が締め" in page
    admin = StaffClient().log_in(cast.actor("oka"))
    found = re.search(
        r'action="(/indicators/months/[^"]+/reopen/)"', admin.get("/indicators/months/").content.decode()
    )
    assert found
    assert browser.post(found[1], {"reason": "x"}).status_code == 403
    assert admin.post(found[1], {"reason": " "}).status_code == 422
    assert admin.post(found[1], {"reason": "入力もれ"}).status_code == 302
    assert "解除: 入力もれ" in admin.get("/indicators/months/").content.decode()


def test_the_report_of_the_year_says_what_is_known_and_marks_what_is_not(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.visits(10, visit_on=YEAR, referral_doc="letter")
    house.visits(10, visit_on=YEAR)
    house.back_referrals(15, issued_on=YEAR)
    browser.log_in(cast.actor("sato"))
    made = browser.post("/indicators/reports/", {"fiscal_year": "2025"})
    assert made.status_code == 302
    page = browser.get(made.url).content.decode()
    titles = re.findall(r'<section class="card" aria-label="([^"]+)"', page)
    assert [t[:4] for t in titles] == [
        "病院の概",
        "他の病院",
        "共同利用",
        "救急医療",
        "地域の医",
        "診療並び",
        "諸記録の",
        "委員会の",
        "患者相談",
        "もとの数",
    ]
    sheet = openpyxl.load_workbook(BytesIO(browser.get(made.url + "xlsx/").content)).active
    assert sheet is not None
    cells = {row[0].value: row[1] for row in sheet.iter_rows()}
    assert (cells["紹介率"].value, cells["紹介率"].number_format) == (50, "0.0")
    assert cells["逆紹介率"].value == 75
    assert [cells[x].value for x in ("A 紹介患者の数", "B 初診患者の数", "C 逆紹介患者の数")] == [10, 20, 15]
    assert cells["委員会の開催回数"].value == "記入欄"
    assert cells["委員会の開催回数"].fill.fgColor.rgb == "FFD9D9D9"


EIGHT = (
    "1 他の病院又は診療所から紹介された患者に対し医療を提供した実績",
    "2 共同利用の実績",
    "3 救急医療の提供の実績",
    "4 地域の医療従事者の資質の向上を図るための研修の実績",
    "5 診療並びに病院の管理及び運営に関する諸記録の管理方法",
    "6 諸記録の閲覧方法及び閲覧の実績",
    "7 委員会の開催の実績",
    "8 患者相談の実績",
)
"""医療法施行規則 9条の2, in its order."""


def _in_order(wanted: tuple[str, ...], said: str) -> bool:
    places = [said.find(title) for title in wanted]
    return -1 not in places and places == sorted(places)


def test_both_papers_of_the_report_have_the_eight_items_of_the_law_in_order_and_each_blank_marked(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.visits(1234, visit_on=YEAR, referral_doc="letter")
    browser.log_in(cast.actor("sato"))
    made = browser.post("/indicators/reports/", {"fiscal_year": "2025"})
    with arranging():
        rows = [r for s in Report._base_manager.get().content["sections"] for r in s["rows"]]
    open_rows = [r["label"] for r in rows if r["blank"]]
    assert len(open_rows) > 40
    sheet = openpyxl.load_workbook(BytesIO(browser.get(made.url + "xlsx/").content)).active
    assert sheet is not None
    lines = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
    assert _in_order(EIGHT, "\n".join(line[0] for line in lines))
    assert [line[0] for line in lines if line[1] == "記入欄"] == open_rows
    paper = pypdf.PdfReader(BytesIO(browser.get(made.url + "pdf/").content))
    pages = [re.sub(r"\s", "", page.extract_text()) for page in paper.pages]
    assert _in_order(tuple(re.sub(r"\s", "", title) for title in EIGHT), "".join(pages))
    assert "".join(pages).count("記入欄") == len(open_rows) + 1, "each blank, and the line that explains them"
    assert "1,234人" in "".join(pages)


def test_a_report_that_was_made_before_blanks_had_lines_is_still_set_on_both_papers(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    browser.log_in(cast.actor("sato"))
    made = browser.post("/indicators/reports/", {"fiscal_year": "2025"})
    with arranging():
        report = Report._base_manager.get()
    for section in report.content["sections"]:
        for row in section["rows"]:
            row.pop("lines", None)
    assert papers.as_pdf(report).startswith(b"%PDF")
    assert openpyxl.load_workbook(BytesIO(papers.as_xlsx(report))).active is not None
    assert made.status_code == 302


def test_an_old_report_keeps_its_numbers_when_visits_and_definitions_change(
    cast: Cast, browser: StaffClient, house: House
) -> None:
    house.visits(10, visit_on=YEAR, referral_doc="letter")
    house.visits(10, visit_on=YEAR)
    browser.log_in(cast.actor("sato"))
    first = browser.post("/indicators/reports/", {"fiscal_year": "2025"}).url
    before = browser.get(first + "pdf/").content
    house.visits(20, visit_on=YEAR, arrival_mode="ambulance_public")
    told = {
        "definition": "medical_care_act",
        "valid_from": "2025-04",
        "reason": "比べるため",
        "exclude_emergency": "on",
    }
    assert StaffClient().log_in(cast.actor("oka")).post("/indicators/definitions/", told).status_code == 302
    second = browser.post("/indicators/reports/", {"fiscal_year": "2025"}).url
    with arranging():
        kept = {
            r.number: r.content["figures"]["referral_rate_medical_care_act"]["value"]
            for r in Report._base_manager.all()
        }
    assert kept == {1: "50.0", 2: "25.0"}
    assert browser.get(first + "pdf/").content == before
    assert "施設の設定 2025-04-01" in browser.get(second).content.decode()


def test_a_year_that_is_not_over_has_no_report(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.actor("sato"))
    for year in ("2026", "x"):
        assert browser.post("/indicators/reports/", {"fiscal_year": year}).status_code == 409


def test_streams_lose_no_patient_and_keep_the_largest_by_name() -> None:
    streams = [(f"医院{i}", f"科{i % 12}", 100 - i) for i in range(60)]
    found = merged(streams, 10, 8)
    assert sum(found.values()) == sum(n for *_x, n in streams)
    assert len({s for s, _d in found}) == 11
    drawn = flow(streams, width=1000, words=200)
    assert drawn.senders[-1].label == OTHERS
    assert [n.tone for n in drawn.departments] == [*range(8), REST]
    few = flow(streams, width=340, words=112, senders=4, departments=3)
    assert [n.tone for n in few.departments] == [0, 1, 2, REST], "the rest is grey in the small picture too"
    assert sum(n.count for n in drawn.departments) == sum(found.values())
    assert all(
        n.y >= 0 and n.y + n.height <= drawn.height + 0.5 for n in [*drawn.senders, *drawn.departments]
    )


def test_the_map_of_the_prefecture_has_each_municipality_once(cast: Cast) -> None:
    with arranging():
        from renkei.directory import reference
        from renkei.directory.queries import areas
        from renkei.directory.types import AreaLevel

        reference.load()
        places = areas(AreaLevel.MUNICIPALITY)
    drawn = tile_map(places, {"14214": 900, "14211": 1}, "14")
    assert len({(t.x, t.y) for t in drawn.tiles}) == len(drawn.tiles) == 58
    shades = {t.code: t.shade for t in drawn.tiles}
    assert (shades["14214"], shades["14211"], shades["14203"]) == (5, 1, 0)


def test_a_period_without_words_is_the_last_twelve_whole_months() -> None:
    with clock.frozen(clock.jst(2026, 6, 1, 9)):
        assert Period.latest_year() == Period(date(2025, 6, 1), date(2026, 5, 1))
    with clock.frozen(clock.jst(2026, 1, 15, 9)):
        assert Period.latest_year() == Period(date(2025, 1, 1), date(2025, 12, 1))
    assert MAY.year == 2026
