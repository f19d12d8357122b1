"""Lists that people keep (CSV, XLSX) as rows of plain text under the words of their first line."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from renkei.kernel.errors import Invalid

MOST_BYTES = 5_000_000
MOST_UNPACKED = 60_000_000
"""An XLSX is a packed folder: what it unpacks to is measured before anything is read."""


def rows_of(
    name: str, content: bytes, *, most_rows: int, most_bytes: int = MOST_BYTES, field: str = "file"
) -> list[dict[str, str]]:
    """Every row that is not empty, as header → cell (both without blanks at the ends).

    CSV in UTF-8 (with or without a mark) or Shift JIS, XLSX by its first sheet. Raises ``Invalid`` at ``field`` for what
    cannot be read, is too large or has no row below its first line.
    """
    if len(content) > most_bytes:
        raise Invalid("file_too_large", f"ファイルが大きすぎます({most_bytes // 1_000_000}MBまで)。", field)
    packed = name.lower().endswith(".xlsx") or content[:4] == b"PK\x03\x04"
    lines = _xlsx(content, most_rows, field) if packed else _csv(content, field)
    found = list(_under_headers(lines))
    if not found:
        raise Invalid("file_empty", "行がありません。1行目に見出し、2行目から中身を書いてください。", field)
    if len(found) > most_rows:
        raise Invalid("file_too_long", f"一度に取り込めるのは{most_rows:,}行までです。", field)
    return found


def _under_headers(lines: Iterable[Iterable[object]]) -> Iterator[dict[str, str]]:
    table = ([str(cell if cell is not None else "").strip() for cell in line] for line in lines)
    header = next(table, [])
    for line in table:
        if any(line):
            yield dict(zip(header, [*line, *[""] * len(header)], strict=False))


def _csv(content: bytes, field: str) -> list[list[str]]:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding))))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise Invalid(
        "file_unreadable", "文字を読めません。CSV(UTF-8またはシフトJIS)かXLSXで保存してください。", field
    )


def _xlsx(content: bytes, most_rows: int, field: str) -> list[list[object]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked > MOST_UNPACKED:
            raise Invalid("file_too_large", "ファイルの中身が大きすぎます。行を分けてください。", field)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        return [list(line) for line in sheet.iter_rows(max_row=most_rows + 2, values_only=True)]
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        IndexError,
        OSError,
    ) as error:
        raise Invalid(
            "file_unreadable", "XLSXとして読めません。CSVで保存し直してください。", field
        ) from error
