"""What the platform's own records already answer: linked institutions, and patients referred by special hospitals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from renkei.directory.models import ClosingDay, Facility
from renkei.directory.profiles.queries import suspensions_between
from renkei.directory.queries import facilities, facility_by_id
from renkei.gate.actor import Actor
from renkei.publications.functions import queries
from renkei.publications.functions.types import Form, Item, Kind, Prefilled
from renkei.referrals.partners.queries import admitted_at, arrived_by_sender, partners


@dataclass(frozen=True)
class Suggested:
    """A linked institution that the records speak of, with how often."""

    facility: Facility
    says: str


@dataclass(frozen=True)
class Received:
    """Patients referred from 特定機能病院, 地域医療支援病院 and 紹介受診重点医療機関 over a fiscal year.

    ``months`` are those in which the house saw patients (診療月数).
    """

    total: int
    months: int
    first: date
    last: date

    @property
    def monthly(self) -> float:
        """The monthly mean (月平均): the year's total by 診療月数, as the form prints it; 0 without such a month."""
        return self.total / self.months if self.months else 0


def fiscal_year_before(year: int) -> tuple[date, date]:
    """前年度: for the report of January to March 2026 the fiscal year from April 2024 to March 2025."""
    return date(year - 2, 4, 1), date(year - 1, 3, 31)


def received(actor: Actor, year: int) -> Received:
    """Counted from referrals that arrived at the actor's facility through the platform."""
    first, last = fiscal_year_before(year)
    counts = arrived_by_sender(actor, first, last)
    total = sum(n for key, n in counts.items() if queries.hospital_class(key))
    return Received(total, months_of_practice(actor.facility_id, first, last), first, last)


def months_of_practice(facility_id: int, first: date, last: date) -> int:
    """診療月数: the calendar months between two days with a day on which the house was there and not suspended (休止).

    Source: かかりつけ医機能報告マニュアル, ロ No.11 (月平均 = 年間の延べ数 ÷ 診療を行った月数; rules.md E.3). A house that opened in
    October divides by six, a month without patients counts as long as the house was open. Day by day, so that a month is
    left out only when it was closed from its first day to its last.
    """
    house = facility_by_id(facility_id)
    if house is None:
        return 0
    away = suspensions_between(house, first, last)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return len({(day.year, day.month) for day in days if _there(house, away, day)})


def _there(house: Facility, away: Iterable[ClosingDay], day: date) -> bool:
    opened = house.opened_on is None or house.opened_on <= day
    closed = house.closed_on is not None and house.closed_on <= day
    rests = any(a.from_on <= day and (a.until_on is None or day <= a.until_on) for a in away)
    return opened and not closed and not rests


def monthly_code(mean: float) -> str:
    """The code of ロ No.11: 0 none, 1 below one, 5 ten or more; the bounds between are to be checked."""
    bounds = ((1, "1"), (3, "2"), (5, "3"), (10, "4"))
    if mean == 0:
        return "0"
    return next((code for bound, code in bounds if mean < bound), "5")


def suggestions(actor: Actor, year: int, item: Item) -> list[Suggested]:
    """Institutions that could be named for ``item``, the busiest first: those with admissions for back-up beds."""
    first, last = date(year - 1, 1, 1), date(year, 12, 31)
    if item.key == "backup_partners":
        counts = admitted_at(actor, first, last)
        told = {key: f"入院 {n}件" for key, n in sorted(counts.items(), key=lambda p: (-p[1], p[0]))}
    else:
        found = partners(actor, first, last)
        told = {p.facility_id: f"紹介 {p.sent}件・逆紹介など {p.received}件" for p in found}
    known = _known(told)
    return [Suggested(known[key], says) for key, says in told.items() if key in known][: item.most]


def _known(keys: Iterable[int]) -> dict[int, Facility]:
    rows = facilities(kinds=queries.CONCERNED).filter(pk__in=list(keys))
    return {row.pk: row for row in rows}


def linked(facility: Facility) -> dict[str, str]:
    """A linked institution as answers keep it: the key and the name as printed."""
    return {"uid": str(facility.uid), "name": facility.name}


def prefill(actor: Actor, form: Form, year: int) -> dict[str, Any]:
    """Answers for the report of ``year`` from the platform's records, by item; nothing where they say nothing.

    ``year`` is the report's own: its form may be the one of a year before.
    """
    found: dict[str, Any] = {}
    for item in form.part_two:
        if item.prefilled is not Prefilled.PLATFORM:
            continue
        if item.kind is Kind.FACILITIES:
            named = [linked(s.facility) for s in suggestions(actor, year, item)]
            if named:
                found[item.key] = named
        else:
            told = received(actor, year)
            if told.total:
                found[item.key] = monthly_code(told.monthly)
    return found
