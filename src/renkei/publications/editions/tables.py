"""The two tables of an edition: blank ones for a month, what a person typed, and what a file brings with a report on each row."""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import jpholiday

from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid
from renkei.kernel.tables import lines_of
from renkei.kernel.text import clean_note
from renkei.publications.models import Part

WEEKDAYS = "月火水木金土日"
OUTPATIENT_COLUMNS = list("月火水木金土")
DUTY_COLUMNS = ["内科系", "外科系"]
HALVES = ("午前", "午後")
MOST_ROWS = 80
MOST_COLUMNS = 8
CELL_LENGTH = 60
FILE_ROWS = 1_000
FILE_BYTES = 2_000_000
TITLE_ROWS = 10
"""How many lines of title may stand above the headings of a file."""
HEADS = {Part.OUTPATIENT: ("診療科", "時間"), Part.DUTY: ("日付",)}
NOTE = "備考"
Row = dict[str, Any]


def row(head: Sequence[str], cells: Sequence[str], note: str = "") -> Row:
    """One row as stored."""
    return {"head": list(head), "cells": list(cells), "note": note}


def days_of(month_on: date) -> list[date]:
    """Every day of the month that begins on ``month_on``."""
    last = calendar.monthrange(month_on.year, month_on.month)[1]
    return [month_on.replace(day=day) for day in range(1, last + 1)]


def blank_duty(month_on: date, columns: Sequence[str]) -> list[Row]:
    """A row for each day, nobody on duty yet."""
    return [row([day.isoformat()], [""] * len(columns)) for day in days_of(month_on)]


def blank_outpatient(departments: Sequence[str]) -> list[Row]:
    """Morning and afternoon of each department."""
    return [row([name, half], [""] * len(OUTPATIENT_COLUMNS)) for name in departments for half in HALVES]


def is_rest(day: date) -> bool:
    """Sunday, or a holiday (祝日)."""
    return day.weekday() == 6 or jpholiday.is_holiday(day)


def day_label(day: date) -> str:
    """``7/20(月・祝)``."""
    return f"{day.month}/{day.day}({WEEKDAYS[day.weekday()]}{'・祝' if jpholiday.is_holiday(day) else ''})"


def clean(
    kind: str, month_on: date, columns: Sequence[str], rows: Sequence[Row]
) -> tuple[list[str], list[Row]]:
    """A table ready to store. Raises ``Invalid`` with the row for what is too much, doubled or of another month."""
    kept_columns = [_cell(name, f"{i + 1}列目の見出し") for i, name in enumerate(columns)]
    if not kept_columns or not all(kept_columns) or len(kept_columns) > MOST_COLUMNS:
        raise Invalid(
            "columns", f"列の見出しは1〜{MOST_COLUMNS}個、空のないように入力してください。", "columns"
        )
    kept = [_clean_row(kind, kept_columns, one) for one in rows if _filled(kind, one)]
    if len(kept) > MOST_ROWS:
        raise Invalid("rows", f"表は{MOST_ROWS}行までです。", "rows")
    seen: set[tuple[str, ...]] = set()
    for one in kept:
        name = tuple(one["head"])
        if name in seen:
            raise Invalid("rows", f"「{' '.join(name)}」が2行あります。1行にまとめてください。", "rows")
        seen.add(name)
    if kind == Part.DUTY:
        kept = _whole_month(month_on, kept_columns, kept)
    return kept_columns, kept


def _filled(kind: str, one: Mapping[str, Any]) -> bool:
    return kind == Part.DUTY or any([*one["head"][:1], *one["cells"], one.get("note", "")])


def _cell(text: Any, where: str) -> str:
    kept = clean_note(str(text or ""), 2_000, "rows").strip()
    if len(kept) > CELL_LENGTH:
        raise Invalid(
            "cell", f"{where}: {CELL_LENGTH}文字までです(今は{len(kept)}文字)。短くしてください。", "rows"
        )
    return kept


def _clean_row(kind: str, columns: Sequence[str], one: Mapping[str, Any]) -> Row:
    head = [_cell(text, "見出し") for text in one["head"]]
    where = " ".join(part for part in head if part) or "見出しのない行"
    if not head or not head[0]:
        raise Invalid("rows", "診療科が空の行があります。診療科を入力するか、行を空にしてください。", "rows")
    cells = [_cell(text, where) for text in one["cells"]][: len(columns)]
    cells += [""] * (len(columns) - len(cells))
    return row(head, cells, _cell(one.get("note", ""), where))


def _whole_month(month_on: date, columns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    known = {one["head"][0]: one for one in rows}
    wanted = [day.isoformat() for day in days_of(month_on)]
    if strange := [name for name in known if name not in wanted]:
        raise Invalid("rows", f"{strange[0]} は{month_on.month}月の日付ではありません。", "rows")
    return [known.get(name) or row([name], [""] * len(columns)) for name in wanted]


def empty_days(rows: Sequence[Row]) -> list[date]:
    """Days on which nobody is on duty."""
    return [date.fromisoformat(one["head"][0]) for one in rows if not any(one["cells"])]


@dataclass
class Report:
    """What a file brings: the table, and what is wrong in which line of the file (from 1)."""

    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)


def read(kind: str, month_on: date, raw: bytes) -> Report:
    """A CSV or XLSX with the headings 診療科・時間・月…土・備考, or 日付・(当直の列)・備考.

    Raises ``Invalid('file')`` where the headings are missing. A table with problems is not to be taken over.
    """
    lines = lines_of(raw, most_rows=FILE_ROWS, most_bytes=FILE_BYTES, merged=True)
    if len(lines) > FILE_ROWS:
        raise Invalid("file", f"ファイルは{FILE_ROWS:,}行までです。表だけを残してください。", "file")
    heads = HEADS[Part(kind)]
    at = next(
        (i for i, (_, line) in enumerate(lines[:TITLE_ROWS]) if all(head in line for head in heads)), None
    )
    if at is None:
        wanted = "・".join(heads)
        raise Invalid(
            "file", f"見出しの行に「{wanted}」がありません。ひな形のとおりの見出しにしてください。", "file"
        )
    names = [unicodedata.normalize("NFKC", name) for name in lines[at][1]]
    given = [n for n in names if n and n not in (*heads, NOTE)]
    if len(set(given)) != len(given):
        raise Invalid("file", "同じ見出しの列が2つあります。見出しを確認してください。", "file")
    if kind == Part.OUTPATIENT and (other := [n for n in given if n not in OUTPATIENT_COLUMNS]):
        raise Invalid("file", f"「{other[0]}」という列は使えません。曜日は 月〜土 です。", "file")
    if not given:
        raise Invalid("file", "曜日または当直の列がありません。見出しを確認してください。", "file")
    report = Report(columns=OUTPATIENT_COLUMNS if kind == Part.OUTPATIENT else given)
    seen: dict[tuple[str, ...], int] = {}
    for number, line in lines[at + 1 :]:
        _take(report, kind, month_on, dict(zip(names, line, strict=False)), number, seen)
    if not report.rows and not report.problems:
        report.problems.append((lines[at][0], "見出しの下に行がありません。"))
    return report


def _take(
    report: Report,
    kind: str,
    month_on: date,
    cells: Mapping[str, str],
    number: int,
    seen: dict[tuple[str, ...], int],
) -> None:
    try:
        head = _head(kind, month_on, cells)
        known = seen.setdefault(tuple(head), number)
        if known != number:
            raise Invalid("rows", f"{known}行目と同じ「{' '.join(head)}」です。1行にまとめてください。")
        values = [_cell(cells.get(name, ""), f"{name}の列") for name in report.columns]
        report.rows.append(row(head, values, _cell(cells.get(NOTE, ""), NOTE)))
    except Invalid as error:
        report.problems.append((number, error.message_ja))


def _head(kind: str, month_on: date, cells: Mapping[str, str]) -> list[str]:
    if kind == Part.OUTPATIENT:
        name, half = cells.get("診療科", ""), cells.get("時間", "")
        if not name:
            raise Invalid("rows", "診療科が空です。")
        return [_cell(name, "診療科"), _cell(half, "時間")]
    text = cells.get("日付", "")
    if text.isdigit() and 1 <= int(text) <= 31:
        try:
            return [month_on.replace(day=int(text)).isoformat()]
        except ValueError:
            raise Invalid("rows", f"{month_on.month}月に{text}日はありません。") from None
    day = parse_date(text)
    if (day.year, day.month) != (month_on.year, month_on.month):
        raise Invalid("rows", f"{text} は{month_on.year}年{month_on.month}月の日付ではありません。")
    return [day.isoformat()]
