"""The report as a workbook: one sheet for each part, every line with its number, answer code and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from renkei.directory.models import Facility
from renkei.publications.functions import present
from renkei.publications.functions.types import Form, Item, Kind, ReportState
from renkei.publications.models import FunctionReport

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
HEADS = ("区分", "No.", "報告事項", "回答コード", "回答", "対象期間", "昨年の回答", "備考")
WIDTHS = (22, 6, 52, 12, 46, 24, 30, 34)
_NARROW = (18, 30, 14)


def code_of(item: Item, value: Any) -> str:
    """What goes into the column of codes; names for institutions."""
    if value in (None, "", []):
        return ""
    if item.kind is Kind.FACILITIES:
        return "、".join(one["name"] for one in value)
    return "・".join(value) if isinstance(value, list) else str(value)


def report_book(form: Form, row: FunctionReport, house: Facility) -> bytes:
    """One facility's report."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, _OPTIONS)
    wrap = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    bold = book.add_format({"bold": True, "bg_color": "#E8F1FE", "border": 1, "text_wrap": True})
    top = _top(form, row, house)
    for number, name in ((1, "1号機能"), (2, "2号機能")):
        sheet = book.add_worksheet(name)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        for line, (label, value) in enumerate(top):
            sheet.write_string(line, 0, label, bold)
            sheet.write_string(line, 2, value)
        start = len(top) + 1
        for column, head in enumerate(HEADS):
            sheet.write_string(start, column, head, bold)
        sheet.freeze_panes(start + 1, 0)
        sheet.repeat_rows(start)
        for line, cells in enumerate(_rows(form, row, number), start=start + 1):
            for column, cell in enumerate(cells):
                sheet.write_string(line, column, cell, wrap)
    book.close()
    return out.getvalue()


def _top(form: Form, row: FunctionReport, house: Facility) -> list[tuple[str, str]]:
    return [
        ("報告", form.title),
        ("医療機関名", house.name),
        ("医療機関番号", house.institution_number or ""),
        ("状態", str(ReportState(row.state).label)),
        ("1号機能", "有り" if row.part_one_held else "無し"),
        (
            "2号機能",
            "・".join(sign for sign, _h, there, _i in present.functions(form, row) if there) or "無し",
        ),
    ]


def _rows(form: Form, row: FunctionReport, number: int) -> Iterable[Sequence[str]]:
    answers = row.part_one if number == 1 else row.part_two
    for _key, heading, lines in present.sections(form, row, number):
        for line in lines:
            if line.asked:
                note = line.item.note if line.item.certain else f"{line.item.note}(コードは要確認)"
                code = (
                    ""
                    if line.item.kind is Kind.FACILITIES
                    else code_of(line.item, answers.get(line.item.key))
                )
                yield (
                    heading, line.item.number, line.item.label, code, line.says, line.item.period_label, line.before, note
                )  # fmt: skip


def area_book(form: Form, rows: Sequence[FunctionReport], lines: Sequence[present.AreaLine]) -> bytes:
    """The reports of an area, a line each with every code, and the gap table."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, _OPTIONS)
    bold = book.add_format({"bold": True, "bg_color": "#E8F1FE", "text_wrap": True, "valign": "top"})
    items = [(i, n) for n in (1, 2) for i in form.part(n)]
    heads = ["医療機関番号", "医療機関名", "状態", "1号", "イ", "ロ", "ハ", "ニ"]
    heads += [f"{i.number + ' ' if i.number else ''}{i.label}" for i, _n in items]
    cells = []
    for row in rows:
        have = ["〇" if there else "" for _s, _h, there, _i in present.functions(form, row)]
        codes = [code_of(i, (row.part_one if n == 1 else row.part_two).get(i.key)) for i, n in items]
        number = row.facility.institution_number or ""
        state = str(ReportState(row.state).label)
        cells.append([number, row.facility.name, state, "〇" if row.part_one_held else "", *have, *codes])
    _sheet(book, "報告", heads, cells, bold)
    _sheet(book, "地域と機能", _GAP_HEADS, [_gap_cells(line) for line in lines], bold)
    book.close()
    return out.getvalue()


_GAP_HEADS = (
    ["地域", "印刷された分類", "計算した分類", "対象", "報告", "確認", "イ", "ロ", "ハ", "ニ", "イの判定", "ロの判定", "ハの判定", "ニの判定"]
)  # fmt: skip


def _gap_cells(line: present.AreaLine) -> list[str | int]:
    counts: list[str | int] = [cell.count for cell in line.cells]
    grades: list[str | int] = [cell.grade_label for cell in line.cells]
    return [
        line.area.name,
        line.printed,
        line.computed,
        line.concerned,
        line.reported,
        line.confirmed,
        *counts,
        *grades,
    ]


def _sheet(
    book: Any, name: str, heads: Sequence[str], rows: Sequence[Sequence[str | int]], bold: Any
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 2)
    for column, head in enumerate(heads):
        sheet.set_column(column, column, _NARROW[column] if column < len(_NARROW) else 12)
        sheet.write_string(0, column, head, bold)
    for line, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(line, column, cell)
            else:
                sheet.write_string(line, column, cell)
