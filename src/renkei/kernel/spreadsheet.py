"""Tables as people hand them over: CSV (UTF-8 or Shift_JIS) and the first sheet of an XLSX file, as rows of text.

Excel writes a date as a number and a style; here it comes out as ``2026-06-01``. Merged cells repeat their value. No
formula is run: the value that Excel kept last is taken. What is too large or strange is refused before it is unpacked.
"""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree

from renkei.kernel.errors import Invalid

MOST_BYTES = 10 * 1024 * 1024
MOST_UNPACKED = 60 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 200
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_BUILT_IN_DATES = {*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)}
_Cells = dict[tuple[int, int], str]


def rows_of(raw: bytes) -> list[list[str]]:
    """The rows of a CSV or XLSX file, cells without outer blanks; empty rows stay, so that numbers match the screen.

    Raises ``Invalid('file')`` with what to do for anything else, for an empty and for a too large file.
    """
    if not raw.strip():
        raise Invalid("file", "ファイルが空です。別のファイルを選んでください。", "file")
    if len(raw) > MOST_BYTES:
        raise Invalid("file", "ファイルは10MBまでです。分けて取り込んでください。", "file")
    rows = _xlsx(raw) if raw.startswith(b"PK") else _csv(raw)
    if len(rows) > MOST_ROWS:
        raise Invalid("file", f"一度に取り込めるのは{MOST_ROWS:,}行までです。分けてください。", "file")
    return rows


def _csv(raw: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            try:
                return [[cell.strip() for cell in row] for row in csv.reader(StringIO(text), strict=True)]
            except csv.Error as error:
                raise Invalid(
                    "file", f"CSVの引用符が閉じていないなど、形が壊れています({error})。", "file"
                ) from None
    raise Invalid("file", "CSVかXLSXとして読めません。表計算ソフトで保存し直してください。", "file")


def _xlsx(raw: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(BytesIO(raw)) as book:
            if sum(part.file_size for part in book.infolist()) > MOST_UNPACKED:
                raise Invalid("file", "XLSXの中身が大きすぎます。必要なシートだけにしてください。", "file")
            return _Book(book).rows()
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        IndexError,
        ElementTree.ParseError,
        RuntimeError,
        EOFError,
        zlib.error,
    ) as error:
        raise Invalid(
            "file",
            "XLSXとして読めません。パスワードを外し、「Excelブック(.xlsx)」で保存し直してください。",
            "file",
        ) from error


class _Book:
    """One opened workbook."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self.book = book
        self.names = set(book.namelist())
        properties = self._xml("xl/workbook.xml").find(f"{_MAIN}workbookPr")
        shifted = properties is not None and properties.get("date1904") in ("1", "true")
        self.day_zero = date(1904, 1, 1) if shifted else date(1899, 12, 30)
        self.texts = self._shared()
        self.dates = self._date_styles()

    def _xml(self, name: str) -> ElementTree.Element:
        text = self.book.read(name)
        if b"\0" in text or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise ValueError(name)
        return ElementTree.fromstring(text)  # noqa: S314 - document types and entities were refused above

    def _shared(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self.names:
            return []
        return [_text(item) for item in self._xml("xl/sharedStrings.xml").iterfind(f"{_MAIN}si")]

    def _date_styles(self) -> set[int]:
        """Numbers of the cell styles that show a date."""
        if "xl/styles.xml" not in self.names:
            return set()
        root = self._xml("xl/styles.xml")
        own = {
            int(one.get("numFmtId", 0))
            for one in root.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt")
            if re.search(
                r"[ymd年月日]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", one.get("formatCode", "").lower())
            )
        }
        styles = root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")
        return {i for i, one in enumerate(styles) if int(one.get("numFmtId", 0)) in _BUILT_IN_DATES | own}

    def _sheet(self) -> ElementTree.Element:
        """The sheet that stands first in the workbook, whatever its part is called."""
        first = self._xml("xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
        wanted = first.get(_LINK) if first is not None else None
        for link in self._xml("xl/_rels/workbook.xml.rels"):
            if wanted and link.get("Id") == wanted:
                target = link.get("Target", "")
                return self._xml(target.lstrip("/") if target.startswith("/") else f"xl/{target}")
        raise KeyError("sheet")

    def rows(self) -> list[list[str]]:
        """The first sheet."""
        sheet = self._sheet()
        cells: _Cells = {}
        for number, row in enumerate(sheet.iterfind(f"{_MAIN}sheetData/{_MAIN}row")):
            at = int(row.get("r", number + 1)) - 1
            for place, cell in enumerate(row.iterfind(f"{_MAIN}c")):
                column = _column(cell.get("r", "")) if cell.get("r") else place
                if at < MOST_ROWS + 1 and column < MOST_COLUMNS and (value := self._value(cell)):
                    cells[at, column] = value
        for merged in sheet.iterfind(f"{_MAIN}mergeCells/{_MAIN}mergeCell"):
            _spread(cells, merged.get("ref", ""))
        high = max((at for at, _ in cells), default=-1) + 1
        wide = max((column for _, column in cells), default=-1) + 1
        return [[cells.get((at, column), "") for column in range(wide)] for at in range(high)]

    def _value(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inside = cell.find(f"{_MAIN}is")
            return _text(inside).strip() if inside is not None else ""
        found = cell.findtext(f"{_MAIN}v") or ""
        if kind == "s":
            return self.texts[int(found)].strip() if found else ""
        if kind in ("str", "e", "b") or not found:
            return found.strip()
        number = float(found)
        if int(cell.get("s", 0)) in self.dates and 1 <= number < 2_958_466:
            return (self.day_zero + timedelta(days=int(number))).isoformat()
        return str(int(number)) if number.is_integer() else found


def _text(item: ElementTree.Element) -> str:
    """The letters of a cell; readings above kanji (rPh) are left out."""
    parts = item.findall(f"{_MAIN}t") or item.findall(f"{_MAIN}r/{_MAIN}t")
    return "".join(part.text or "" for part in parts)


def _column(place: str) -> int:
    letters = re.match(r"[A-Z]+", place)
    if letters is None:
        raise ValueError(place)
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _spread(cells: _Cells, reference: str) -> None:
    """A merged range holds its value at the top left; the other cells get it, too."""
    found = re.fullmatch(r"([A-Z]+)(\d+):([A-Z]+)(\d+)", reference)
    if found is None:
        return
    left, top, right, bottom = _column(found[1]), int(found[2]) - 1, _column(found[3]), int(found[4]) - 1
    value = cells.get((top, left), "")
    if value and (bottom - top + 1) * (right - left + 1) <= MOST_COLUMNS * 50:
        cells.update(dict.fromkeys(_range(top, bottom, left, right), value))


def _range(top: int, bottom: int, left: int, right: int) -> Iterator[tuple[int, int]]:
    return (
        (at, column) for at in range(top, bottom + 1) for column in range(left, min(right, MOST_COLUMNS) + 1)
    )
