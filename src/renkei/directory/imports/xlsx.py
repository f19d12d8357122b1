"""The first sheet of an XLSX workbook as text: just enough of ECMA-376 for a list, and nothing that runs."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from renkei.kernel.errors import Invalid

MOST_BYTES = 150 * 1024 * 1024
"""Unpacked; a list of 10,000 rows needs a tenth of it."""
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
BROKEN = "XLSXとして読めません。表計算ソフトで開いて保存し直すか、「CSV UTF-8」で保存してください。"


def is_workbook(raw: bytes) -> bool:
    """Whether the bytes begin like a packed workbook."""
    return raw[:4] == b"PK\x03\x04"


def read(raw: bytes, most_rows: int) -> list[tuple[int, list[str]]]:
    """Rows of the first sheet with their numbers (from 1); numbers of cells as they are stored, dates as serials.

    Raises ``Invalid('file')`` for what is no workbook, is locked, or unpacks to too much.
    """
    try:
        with ZipFile(BytesIO(raw)) as book:
            if sum(part.file_size for part in book.infolist()) > MOST_BYTES:
                raise Invalid("file", "ファイルが大きすぎます。分けて取り込んでください。", "file")
            shared = _shared(book)
            sheet = _parse(book.read(_first_sheet(book)))
    except (BadZipFile, KeyError, ElementTree.ParseError, RuntimeError, ValueError, EOFError, zlib.error):
        raise Invalid("file", BROKEN, "file") from None
    rows = []
    for number, cells in _rows(sheet, shared):
        rows.append((number, cells))
        if len(rows) > most_rows:
            break
    return rows


def _parse(xml: bytes) -> ElementTree.Element:
    if b"\0" in xml or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise ValueError("declarations have no place in a workbook")
    return ElementTree.fromstring(xml)  # noqa: S314 - entities were refused in the line above


def _first_sheet(book: ZipFile) -> str:
    """The part of the sheet that stands first in the workbook."""
    sheet = _parse(book.read("xl/workbook.xml")).find(f"{_MAIN}sheets/{_MAIN}sheet")
    if sheet is None:
        raise KeyError("sheet")
    for link in _parse(book.read("xl/_rels/workbook.xml.rels")):
        if link.get("Id") == sheet.get(_LINK):
            target = link.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError("sheet")


def _shared(book: ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    return [_text(item) for item in _parse(book.read("xl/sharedStrings.xml")).findall(f"{_MAIN}si")]


def _text(item: ElementTree.Element) -> str:
    """Plain text and rich runs joined; readings over the line (ふりがな, ``rPh``) are no part of the text."""
    found = [node.text or "" for node in item.findall(f"{_MAIN}t")]
    found += [node.text or "" for node in item.findall(f"{_MAIN}r/{_MAIN}t")]
    return "".join(found)


def _rows(sheet: ElementTree.Element, shared: list[str]) -> Iterator[tuple[int, list[str]]]:
    last = 0
    for row in sheet.iterfind(f"{_MAIN}sheetData/{_MAIN}row"):
        last = int(row.get("r") or last + 1)
        cells: list[str] = []
        for cell in row.findall(f"{_MAIN}c"):
            at = _column(cell.get("r", ""), len(cells))
            cells += [""] * (at - len(cells))
            cells.append(_value(cell, shared))
        yield last, cells


def _column(reference: str, following: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", reference)
    if letters is None:
        return following
    number = 0
    for letter in letters[0]:
        number = number * 26 + ord(letter) - 64
    return max(number - 1, following)


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return _text(inline) if inline is not None else ""
    value = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        return shared[int(value)] if value.isdigit() and int(value) < len(shared) else ""
    if kind == "b":
        return "はい" if value == "1" else "いいえ"
    return "" if kind == "e" else _number(value)


def _number(value: str) -> str:
    """``1410000011.0`` and ``1.410000011E9`` as ``1410000011``; other numbers and texts as they are."""
    try:
        number = float(value)
    except ValueError:
        return value
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else value
