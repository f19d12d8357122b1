"""The lists behind the numbers, where patients come from, imports and reports; only rows of the actor's facility."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from renkei.gate.actor import Actor, Kind
from renkei.indicators.counting import BUCKETS, DAYS, count, in_bucket, rows_of, with_days, within
from renkei.indicators.figures import versions_of
from renkei.indicators.models import BackReferral, EventImport, MonthClosing, Report, Visit
from renkei.indicators.registry import all_indicators
from renkei.indicators.rules import definitions, rulebook
from renkei.indicators.types import Definition, Indicator, Period, Source, Term, next_month, rounded
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.rates import Ratio

WITH_LETTER = ~Q(referral_doc="none")


@dataclass(frozen=True)
class Filters:
    """What narrows a list besides term and period; empty values narrow nothing, ``-`` stands for "unknown"."""

    department: str = ""
    municipality: str = ""
    sender: str = ""
    bucket: str = ""

    UNKNOWN: ClassVar[str] = "-"

    def q(self, source: Source) -> Q:
        """As a condition on the rows of ``source``."""
        found = self._equal("department", self.department)
        if source is Source.VISITS:
            found &= self._equal("municipality", self.municipality)
            found &= self._equal("from_name", self.sender)
            chosen = [(low, high) for label, low, high in BUCKETS if label == self.bucket]
            for low, high in chosen:
                found &= in_bucket(low, high)
        return found

    def _equal(self, name: str, value: str) -> Q:
        if not value:
            return Q()
        return Q(**{name: "" if value == self.UNKNOWN else value})

    def told(self) -> list[str]:
        """As words for the head of the list."""
        pairs = (
            ("診療科", self.department),
            ("市区町村", self.municipality),
            ("紹介元", self.sender),
            ("返書まで", self.bucket),
        )
        return [
            f"{label}: {'記載なし' if value == self.UNKNOWN else value}" for label, value in pairs if value
        ]


def term_of(indicator: Indicator, letter: str) -> Term:
    """The term of an address. Raises ``NotFound``."""
    try:
        return indicator.term(letter)
    except KeyError:
        raise NotFound("term_unknown", "この項目はありません。指標のページから選び直してください。") from None


def records(
    actor: Actor, indicator: Indicator, letter: str, period: Period, filters: Filters | None = None
) -> QuerySet[Any]:
    """The rows that a term counted over ``period``: each month by the definition that its figure was made with."""
    term = term_of(indicator, letter)
    versions, kept = versions_of(actor, period)
    of_month: dict[Definition, set[date]] = {}
    for month, definition in versions[indicator.definition].items():
        frozen = kept.get((indicator.key, month))
        of_month.setdefault(frozen.definition if frozen else definition, set()).add(month)
    wanted = Q(pk__in=[])
    for definition, months in of_month.items():
        wanted |= within(term.source, months) & term.rule(definition)
    day = "visit_on" if term.source is Source.VISITS else "issued_on"
    rows = rows_of(actor, term.source)
    if filters and filters.bucket:
        rows = with_days(rows)
    rows = rows.filter(wanted).filter((filters or Filters()).q(term.source))
    other = "from_facility" if term.source is Source.VISITS else "to_facility"
    return rows.select_related("patient", "referral__patient", other).order_by(f"-{day}", "-id")


@dataclass(frozen=True)
class Line:
    """One line of a breakdown: a label, the key for the list behind it, counts, and the value in the unit."""

    label: str
    key: str
    counts: Mapping[str, int]
    value: float | None


def past_figures(
    facility_id: int, months: Iterable[date], prefecture: str, using: str
) -> dict[date, dict[str, tuple[dict[str, int], dict[str, Any]]]]:
    """Month → indicator → (counts, definition) as a closing keeps them, for a past that is written as rows.

    Run as the system on connection ``using``; ``prefecture`` is ``JP-14``. Relations and beds play no part.
    """
    wanted = list(months)
    order = [f"facility:{facility_id}", prefecture, "JP"]
    book = rulebook(facility_id, using=using, order=order)
    versions = definitions(book, wanted)
    lasting = [i for i in all_indicators() if i.closes]
    actor = Actor(Kind.SYSTEM, facility_id=facility_id, reason="past figures")
    counted = count(actor, lasting, versions, wanted, using=using)
    found: dict[date, dict[str, tuple[dict[str, int], dict[str, Any]]]] = {}
    for month in wanted:
        for indicator in lasting:
            counts = counted.get((indicator.definition, month), {})
            own = {term.letter: counts.get(term.letter, 0) for term in indicator.terms}
            told = versions[indicator.definition][month].to_json()
            found.setdefault(month, {})[indicator.key] = (own, told)
    return found


def by_department(actor: Actor, indicator: Indicator, period: Period) -> list[Line]:
    """An indicator by department, largest first; closed months are counted by their own definitions."""
    versions, _kept = versions_of(actor, period)
    found = count(actor, [indicator], versions, period.months(), by="department")
    lines = []
    for (_name, department), counts in found.items():
        own = {t.letter: counts.get(t.letter, 0) for t in indicator.terms}
        if any(own.values()):
            top, bottom = (
                sum(own[x] for x in letters) for letters in (indicator.numerator, indicator.denominator)
            )
            label = str(department)
            value = rounded(Ratio(top, bottom), indicator.per)
            lines.append(Line(label or "記載なし", label or Filters.UNKNOWN, own, value))
    size = indicator.denominator or tuple(t.letter for t in indicator.terms if t.in_formula)
    return sorted(lines, key=lambda line: (-sum(line.counts[x] for x in size), line.label))


@dataclass(frozen=True)
class Sources:
    """Where referred patients come from: by municipality, by sender, and from senders to departments."""

    total: int
    municipalities: dict[str, int]
    senders: list[tuple[str, int, int, int]]
    """(name, referred, of them answered, key of the facility or 0), most first."""
    flows: list[tuple[str, str, int]] = field(default_factory=list)
    """(sender, department, count)."""


MOST_SENDERS = 300


def sources(actor: Actor, period: Period) -> Sources:
    """Visits with a letter in ``period``, grouped in three queries."""
    rows = (
        rows_of(actor, Source.VISITS).filter(within(Source.VISITS, period.months()) & WITH_LETTER).order_by()
    )
    places = dict(rows.values_list("municipality").annotate(n=Count("pk")))
    answered = Count("pk", filter=Q(final_reply_on__isnull=False))
    senders = rows.values_list("from_name").annotate(n=Count("pk"), m=answered).order_by("-n", "from_name")
    known = rows.exclude(from_facility=None).values_list("from_name", "from_facility_id").distinct()
    keys: dict[str, int] = {name: key for name, key in known if key}
    told = [(name or "記載なし", n, m, keys.get(name, 0)) for name, n, m in senders[:MOST_SENDERS]]
    flows = rows.values_list("from_name", "department").annotate(n=Count("pk")).order_by("-n")
    streams = [(s or "記載なし", d or "記載なし", n) for s, d, n in flows[: 20 * MOST_SENDERS]]
    return Sources(sum(places.values()), places, told, streams)


def imports(actor: Actor) -> QuerySet[EventImport]:
    """Files of the facility, newest first, without their bytes."""
    return EventImport.objects.visible_to(actor).filter(facility_id=actor.facility_id).defer("content")


def import_of(actor: Actor, uid: UUID | str) -> EventImport:
    """One file without its bytes. Raises ``NotFound``."""
    found: EventImport | None = imports(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("import_not_found", "この取り込みは見つかりません。一覧から選び直してください。")
    return found


def report_of(actor: Actor, uid: UUID | str) -> Report:
    """One report. Raises ``NotFound``."""
    found: Report | None = Report.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("report_not_found", "この報告書は見つかりません。一覧から選び直してください。")
    return found


def reports(actor: Actor) -> list[Report]:
    """Every report of the facility, newest first, without its content."""
    return list(Report.objects.visible_to(actor).filter(facility_id=actor.facility_id).defer("content"))


def closing_of(actor: Actor, uid: UUID | str) -> MonthClosing:
    """One closing. Raises ``NotFound``."""
    found: MonthClosing | None = MonthClosing.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("closing_not_found", "この締めは見つかりません。一覧から選び直してください。")
    return found


@dataclass(frozen=True)
class Month:
    """One month of the page of closings: rows that count, corrections that wait, and its closings, newest first."""

    month: date
    visits: int
    back_referrals: int
    late: int
    closings: list[MonthClosing]

    @property
    def closing(self) -> MonthClosing | None:
        """The closing in force."""
        return next((c for c in self.closings if c.reopened_at is None), None)

    @property
    def is_over(self) -> bool:
        """Whether anything can still happen in it."""
        return next_month(self.month) <= clock.today()


def months(actor: Actor, wanted: Iterable[date]) -> list[Month]:
    """The months with their state, newest first; three queries."""
    days = sorted(wanted, reverse=True)
    closed: dict[date, list[MonthClosing]] = {}
    own = MonthClosing.objects.visible_to(actor).filter(facility_id=actor.facility_id, month_on__in=days)
    for row in own.order_by("-id"):
        closed.setdefault(row.month_on, []).append(row)
    counts = {source: _per_month(actor, source, days) for source in Source}
    return [
        Month(
            day,
            counts[Source.VISITS].get(day, (0, 0))[0],
            counts[Source.BACK_REFERRALS].get(day, (0, 0))[0],
            sum(counts[source].get(day, (0, 0))[1] for source in Source),
            closed.get(day, []),
        )
        for day in days
    ]


def _per_month(actor: Actor, source: Source, days: list[date]) -> dict[date, tuple[int, int]]:
    model = Visit if source is Source.VISITS else BackReferral
    rows = model.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    rows = rows.filter(within(source, days)).annotate(month=TruncMonth(DAYS[source])).order_by()
    found = rows.values_list("month").annotate(
        n=Count("pk", filter=Q(late=False)), late_n=Count("pk", filter=Q(late=True))
    )
    return {month: (n, late) for month, n, late in found}
