"""Lists as people save them."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl import Workbook

from renkei.kernel.errors import Invalid
from renkei.kernel.tables import rows_of

WANTED = [{"名称": "青木内科", "電話": "0463-00-0001"}, {"名称": "林医院", "電話": ""}]


def book(lines: list[list[object]]) -> bytes:
    made = Workbook()
    for line in lines:
        made.active.append(line)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_csv_is_read_in_the_encodings_that_offices_save(encoding: str) -> None:
    text = "名称,電話\r\n青木内科, 0463-00-0001 \r\n,\r\n林医院\r\n"
    assert rows_of("a.csv", text.encode(encoding), most_rows=10) == WANTED


def test_an_xlsx_is_read_like_a_csv() -> None:
    lines: list[list[object]] = [
        ["名称", "電話"],
        ["青木内科", "0463-00-0001"],
        [None, None],
        ["林医院", None],
    ]
    assert rows_of("a.xlsx", book(lines), most_rows=10) == WANTED


def test_numbers_of_a_sheet_are_text() -> None:
    assert rows_of("a.xlsx", book([["番号"], [1410000037]]), most_rows=10) == [{"番号": "1410000037"}]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"", "file_empty"),
        ("a.csv", "名称\n".encode(), "file_empty"),
        ("a.csv", "名称\nあ\nい\nう\n".encode(), "file_too_long"),
        ("a.csv", b"\xff\xfe\x00\x81", "file_unreadable"),
        ("a.xlsx", b"no zip", "file_unreadable"),
        ("a.xlsx", b"PK\x03\x04 broken", "file_unreadable"),
        ("a.csv", b"x" * 5_000_001, "file_too_large"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rows_of(name, content, most_rows=2)
    assert (refused.value.code, refused.value.field) == (code, "file")


def test_a_bomb_is_not_unpacked() -> None:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * 70_000_000)
    with pytest.raises(Invalid, match="大きすぎます"):
        rows_of("a.xlsx", kept.getvalue(), most_rows=10)
