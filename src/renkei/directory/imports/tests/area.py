"""A fictional list of 650 institutions as a prefecture publishes one (S49: 33 hospitals, 391 clinics, 226 dental)."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO

from openpyxl import Workbook

HEAD = [
    "医療機関コード",
    "医療機関名称",
    "医療機関名称（カナ）",
    "医療機関の種類",
    "郵便番号",
    "所在地",
    "電話番号",
    "FAX番号",
    "開設者",
    "診療科目",
    "病床数",
    "緯度",
    "経度",
    "月曜診療時間",
    "土曜診療時間",
    "備考",
]
KINDS = (
    ("病院", "病院", "ビョウイン", 33, "内科;外科;整形外科", "120"),
    ("一般診療所", "クリニック", "クリニック", 391, "内科;小児科", "0"),
    ("歯科診療所", "歯科医院", "シカイイン", 226, "歯科;歯科口腔外科", ""),
)
SYLLABLES = ["アサヒ", "ミナト", "サクラ", "ヒカリ", "ウミベ", "モリノ", "カゼ", "ソラ", "ハナ", "ツキ"]


def rows() -> list[list[str]]:
    """650 rows; codes have 7 digits as in open data and are told apart by place and kind."""
    found: list[list[str]] = []
    for word, ending, kana, count, departments, beds in KINDS:
        for n in range(count):
            serial = len(found) + 1
            found.append(
                [
                    f"{serial:07d}",
                    f"架空{serial}番{ending}",
                    f"{SYLLABLES[n % 10]}{SYLLABLES[n // 10 % 10]}{kana}",
                    word,
                    "651-0000",
                    f"兵庫県神戸市西区架空町{serial}",
                    f"078-000-{serial:04d}",
                    "",
                    f"医療法人架空{serial}会",
                    departments,
                    beds,
                    "34.7",
                    "135.0",
                    "9:00～12:00、14:00～18:00",
                    "休診",
                    "",
                ]
            )
    return found


def as_csv(lines: list[list[str]], head: list[str] | None = None) -> bytes:
    """As a prefecture's office saves it: Shift_JIS with CRLF."""
    out = StringIO()
    csv.writer(out).writerows([head or HEAD, *lines])
    return out.getvalue().encode("cp932")


def as_xlsx(lines: list[list[str]], title: str = "") -> bytes:
    """The same as a workbook, codes and beds as numbers, below a line of title."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append([title])
    sheet.append(HEAD)
    for line in lines:
        sheet.append([float(cell) if cell.replace(".", "").isdigit() else cell for cell in line])
    out = BytesIO()
    book.save(out)
    return out.getvalue()
