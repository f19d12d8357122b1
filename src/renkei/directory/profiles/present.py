"""The profile as lines of a facility's page."""

from __future__ import annotations

from datetime import date
from typing import Any

from renkei.directory.models import ClosingDay, Facility, FacilityProfile
from renkei.directory.permissions import P
from renkei.directory.profiles import queries
from renkei.directory.profiles.forms import NoteForm
from renkei.directory.profiles.types import FLAGS, back
from renkei.directory.types import CareFunction, FacilityKind
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.ui.types import Row

CARE = frozenset({FacilityKind.HOSPITAL, FacilityKind.CLINIC, FacilityKind.DENTAL})
"""Kinds that report かかりつけ医機能; for others the line is left out while it is empty."""


def of_page(actor: Actor, facility: Facility) -> dict[str, Any]:
    """Context of the profile's parts on a facility's page."""
    row = queries.profile(facility)
    days = queries.closing_days(facility)
    away = queries.closed_on_day(facility, clock.today())
    may_note = actor.may(P.WRITE_NOTE) and actor.facility_id != facility.pk
    return {
        "profile_rows": rows(facility, row),
        "profile": row,
        "confirmation": queries.confirmation_of(row),
        "closing_days": days,
        "closed_today": away,
        "back": back(away.until_on) if away else "",
        "coming_suspension": next((day for day in days if day.suspension), None),
        "may_note": may_note,
        "notes": queries.notes(actor, facility) if may_note else [],
        "note_form": NoteForm() if may_note else None,
    }


def rows(facility: Facility, row: FacilityProfile) -> list[Row]:
    """Label and value of what the profile says; one that nobody wrote or confirmed says nothing."""
    if row.confirmed_on is None and not row.written:
        return []
    can = [label for name, label in FLAGS.items() if name != "accepts_new" and getattr(row, name)]
    labels = dict(CareFunction.choices)
    lines = [
        Row("ひとこと", row.message),
        Row("新しい患者", "受け付けています" if row.accepts_new else "今は受け付けていません"),
        Row("できること", "、".join(can)),
        Row("話せる言語", "、".join(["日本語", *queries.languages_of(row)])),
        Row("ホームページ", row.website, row.website),
    ]
    if row.functions or facility.kind in CARE:
        source = f"({row.functions_year}年の報告)" if row.functions_year else "(施設の申告)"
        said = "、".join(str(labels[code]) for code in row.functions)
        lines.insert(3, Row("2号の機能", said and said + source))
    return [line for line in lines if line.value]


def span(day: ClosingDay) -> str:
    """``8月12日(水)〜16日(日)``; the year only when it is another one."""
    first = _day(day.from_on, year=day.from_on.year != clock.today().year)
    if day.until_on == day.from_on:
        return first
    if day.until_on is None:
        return f"{first}〜(再開未定)"
    return f"{first}〜{_day(day.until_on, year=day.until_on.year != day.from_on.year)}"


def _day(day: date, *, year: bool) -> str:
    return (f"{day.year}年" if year else "") + f"{day.month}月{day.day}日({'月火水木金土日'[day.weekday()]})"
