"""Counts in SQL: one pass over each table for all terms of all indicators, month by month; nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, FloatField, Func, IntegerField, Q, QuerySet
from django.db.models.aggregates import Aggregate
from django.db.models.functions import TruncMonth

from renkei.gate.actor import Actor
from renkei.indicators.models import BackReferral, Visit
from renkei.indicators.types import Definition, Indicator, Source, Term, next_month

DAYS = {Source.VISITS: "visit_on", Source.BACK_REFERRALS: "issued_on"}
BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("3日以内", 0, 3),
    ("4〜7日", 4, 7),
    ("8〜14日", 8, 14),
    ("15〜30日", 15, 30),
    ("31日以上", 31, None),
)
"""Days from arrival to final reply: label, from, to (inclusive)."""


@dataclass(frozen=True)
class Asked:
    """One column of the counting query: a term under one version of its definition."""

    term: Term
    definition: Definition
    months: frozenset[date]


def rows_of(actor: Actor, source: Source, using: str | None = None) -> QuerySet[Any]:
    """The rows that count: the actor's own facility, without those that came after their month was closed."""
    model = Visit if source is Source.VISITS else BackReferral
    return model.objects.using(using).visible_to(actor).filter(facility_id=actor.facility_id, late=False)


def within(source: Source, months: Iterable[date]) -> Q:
    """The days of ``months`` as a few ranges; neighbours are joined."""
    day, found = DAYS[source], Q(pk__in=[])
    start = end = None
    for month in sorted(set(months)):
        if start is None or month != end:
            found |= _range(day, start, end)
            start = month
        end = next_month(month)
    return found | _range(day, start, end)


def _range(day: str, start: date | None, end: date | None) -> Q:
    return Q(pk__in=[]) if start is None else Q(**{f"{day}__gte": start, f"{day}__lt": end})


def count(
    actor: Actor,
    indicators: Iterable[Indicator],
    definitions: Mapping[str, Mapping[date, Definition]],
    months: Iterable[date],
    narrow: Mapping[Source, Q] | None = None,
    by: str = "",
    using: str | None = None,
) -> dict[tuple[str, date | str], dict[str, int]]:
    """(definition, month) → letter → count; with ``by`` a column of the visits stands in place of the month.

    At most one query for each table, whatever the number of indicators, months and versions.
    """
    wanted = sorted(set(months))
    found: dict[tuple[str, date | str], dict[str, int]] = {}
    if not wanted:
        return found
    for source in Source:
        asked = _columns(indicators, definitions, wanted, source)
        if asked and not (by and source is not Source.VISITS and by != "department"):
            rows = rows_of(actor, source, using).filter(within(source, wanted))
            rows = rows.filter((narrow or {}).get(source, Q()))
            _collect(found, rows, source, asked, by)
    return found


def _columns(
    indicators: Iterable[Indicator],
    definitions: Mapping[str, Mapping[date, Definition]],
    months: list[date],
    source: Source,
) -> list[Asked]:
    terms: dict[tuple[str, str], Term] = {}
    for indicator in indicators:
        for term in indicator.terms:
            if term.source is source:
                terms[indicator.definition, term.letter] = term
    asked = []
    for (name, _letter), term in terms.items():
        versions: dict[Definition, set[date]] = {}
        for month in months:
            versions.setdefault(definitions[name][month], set()).add(month)
        asked += [Asked(term, version, frozenset(held)) for version, held in versions.items()]
    return asked


def _collect(
    found: dict[tuple[str, date | str], dict[str, int]],
    rows: QuerySet[Any],
    source: Source,
    asked: list[Asked],
    by: str,
) -> None:
    """Run the query and put its numbers into ``found``."""
    several = by and len({a.definition for a in asked}) > len({a.definition.name for a in asked})
    columns = {
        f"n{i}": Count(
            "pk", filter=a.term.rule(a.definition) & (within(source, a.months) if several else Q())
        )
        for i, a in enumerate(asked)
    }
    group = by or "month"
    if not by:
        rows = rows.annotate(month=TruncMonth(DAYS[source]))
    for row in rows.order_by().values(group).annotate(**columns):
        where = row[group]
        for i, a in enumerate(asked):
            if by or where in a.months:
                counts = found.setdefault((a.definition.name, where), {})
                counts[a.term.letter] = counts.get(a.term.letter, 0) + row[f"n{i}"]


class _Days(Func):
    """A date minus a date as whole days; Django's own subtraction makes an interval of it."""

    template, arg_joiner, output_field = "(%(expressions)s)", " - ", IntegerField()


class _Median(Aggregate):
    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True)
class Waiting:
    """How long referring clinics waited: the median in days (None without replies), and (label, low, high, count)."""

    median: float | None
    buckets: tuple[tuple[str, int, int | None, int], ...]
    open: int


def in_bucket(low: int, high: int | None) -> Q:
    """Visits whose final reply took ``low`` to ``high`` days."""
    found = Q(days__gte=low)
    return found if high is None else found & Q(days__lte=high)


def with_days(rows: QuerySet[Any]) -> QuerySet[Any]:
    """``days`` from arrival to final reply, whole days."""
    return rows.annotate(days=_Days(F("final_reply_on"), F("visit_on")))


def waiting(actor: Actor, months: Iterable[date], narrow: Q | None = None) -> Waiting:
    """Median and distribution of the days to the final reply, in one query."""
    rows = rows_of(actor, Source.VISITS).filter(within(Source.VISITS, months) & ~Q(referral_doc="none"))
    rows = with_days(rows.filter(narrow or Q()))
    columns: dict[str, Any] = {
        f"b{i}": Count("pk", filter=in_bucket(low, high)) for i, (_l, low, high) in enumerate(BUCKETS)
    }
    found = rows.aggregate(median=_Median("days"), open=Count("pk", filter=Q(final_reply_on=None)), **columns)
    buckets = tuple((label, low, high, found[f"b{i}"]) for i, (label, low, high) in enumerate(BUCKETS))
    return Waiting(found["median"], buckets, found["open"])
