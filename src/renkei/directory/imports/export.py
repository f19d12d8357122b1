"""The directory as CSV, in the columns of the import: for a spreadsheet, and in again."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from io import StringIO
from typing import Any

from renkei.directory.imports.columns import COLUMNS
from renkei.directory.imports.judging import Report
from renkei.directory.imports.reading import FORMULA
from renkei.directory.models import Department, Facility

OWN = tuple(column for column in COLUMNS if column.own)


def export(rows: Iterable[Facility]) -> bytes:
    """The facilities, UTF-8 with BOM so that spreadsheets read it right."""
    rows = list(rows)
    departments: dict[int, list[str]] = {}
    found = Department.objects.filter(facility_id__in=[row.pk for row in rows])
    for facility_id, name in found.values_list("facility_id", "name"):
        departments.setdefault(facility_id, []).append(name)
    lines = [_cells(row, departments.get(row.pk, [])) for row in rows]
    return _csv([[column.name for column in OWN], *lines])


def report(found: Report) -> bytes:
    """What has to be mended, one line for each problem, to work through beside the list."""
    lines = [
        [str(line.number), line.name, column, remedy]
        for line in found.lines
        for column, remedy in line.problems
    ]
    return _csv([["行", "名称", "列", "直し方"], *([safe(cell) for cell in line] for line in lines)])


def safe(text: str) -> str:
    """A leading sign would be run as a formula by a spreadsheet."""
    return f"'{text}" if text[:1] in FORMULA else text


def _csv(lines: Iterable[list[str]]) -> bytes:
    out = StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode("utf-8-sig")


def _cells(row: Facility, departments: list[str]) -> list[str]:
    values: dict[str, Any] = {
        "uid": row.uid,
        "kind": row.get_kind_display(),
        "organization": row.organization.name if row.organization else "",
        "area": row.area.code if row.area else "",
        "uses_renkei": "はい" if row.uses_renkei else "いいえ",
        "departments": "|".join(departments),
    }
    for entry in row.hours or []:
        key = f"hours_{entry['weekday']}"
        values[key] = f"{values.get(key, '')} {entry['opens']}-{entry['closes']}".strip()
    cells = []
    for column in OWN:
        value = values.get(column.field, getattr(row, column.field, ""))
        text = value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
        cells.append(safe(text))
    return cells
