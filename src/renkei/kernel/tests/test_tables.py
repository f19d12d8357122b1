"""Lists as people save them."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook

from renkei.kernel.errors import Invalid
from renkei.kernel.tables import lines_of, numbered_rows, rows_of

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


@pytest.mark.parametrize("packed", [False, True])
def test_a_row_has_the_number_of_its_line_in_the_file(packed: bool) -> None:
    lines: list[list[object]] = [["名称"], [None], ["青木内科"], [None], ["林医院"]]
    text = "名称\n\n青木内科\n\n林医院\n".encode()
    found = numbered_rows("a", book(lines) if packed else text, most_rows=5)
    assert [number for number, _row in found] == [3, 5]


def test_days_hours_and_answers_of_a_sheet_read_as_people_write_them() -> None:
    day = date(2026, 6, 1)
    cells = [day, datetime.combine(day, time(9, 30)), time(9, 0), True, 34.7, 1410000045.0, "#N/A"]
    assert lines_of(book([cells]), most_rows=5) == [
        (1, ["2026-06-01", "2026-06-01 09:30", "09:00", "はい", "34.7", "1410000045", ""])
    ]


@pytest.mark.parametrize("hidden", ["<!DOCTYPE x [<!ENTITY a 'aaaa'>]>", "\0"])
def test_a_workbook_with_declarations_is_refused_before_it_is_parsed(hidden: str) -> None:
    kept = io.BytesIO(book([["名称"], ["林医院"]]))
    with zipfile.ZipFile(kept, "a") as packed:
        packed.writestr("xl/extra.xml", f"{hidden}<x/>")
    with pytest.raises(Invalid) as refused:
        rows_of("a.xlsx", kept.getvalue(), most_rows=5)
    assert refused.value.code == "file_unreadable"


def test_no_more_than_asked_for_is_read_of_a_long_sheet() -> None:
    with pytest.raises(Invalid) as refused:
        rows_of("a.xlsx", book([["名称"], *[["林医院"]] * 4]), most_rows=3)
    assert refused.value.code == "file_too_long"


def merged(*ranges: str) -> bytes:
    """Three by three letters with what stands under ``ranges`` merged away, as a spreadsheet saves it."""
    made = Workbook()
    sheet = made.active
    for line in (["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]):
        sheet.append(line)
    for one in ranges:
        sheet.merge_cells(one)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def test_merged_cells_say_what_a_person_sees() -> None:
    found = lines_of(merged("A1:A2", "B3:C3"), most_rows=5, merged=True)
    assert found == [(1, ["a", "b", "c"]), (2, ["a", "e", "f"]), (3, ["g", "h", "h"])]
    assert lines_of(merged("A1:A2"), most_rows=5)[1] == (2, ["", "e", "f"])


def test_a_range_as_wide_as_a_sheet_costs_no_more_than_a_small_one() -> None:
    kept, changed = merged("A1:A2"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(kept)) as before, zipfile.ZipFile(changed, "w") as after:
        for part in before.namelist():
            after.writestr(part, before.read(part).replace(b"A1:A2", b"A1:XFD1048576"))
    found = lines_of(changed.getvalue(), most_rows=5, merged=True)
    assert [(number, set(cells), len(cells)) for number, cells in found] == [
        (n, {"a"}, 200) for n in (1, 2, 3)
    ]
