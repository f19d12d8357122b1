"""Bytes of a list → headings and rows, whatever program wrote them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO

from renkei.directory.imports import xlsx
from renkei.directory.imports.columns import fold, meanings
from renkei.kernel.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
TITLE_ROWS = 10
"""How many lines of title may stand above the headings."""


@dataclass(frozen=True)
class Table:
    """``heads`` are unique; ``rows`` carry the number of their line in the file, from 1."""

    heads: list[str]
    rows: list[tuple[int, list[str]]]
    head_line: int


def read(raw: bytes) -> Table:
    """The table in a CSV or XLSX. The heading row is the one of the first ten that says most of what is known.

    Raises ``Invalid('file')`` for what is no table, is empty or too long.
    """
    if not raw.strip():
        raise Invalid("file", "ファイルが空です。書き出したCSVをもとに作り直してください。", "file")
    if len(raw) > MAX_BYTES:
        raise Invalid("file", "ファイルは10MBまでです。分けて取り込んでください。", "file")
    lines = xlsx.read(raw, MAX_ROWS + TITLE_ROWS) if xlsx.is_workbook(raw) else _csv(decode(raw))
    filled = [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]
    if not filled:
        raise Invalid("file", "ファイルが空です。", "file")
    known = meanings()
    at = max(
        range(min(TITLE_ROWS, len(filled))),
        key=lambda n: (sum(fold(cell) in known for cell in filled[n][1]), -n),
    )
    number, heads = filled[at]
    if not any(fold(cell) in known for cell in heads):
        raise Invalid("file", "列名の行が見つかりません。1行目に「名称」などの列名を入れてください。", "file")
    rows = filled[at + 1 :]
    if len(rows) > MAX_ROWS:
        raise Invalid("file", f"一度に取り込めるのは{MAX_ROWS:,}行までです。分けてください。", "file")
    return Table(_unique(heads), rows, number)


def decode(raw: bytes) -> str:
    """The text of a file as spreadsheets write it: UTF-8 with or without BOM, or Shift_JIS (cp932)."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid(
        "file",
        "CSVとして読めません。表計算ソフトで「CSV UTF-8」か「CSV」、または「XLSX」で保存し直してください。",
        "file",
    )


def _csv(text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text), strict=True)
    lines, start = [], 1
    try:
        for cells in reader:
            lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise Invalid("file", f"CSVの引用符が閉じていないなど、形が壊れています({error})。", "file") from None
    return lines


def _unique(heads: list[str]) -> list[str]:
    """Two columns of one name stay two: the second one is called ``名称(2)``."""
    seen: dict[str, int] = {}
    names = []
    for head in heads:
        name = " ".join(head.split())[:100]
        seen[name] = seen.get(name, 0) + 1
        names.append(name if not name or seen[name] == 1 else f"{name}({seen[name]})")
    return names
