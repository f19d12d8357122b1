"""The tables of an edition: what a file may bring, and what each bad row is told."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from renkei.gate.context import acting
from renkei.kernel.errors import Invalid
from renkei.publications.editions import making, tables
from renkei.publications.models import Edition, Part, Source
from renkei.publications.tests.region import open_scheme
from testing.cast import Cast
from testing.fixtures import StaffClient

JULY = date(2026, 7, 1)


def csv_of(*lines: str, encoding: str = "utf-8-sig") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def xlsx_of(rows: list[list[Any]], merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


DUTY = ["日付,内科系,外科系,備考", *[f"2026/7/{day},高橋,石田," for day in range(1, 32)]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp932"])
def test_a_duty_table_is_read_from_csv_as_spreadsheets_write_it(encoding: str) -> None:
    report = tables.read(Part.DUTY, JULY, csv_of(*DUTY, encoding=encoding))
    assert not report.problems
    assert report.columns == ["内科系", "外科系"]
    assert len(report.rows) == 31
    assert report.rows[0] == tables.row(["2026-07-01"], ["高橋", "石田"])


def test_a_duty_table_is_read_from_xlsx_with_real_dates() -> None:
    rows: list[list[Any]] = [["当直医表 7月"], ["日付", "内科系"]]
    rows += [[day, "高橋"] for day in tables.days_of(JULY)]
    report = tables.read(Part.DUTY, JULY, xlsx_of(rows))
    assert not report.problems
    assert [one["head"][0] for one in report.rows][:2] == ["2026-07-01", "2026-07-02"]


def test_merged_cells_of_a_clinic_table_repeat_the_department() -> None:
    rows = [
        ["診療科", "時間", "月", "火", "水", "木", "金", "土"],
        ["循環器内科", "午前", "高橋", "石田", "", "", "", ""],
        [None, "午後", "休診", "", "", "", "", ""],
    ]
    report = tables.read(Part.OUTPATIENT, JULY, xlsx_of(rows, merge="A2:A3"))
    assert not report.problems
    assert [one["head"] for one in report.rows] == [["循環器内科", "午前"], ["循環器内科", "午後"]]
    assert report.rows[0]["cells"] == ["高橋", "石田", "", "", "", ""]


def test_every_bad_row_is_named_with_its_line() -> None:
    raw = csv_of(
        "日付,内科系",
        "2026-07-01,高橋",
        "2026-08-02,石田",
        "7月32日,石田",
        "1,石田",
        f"3,{'長' * 61}",
    )
    report = tables.read(Part.DUTY, JULY, raw)
    assert [number for number, _ in report.problems] == [3, 4, 5, 6]
    assert "7月の日付ではありません" in report.problems[0][1]
    assert "2行目と同じ" in report.problems[2][1]
    assert "60文字まで" in report.problems[3][1]


def test_a_file_without_the_headings_is_refused_whole() -> None:
    with pytest.raises(Invalid) as refused:
        tables.read(Part.DUTY, JULY, csv_of("名前,当番", "高橋,○"))
    assert "日付" in refused.value.message_ja
    with pytest.raises(Invalid):
        tables.read(Part.OUTPATIENT, JULY, csv_of("診療科,時間,祝日", "内科,午前,高橋"))


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04 broken", b"\xff\xfe\x00\x01\x02", b'a,"b'])
def test_what_is_no_table_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        tables.read(Part.DUTY, JULY, raw)
    assert refused.value.field == "file"


def test_a_file_that_goes_on_after_the_table_is_refused() -> None:
    with pytest.raises(Invalid, match="1,000行まで"):
        tables.read(Part.DUTY, JULY, csv_of(*DUTY, *["x"] * 1_000))


def test_the_lines_of_a_report_are_the_lines_of_the_file() -> None:
    raw = csv_of("7月の当直", "", "日付,内科系", "", "2026-07-01,高橋", "2026-08-02,石田")
    assert [number for number, _ in tables.read(Part.DUTY, JULY, raw).problems] == [6]


class Desk:
    def __init__(self, cast: Cast) -> None:
        open_scheme(cast, "C1")
        self.sato = cast.actor("sato")
        with acting(self.sato):
            self.edition: Edition = making.start(self.sato, month_on=date(2026, 6, 1))

    def url(self, name: str, kind: str = "duty") -> str:
        return reverse(f"publications:{name}", args=[self.edition.uid, kind])

    def table(self, kind: str = "duty") -> Any:
        with acting(self.sato):
            return making.table_of(self.sato, self.edition, kind)


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return Desk(cast)


def test_an_import_fills_the_grid_and_is_kept_only_when_saved(desk: Desk, browser: StaffClient) -> None:
    browser.log_in(desk.sato)
    file = SimpleUploadedFile("7月当直.csv", csv_of(*DUTY))
    answer = browser.post(desk.url("edition_import"), {"file": file})
    assert answer.status_code == 200
    assert "まだ保存していません" in answer.content.decode()
    assert not any(any(one["cells"]) for one in desk.table().rows)
    posted: dict[str, Any] = {"column": ["内科系", "外科系"], "version": desk.table().version}
    for number, day in enumerate(tables.days_of(JULY)):
        posted |= {f"h-{number}": day.isoformat(), f"c-{number}": ["高橋", "石田"], f"n-{number}": ""}
    answer = browser.post(desk.url("edition_table"), posted | {"source_note": "7月当直.csv"})
    assert answer.status_code == 302
    kept = desk.table()
    assert (kept.source, kept.source_note) == (Source.IMPORTED, "7月当直.csv")
    assert kept.rows[30]["cells"] == ["高橋", "石田"]


def test_one_bad_row_and_nothing_of_the_file_is_taken(desk: Desk, browser: StaffClient) -> None:
    browser.log_in(desk.sato)
    file = SimpleUploadedFile("bad.csv", csv_of(*DUTY[:5], "2026-08-01,高橋,石田,"))
    answer = browser.post(desk.url("edition_import"), {"file": file})
    assert answer.status_code == 422
    assert "6行目" in answer.content.decode()
    assert not any(any(one["cells"]) for one in desk.table().rows)


def test_a_column_is_added_and_a_department_in_an_empty_row(desk: Desk) -> None:
    duty = desk.table()
    with acting(desk.sato):
        rows = [one | {"cells": ["高橋", "石田", "小松"]} for one in duty.rows]
        kept = making.save_table(desk.sato, duty, columns=["内科系", "外科系", "小児科"], rows=rows)
        assert kept.rows[0]["cells"] == ["高橋", "石田", "小松"]
        clinic = making.table_of(desk.sato, desk.edition, Part.OUTPATIENT)
        rows = [*clinic.rows, tables.row(["小児科", "午前"], ["小松"])]
        kept = making.save_table(desk.sato, clinic, columns=clinic.columns, rows=rows)
        assert kept.rows[-1]["cells"] == ["小松", "", "", "", "", ""]
        with pytest.raises(Invalid):
            making.save_table(desk.sato, kept, columns=kept.columns, rows=[kept.rows[0], kept.rows[0]])
