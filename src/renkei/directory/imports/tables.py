"""Bytes of a list → headings and rows, whatever program wrote them."""

from __future__ import annotations

from dataclasses import dataclass

from renkei.directory.imports.columns import fold, meanings
from renkei.kernel.errors import Invalid
from renkei.kernel.tables import lines_of, unique

MAX_BYTES = 10_000_000
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
    filled = lines_of(raw, most_rows=MAX_ROWS + TITLE_ROWS, most_bytes=MAX_BYTES)
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
    return Table(unique(heads), rows, number)
