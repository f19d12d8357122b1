"""Lists that people keep (CSV, XLSX) as rows of plain text, each with the number of its line in the file."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from renkei.kernel.errors import Invalid

MOST_BYTES = 5_000_000
MOST_UNPACKED = 60_000_000
"""An XLSX is a packed folder: what it unpacks to is measured before anything is read."""
MOST_MERGED = 1_000
MOST_COLUMNS = 200
"""How many merged ranges are followed, and how far to the right."""
Lines = list[tuple[int, list[str]]]
_Span = tuple[int, int, int, int]
"""Left, top, right and bottom of a merged range, from 1."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    RuntimeError,
    OSError,
    EOFError,
)
"""What a workbook that is damaged, locked or made up makes its reader raise."""


def is_workbook(content: bytes) -> bool:
    """Whether the bytes begin like a packed workbook."""
    return content[:4] == b"PK\x03\x04"


def lines_of(
    content: bytes,
    *,
    most_rows: int,
    most_bytes: int = MOST_BYTES,
    field: str = "file",
    name: str = "",
    merged: bool = False,
) -> Lines:
    """Every line that is not empty with its number in the file (from 1), cells without blanks at the ends.

    CSV in UTF-8 (with or without a mark) or Shift JIS, XLSX by its first sheet: whole numbers without a point, days as ISO
    dates, hours as ``09:00``, yes and no as はい and いいえ. With ``merged`` every cell of a merged range has its value, as a
    person sees it; without, only the first. At most one line more than ``most_rows`` is read. Raises ``Invalid`` at
    ``field`` for what cannot be read or is too large.
    """
    if len(content) > most_bytes:
        raise Invalid(
            "file_too_large",
            f"ファイルは{most_bytes // 1_000_000}MBまでです。分けて取り込んでください。",
            field,
        )
    packed = name.lower().endswith(".xlsx") or is_workbook(content)
    found = _xlsx(content, most_rows, field, merged) if packed else _csv(decode(content, field), field)
    return [(number, cells) for number, cells in found if any(cells)]


def numbered_rows(
    name: str, content: bytes, *, most_rows: int, most_bytes: int = MOST_BYTES, field: str = "file"
) -> list[tuple[int, dict[str, str]]]:
    """Every row below the first line as header → cell, with the number of its line in the file.

    Raises ``Invalid`` at ``field`` as :func:`lines_of` does, and for a list without a row or with too many.
    """
    lines = lines_of(content, most_rows=most_rows + 1, most_bytes=most_bytes, field=field, name=name)
    if len(lines) < 2:
        raise Invalid("file_empty", "行がありません。1行目に見出し、2行目から中身を書いてください。", field)
    if len(lines) > most_rows + 1:
        raise Invalid("file_too_long", f"一度に取り込めるのは{most_rows:,}行までです。", field)
    header = lines[0][1]
    blanks = [""] * len(header)
    return [(number, dict(zip(header, [*cells, *blanks], strict=False))) for number, cells in lines[1:]]


def rows_of(
    name: str, content: bytes, *, most_rows: int, most_bytes: int = MOST_BYTES, field: str = "file"
) -> list[dict[str, str]]:
    """:func:`numbered_rows` without the numbers."""
    found = numbered_rows(name, content, most_rows=most_rows, most_bytes=most_bytes, field=field)
    return [row for _number, row in found]


def decode(content: bytes, field: str = "file") -> str:
    """The text of a file as spreadsheets write it: UTF-8 with or without a mark, or Shift JIS (cp932)."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid(
        "file_unreadable",
        "文字を読めません。表計算ソフトで「CSV UTF-8」か「CSV」、または「XLSX」で保存し直してください。",
        field,
    )


def _csv(text: str, field: str) -> Lines:
    reader = csv.reader(io.StringIO(text), strict=True)
    lines: Lines = []
    start = 1
    try:
        for cells in reader:
            lines.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(
            "file_unreadable", f"CSVの引用符が閉じていないなど、形が壊れています({error})。", field
        ) from None
    return lines


def _xlsx(content: bytes, most_rows: int, field: str, merged: bool) -> Lines:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise Invalid(
                    "file_too_large", "ファイルの中身が大きすぎます。分けて取り込んでください。", field
                )
            _refuse_declarations(packed)
            sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
            spans = _spans(packed, sheet._worksheet_path) if merged else {}
        lines: Lines = []
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_text(value) for value in values]
            if spans:
                _spread(cells, number, spans)
            if any(cells):
                lines.append((number, cells))
            if len(lines) > most_rows:
                break
        return lines
    except Invalid:
        raise
    except _BROKEN:
        raise Invalid(
            "file_unreadable",
            "XLSXとして読めません。表計算ソフトで開いて保存し直すか、「CSV UTF-8」で保存してください。",
            field,
        ) from None


def _spans(packed: zipfile.ZipFile, sheet: str) -> dict[_Span, str]:
    """The merged ranges of a sheet, values still to come. A reader that makes a cell for each of them can be made to fill the
    memory; here a range costs the same however wide it says it is."""
    found: dict[_Span, str] = {}
    with packed.open(sheet) as part:
        for _event, element in iterparse(part):  # noqa: S314 - document types and entities were refused before
            if element.tag.endswith("}mergeCell") and len(found) < MOST_MERGED:
                left, top, right, bottom = range_boundaries(element.get("ref", ""))
                found[left, top, min(right, MOST_COLUMNS), bottom] = ""
            element.clear()
    return found


def _spread(cells: list[str], number: int, spans: dict[_Span, str]) -> None:
    """Fill the merged cells of line ``number``; the first line of a range brings its value."""
    for span, held in spans.items():
        left, top, right, bottom = span
        if not top <= number <= bottom:
            continue
        value = held
        if number == top:
            value = spans[span] = cells[left - 1] if left <= len(cells) else ""
        if value:
            cells.extend([""] * (right - len(cells)))
            cells[left - 1 : right] = [value] * (right - left + 1)


def _refuse_declarations(packed: zipfile.ZipFile) -> None:
    """Entities that multiply have no place in a workbook; a part in UTF-16 could hide them."""
    for part in packed.namelist():
        if part.endswith((".xml", ".rels")):
            xml = packed.read(part)
            if b"\0" in xml or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
                raise ValueError(part)


def _text(cell: Any) -> str:
    """A cell as a person reads it."""
    if cell is None or (isinstance(cell, str) and cell.startswith("#") and cell.endswith(("!", "?", "/A"))):
        return ""
    if isinstance(cell, bool):
        return "はい" if cell else "いいえ"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.strftime("%H:%M")
    return str(cell).strip()


def unique(heads: Iterable[str]) -> list[str]:
    """Two columns of one name stay two: the second one is called ``名称(2)``."""
    seen: dict[str, int] = {}
    names = []
    for head in heads:
        name = " ".join(head.split())[:100]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if not name or seen[name] == 1 else f"{name}({seen[name]})")
    return names
