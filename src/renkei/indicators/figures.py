"""The figures of a facility over a period: closed months as they were closed, open ones counted now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from renkei.gate.actor import Actor
from renkei.indicators.counting import count, waiting
from renkei.indicators.judging import Verdict, fulfilled, judge
from renkei.indicators.models import MonthClosing, MonthlyFigure
from renkei.indicators.registry import all_indicators, definition_names
from renkei.indicators.rules import Rulebook, definitions, rulebook
from renkei.indicators.types import Definition, Figure, Indicator, MonthCounts, Period

Versions = dict[str, dict[date, Definition]]


@dataclass(frozen=True)
class Judged:
    """What a law asks, with the verdicts over the period; ``definition`` is that of its last month."""

    law: str
    definition: Definition
    verdicts: list[Verdict]
    passed: bool | None


def closings(actor: Actor, months: Iterable[date] | None = None) -> dict[date, MonthClosing]:
    """The closings in force of the actor's facility, by month."""
    rows = MonthClosing.objects.visible_to(actor).filter(facility_id=actor.facility_id, reopened_at=None)
    if months is not None:
        rows = rows.filter(month_on__in=list(months))
    return {row.month_on: row for row in rows}


def kept_figures(actor: Actor, months: Iterable[date]) -> dict[tuple[str, date], MonthCounts]:
    """What was counted when the months were closed, by indicator and month."""
    rows = MonthlyFigure.objects.visible_to(actor).filter(
        facility_id=actor.facility_id, month_on__in=list(months), closing__reopened_at=None
    )
    return {
        (row.indicator, row.month_on): MonthCounts(
            row.month_on, row.counts, Definition.from_json(row.definition), closed=True
        )
        for row in rows
    }


def versions_of(
    actor: Actor, period: Period, book: Rulebook | None = None
) -> tuple[Versions, dict[tuple[str, date], MonthCounts]]:
    """Each month's definitions (a closed month has its own) and the kept figures."""
    months = list(period.months())
    found = definitions(book or rulebook(actor.facility_id), months)
    kept = kept_figures(actor, months)
    for indicator in all_indicators():
        for month in months:
            if (indicator.key, month) in kept:
                same = found[indicator.definition]
                frozen = kept[indicator.key, month].definition
                same[month] = next((d for d in same.values() if d == frozen), frozen)
    return found, kept


def figures(actor: Actor, period: Period, book: Rulebook | None = None) -> dict[str, Figure]:
    """Every indicator over ``period``, by its key; at most eight queries."""
    versions, kept = versions_of(actor, period, book)
    months = list(period.months())
    lasting = [i for i in all_indicators() if i.closes]
    moving = [i for i in all_indicators() if not i.closes]
    open_months = [m for m in months if any((i.key, m) not in kept for i in lasting)]
    live = count(actor, lasting, versions, open_months)
    live |= count(actor, moving, versions, months)
    found = {}
    for indicator in all_indicators():
        lines = tuple(_month(indicator, month, versions, kept, live) for month in months)
        found[indicator.key] = Figure(indicator, period, lines, _sum(lines), _days(actor, indicator, months))
    return found


def _days(actor: Actor, indicator: Indicator, months: list[date]) -> float | None:
    return waiting(actor, months).median if not indicator.denominator else None


def _month(
    indicator: Indicator,
    month: date,
    versions: Versions,
    kept: Mapping[tuple[str, date], MonthCounts],
    live: Mapping[tuple[str, date | str], Mapping[str, int]],
) -> MonthCounts:
    if (indicator.key, month) in kept:
        return kept[indicator.key, month]
    counts = live.get((indicator.definition, month), {})
    own = {term.letter: counts.get(term.letter, 0) for term in indicator.terms}
    return MonthCounts(month, own, versions[indicator.definition][month])


def _sum(months: Iterable[MonthCounts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for month in months:
        for letter, n in month.counts.items():
            total[letter] = total.get(letter, 0) + n
    return total


def judged(found: Mapping[str, Figure]) -> list[Judged]:
    """The verdicts of every definition with thresholds, by the version of the last month."""
    result = []
    for name in definition_names():
        of_name = [f for f in found.values() if f.indicator.definition == name and f.indicator.denominator]
        if not of_name:
            continue
        definition = of_name[0].months[-1].definition
        verdicts = judge(definition, found)
        result.append(Judged(of_name[0].indicator.law, definition, verdicts, fulfilled(definition, verdicts)))
    return result
