"""Figures as the components show them: cards, lines of a chart, tables, streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from renkei.gate.actor import Actor
from renkei.gate.guard import note_shown
from renkei.indicators.export import Cell
from renkei.indicators.forms import fiscal_years
from renkei.indicators.judging import Condition, thresholds
from renkei.indicators.models import BackReferral, Visit
from renkei.indicators.types import (
    NOT_COMPUTABLE,
    Figure,
    Indicator,
    MonthCounts,
    Period,
    Source,
    Term,
    rounded,
)
from renkei.kernel.rates import Ratio
from renkei.patients.permissions import P as Patients
from renkei.ui.types import Chart, Series, Tab, Threshold

Url = str


def list_url(indicator: Indicator, letter: str, period: Period, **filters: str) -> Url:
    """The list behind a number."""
    narrowed = {name: value for name, value in filters.items() if value}
    extra = f"&{urlencode(narrowed)}" if narrowed else ""
    return f"{reverse('indicators:records', args=[indicator.key, letter])}?{period.query}{extra}"


@dataclass(frozen=True)
class TermLine:
    """One count of a formula with the list behind it."""

    term: Term
    count: int
    url: Url


def term_lines(figure: Figure, *, all_terms: bool = False) -> list[TermLine]:
    """The counts of a figure."""
    return [
        TermLine(t, figure.counts.get(t.letter, 0), list_url(figure.indicator, t.letter, figure.period))
        for t in figure.indicator.terms
        if t.in_formula or all_terms
    ]


@dataclass(frozen=True)
class Card:
    """One indicator on the first page."""

    figure: Figure
    terms: list[TermLine]
    conditions: list[Condition]
    url: Url

    @property
    def tone(self) -> str:
        """Red where every threshold is missed; plain otherwise."""
        return "danger" if self.conditions and all(c.passed is False for c in self.conditions) else ""


def cards(found: Mapping[str, Figure], conditions: Iterable[Condition]) -> list[Card]:
    """Every indicator, with its own thresholds."""
    told = list(dict.fromkeys(conditions))
    return [
        Card(
            figure,
            term_lines(figure),
            [c for c in told if c.indicator == key],
            f"{reverse('indicators:show', args=[key])}?{figure.period.query}",
        )
        for key, figure in found.items()
    ]


def chart(figures: Iterable[Figure], title: str) -> Chart:
    """Months as lines with the thresholds of the last month; a month without denominator is a gap."""
    shown = list(figures)
    limits = {
        (f"{label} {value:g}{f.indicator.unit}", value)
        for f in shown[:1]
        for label, value in thresholds(f.months[-1].definition, f.indicator.key)
    }
    return Chart(
        title=title,
        unit=shown[0].indicator.unit,
        days=[m.month.isoformat() for m in shown[0].months],
        series=[Series(f.indicator.short, f.by_month) for f in shown],
        thresholds=[Threshold(label, value) for label, value in sorted(limits, key=lambda x: -x[1])],
        by_month=True,
    )


@dataclass(frozen=True)
class MonthLine:
    """One month of an indicator: counts with their names and lists, the value, and whether it is closed."""

    month: date
    label: str
    counts: list[tuple[str, int, Url]]
    value: str
    closed: bool
    version: str


def month_lines(figure: Figure) -> list[MonthLine]:
    """The months of a figure, newest first."""
    terms = [t for t in figure.indicator.terms if t.in_formula]
    return [_month_line(figure, m, terms) for m in reversed(figure.months)]


def _month_line(figure: Figure, month: MonthCounts, terms: list[Term]) -> MonthLine:
    indicator, only = figure.indicator, Period(month.month, month.month)
    top = sum(month.counts.get(x, 0) for x in indicator.numerator)
    value = rounded(Ratio(top, sum(month.counts.get(x, 0) for x in indicator.denominator)), indicator.per)
    return MonthLine(
        month.month,
        f"{month.month.year}年{month.month.month}月",
        [(t.name, month.counts.get(t.letter, 0), list_url(indicator, t.letter, only)) for t in terms],
        NOT_COMPUTABLE if value is None else f"{value:.1f}",
        month.closed,
        month.definition.version,
    )


def period_tabs(base: Url, period: Period) -> list[Tab]:
    """Twelve months, and three fiscal years."""
    tabs = [Tab("直近12か月", base, current=period == Period.latest_year())]
    return tabs + [
        Tab(f"{year}年度", f"{base}?fy={year}", current=period.fiscal_year == year) for year in fiscal_years()
    ]


@dataclass(frozen=True)
class RecordLine:
    """One visit or back-referral in a list. Names stand there for those who may see patients."""

    day: date
    at: str
    patient: str
    name: str
    department: str
    what: str
    other: str
    reply: str
    number: str
    url: Url
    entered: str
    note: str


HEADS = {
    Source.VISITS: (
        "受診日",
        "時刻",
        "患者番号",
        "氏名",
        "診療科",
        "初診・再診",
        "来院方法",
        "区分",
        "紹介状",
        "紹介元",
        "市区町村コード",
        "最終返書日",
        "紹介番号",
        "入力",
    ),
    Source.BACK_REFERRALS: (
        "逆紹介日",
        "患者番号",
        "氏名",
        "診療科",
        "紹介先",
        "同意",
        "文書",
        "算定",
        "紹介番号",
        "入力",
    ),
}


def _marks(row: Visit) -> str:
    marks = (
        (row.is_holiday, "休日"),
        (row.is_night, "夜間"),
        (row.via_emergency_program, "救急医療事業"),
        (row.checkup_detected, "自院健診"),
        (row.online_only, "オンラインのみ"),
        (row.fee_b005_11, "遠隔連携診療料"),
        (row.fee_b011, "連携強化"),
    )
    return "・".join(label for held, label in marks if held)


def _person(row: Any) -> Any:
    """The patient of the house, or of the letter while the house has not registered the person; None for neither."""
    return row.patient or getattr(row.referral, "patient", None)


def _number(row: Any) -> str:
    return row.patient_number or (row.patient.local_number if row.patient else "")


def record_lines(actor: Actor, rows: Iterable[Any], source: Source) -> list[RecordLine]:
    """The rows of one page; the patients on it go into the read entry of the trail."""
    names = actor.may(Patients.VIEW)
    lines, patients = [], set()
    for row in rows:
        person = _person(row) if names else None
        if person:
            patients.add(person.pk)
        visit = source is Source.VISITS
        day = row.visit_on if visit else row.issued_on
        what = (
            f"{'初診' if row.is_first_visit else '再診'}・{row.get_arrival_mode_display()}" if visit else ""
        )
        lines.append(
            RecordLine(
                day,
                f"{row.visit_time:%H:%M}" if visit and row.visit_time else "",
                _number(row) if names else "",
                person.name if person else "",
                row.department,
                what,
                row.from_name if visit else row.to_name,
                _reply(row) if visit else "",
                row.referral.number if row.referral else "",
                reverse("referrals:show", args=[row.referral.uid]) if row.referral else "",
                row.get_entered_display(),
                _marks(row) if visit else _papers(row),
            )
        )
    note_shown("patients", patients)
    return lines


def _papers(row: Any) -> str:
    held = ((row.consent, "同意"), (row.document_issued, "文書"), (row.fee_claimed, "算定"))
    return "・".join(label for yes, label in held if yes)


def _reply(row: Visit) -> str:
    if row.referral_doc == "none":
        return ""
    return f"{(row.final_reply_on - row.visit_on).days}日" if row.final_reply_on else "未返書"


def export_rows(actor: Actor, rows: Any, source: Source) -> Iterable[list[Cell]]:
    """The rows of a list as cells, one after the other; nothing is kept."""
    names = actor.may(Patients.VIEW)
    for row in rows.iterator(chunk_size=1000):
        person = _person(row) if names else None
        if person:
            note_shown("patients", [person.pk])
        who: list[Cell] = [_number(row) if names else "", person.name if person else ""]
        end: list[Cell] = [row.referral.number if row.referral else "", row.get_entered_display()]
        yield [*_visit(row, who), *end] if source is Source.VISITS else [*_given_back(row, who), *end]


def _visit(row: Visit, who: list[Cell]) -> list[Cell]:
    return [
        row.visit_on,
        f"{row.visit_time:%H:%M}" if row.visit_time else "",
        *who,
        row.department,
        "初診" if row.is_first_visit else "再診",
        row.get_arrival_mode_display(),
        _marks(row),
        row.get_referral_doc_display(),
        row.from_name,
        row.municipality,
        row.final_reply_on,
    ]


def _given_back(row: BackReferral, who: list[Cell]) -> list[Cell]:
    yes = ["はい" if held else "いいえ" for held in (row.consent, row.document_issued, row.fee_claimed)]
    return [row.issued_on, *who, row.department, row.to_name, *yes]
