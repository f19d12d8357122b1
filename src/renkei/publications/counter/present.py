"""From sessions to what the pages show."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from renkei.kernel import clock
from renkei.publications.counter.queries import Month
from renkei.publications.models import CounterSession
from renkei.publications.search.forms import parameters
from renkei.publications.search.types import Wishes
from renkei.publications.search.wishes import single
from renkei.ui.types import Tone


@dataclass(frozen=True)
class Line:
    """One session of the list."""

    row: CounterSession
    need: str
    who: str
    state: str
    tone: Tone


def line(row: CounterSession) -> Line:
    """What was asked, for whom (only with consent), and where it stands."""
    labels = [wish.label for wish in single(Wishes.from_json(row.need))]
    if row.outcome:
        state, tone = row.get_outcome_display(), Tone.SUCCESS
    elif row.chosen_id:
        state, tone = row.get_way_display() or "選んだ先あり", Tone.INFO
    else:
        state, tone = "相談中", Tone.NEUTRAL
    return Line(row, "・".join(labels) or "希望はまだありません", row.patient_name or "氏名なし", state, tone)


def need_data(row: CounterSession) -> QueryDict:
    """The stored wishes as the form takes them."""
    pairs = parameters(Wishes.from_json(row.need))
    return QueryDict(urlencode([*pairs, ("note", row.need_note)]))


def next_page(after: str, first: int) -> str:
    """The address of the next page of the list."""
    return f"?{urlencode({'after': after, 'from': first})}#found"


def months(first: date) -> dict[str, Any]:
    """The month before and the one after, for the links."""
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return {
        "before": (first - timedelta(days=1)).replace(day=1),
        "after": following if following <= clock.today() else None,
    }


def month_csv(found: Month) -> bytes:
    """UTF-8 with BOM, so that spreadsheets read it right; names of facilities cannot start a formula."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(["月", "区分", "項目", "件数"])
    month = f"{found.first:%Y-%m}"
    lines: list[tuple[str, str, int]] = [
        ("全体", "相談", found.total),
        ("全体", "資料を印刷", found.printed),
        ("全体", "氏名の記録に同意", found.with_name),
    ]
    lines += [(table.title, label, count) for table in found.tables for label, count in table.lines]
    for title, label, count in lines:
        writer.writerow([month, title, f"'{label}" if label[:1] in "=+-@\t\r" else label, count])
    return out.getvalue().encode("utf-8-sig")
