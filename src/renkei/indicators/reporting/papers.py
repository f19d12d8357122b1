"""The report of a year on paper: XLSX and PDF from its stored content, in the order of the eight statutory items."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from typing import Any

import xlsxwriter

from renkei.indicators.models import Report
from renkei.indicators.reporting.content import BLANK
from renkei.kernel import clock
from renkei.kernel.eras import format_era
from renkei.letters import render


def heading(number: int, title: str) -> str:
    """``1 他の病院又は…`` with the cover first."""
    return f"表紙 {title}" if number == 0 else f"{number} {title}"


def _notes(content: Mapping[str, Any]) -> list[str]:
    """What a reader must know about the numbers."""
    told = [f"{d['indicator']}: {d['version']}。{d['source']}" for d in content["definitions"]]
    for verdict in content["verdicts"]:
        edge = "(境界値: 比較は「以上」か「上回る」か、県の基準を確かめること)" if verdict["boundary"] else ""
        told.append(f"{verdict['law']} {verdict['name']}: {verdict['label']}{edge}")
    if content["open_months"]:
        told.append(f"締めていない月があります: {'、'.join(content['open_months'])}")
    return told


def as_pdf(report: Report) -> bytes:
    """A4, blanks as grey boxes marked 記入欄; the same report gives the same bytes."""
    content = report.content
    made_on = clock.jst_date(report.made_at)
    data = {
        "title": content["title"],
        "number": f"{report.fiscal_year}年度 第{report.number}版",
        "sender": {"facility_name": content["facility"]},
        "period": content["period"],
        "made": format_era(made_on),
        "due": format_era(date.fromisoformat(content["due_on"])),
        "blank": BLANK,
        "notes": _notes(content),
        "sections": [
            {"heading": heading(s["number"], s["title"]), "rows": s["rows"]} for s in content["sections"]
        ],
    }
    return render("yearly_report", data, issued_on=made_on)


FIRST_LINE, MORE_LINES = 20, 14
WIDTHS = (46, 30, 8, 60)
"""Heights in points; widths in half-width characters, as Excel counts them."""
_NUMBER = re.compile(r"[\d,]+(\.\d+)?")


def _height(text: str, width: int, lines: int = 1) -> int:
    """Excel grows no merged row by itself: as high as ``text`` needs in ``width``, and as ``lines`` of writing want."""
    needed = -(-sum(1 if c.isascii() else 2 for c in text) // (width - 2))
    return FIRST_LINE + MORE_LINES * (max(needed, lines) - 1)


def as_xlsx(report: Report) -> bytes:
    """One sheet to fill in: grey cells marked 記入欄 are what the product cannot know."""
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": report.content["title"], "created": report.made_at.replace(tzinfo=None)})
    _Sheet(book, report).write()
    book.close()
    return out.getvalue()


class _Sheet:
    """The sheet while it is written, row by row."""

    def __init__(self, book: xlsxwriter.Workbook, report: Report) -> None:
        self.content, self.report, self.row = report.content, report, 0
        self.sheet = book.add_worksheet("業務報告書")
        font = {"font_name": "BIZ UDPゴシック", "font_size": 10, "valign": "vcenter", "text_wrap": True}
        self.title = book.add_format({**font, "bold": True, "font_size": 16})
        self.plain = book.add_format(font)
        self.head = book.add_format(
            {**font, "bold": True, "font_size": 11, "bg_color": "#E8F1FE", "border": 1}
        )
        self.cell = book.add_format({**font, "border": 1})
        self.value = book.add_format({**font, "border": 1, "align": "right", "bold": True})
        self.words = book.add_format({**font, "border": 1, "bold": True})
        self.whole, self.tenths = (
            book.add_format({**font, "border": 1, "align": "right", "bold": True, "num_format": shown})
            for shown in ("#,##0", "0.0")
        )
        self.grey = book.add_format({**font, "border": 1, "bg_color": "#D9D9D9", "font_color": "#595959"})
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&L業務報告書&R&P / &N 頁")
        self.sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        for column, width in enumerate(WIDTHS):
            self.sheet.set_column(column, column, width)

    def across(self, text: str, style: Any, height: int = 0) -> None:
        """One line over all columns, as high as it needs."""
        self.sheet.set_row(self.row, height or _height(text, sum(WIDTHS)))
        self.sheet.merge_range(self.row, 0, self.row, len(WIDTHS) - 1, text, style)
        self.row += 1

    def entry(self, row: Mapping[str, Any]) -> None:
        """Label, value or blank, unit, note; a counted value is a number, so that Excel can reckon with it."""
        told = ((row["label"], WIDTHS[0]), (row["value"], WIDTHS[1]), (row["note"], WIDTHS[3]))
        lines = row.get("lines", 1)
        self.sheet.set_row(self.row, max(_height(text, width, lines) for text, width in told))
        for column, text in ((0, row["label"]), (2, row["unit"]), (3, row["note"])):
            self.sheet.write_string(self.row, column, text, self.cell)
        if row["blank"]:
            self.sheet.write_string(self.row, 1, BLANK, self.grey)
        elif row["unit"] and _NUMBER.fullmatch(row["value"]):
            style = self.tenths if "." in row["value"] else self.whole
            self.sheet.write_number(self.row, 1, float(row["value"].replace(",", "")), style)
        else:
            self.sheet.write_string(self.row, 1, row["value"], self.value if row["unit"] else self.words)
        self.row += 1

    def write(self) -> None:
        """Title, cover and eight items, notes."""
        content = self.content
        self.across(content["title"], self.title, 28)
        self.across(
            f"{content['facility']} {self.report.fiscal_year}年度 第{self.report.number}版", self.plain
        )
        self.across(f"報告の期間 {content['period']}", self.plain)
        due = format_era(date.fromisoformat(content["due_on"]))
        self.across(
            f"提出期限 {due}(都道府県知事あて)。灰色の「{BLANK}」は、Renkeiに記録がない項目です。", self.plain
        )
        for section in content["sections"]:
            self.row += 1
            self.across(heading(section["number"], section["title"]), self.head)
            for row in section["rows"]:
                self.entry(row)
        self.row += 1
        self.across("算定に使った定義と判定", self.head)
        for note in _notes(content):
            self.across(note, self.plain)
