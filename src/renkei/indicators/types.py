"""Plain values of indicators: what is counted, over which months, by which version of which definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Q

from renkei.kernel import clock
from renkei.kernel.eras import to_era
from renkei.kernel.rates import Ratio


class ArrivalMode(models.TextChoices):
    """How the patient came (来院方法)."""

    WALK = "walk", "自力"
    AMBULANCE_PUBLIC = "ambulance_public", "救急車(消防)"
    AMBULANCE_HOSPITAL = "ambulance_hospital", "救急車(医療機関)"
    TRANSFER = "transfer", "転院搬送"
    HELICOPTER = "heli", "ヘリ"


class ReferralDocument(models.TextChoices):
    """What stands for the letter (紹介状): telephone calls and check-ups that were transcribed count as one (rules A.3)."""

    LETTER = "letter", "紹介状"
    PHONE = "phone_transcribed", "電話を転記"
    CHECKUP = "checkup_transcribed", "検診結果を転記"
    NONE = "none", "なし"


class Source(StrEnum):
    """Which table a term counts."""

    VISITS = "visits"
    BACK_REFERRALS = "back_referrals"


class Entered(models.TextChoices):
    """How a row came in."""

    PRODUCT = "product", "紹介の来院"
    CSV = "csv", "CSV"


@dataclass(frozen=True)
class Definition:
    """The parameters in force for one month, and where they come from; a closed month keeps a copy.

    ``related`` are the keys of facilities in a special relation (特別の関係) with the house.
    """

    name: str
    params: Mapping[str, Any]
    version: str
    source: str = ""
    certain: bool = True
    related: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As kept with a closed month and in a report."""
        return {
            "name": self.name,
            "params": dict(self.params),
            "version": self.version,
            "source": self.source,
            "certain": self.certain,
            "related": list(self.related),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Definition:
        """What ``to_json`` kept."""
        return cls(**{**kept, "related": tuple(kept["related"])})

    def __hash__(self) -> int:
        return hash((self.name, self.version, self.related))


@dataclass(frozen=True)
class Term:
    """One count of a formula: its letter, its words, the table, and the rows that it counts."""

    letter: str
    label: str
    source: Source
    rule: Callable[[Definition], Q]
    note: str = ""
    in_formula: bool = True

    @property
    def name(self) -> str:
        """``A 紹介患者の数``."""
        return f"{self.letter} {self.label}"


@dataclass(frozen=True)
class Option:
    """What a house may set in a definition. ``choices`` (value, label); without them it is yes or no."""

    name: str
    label: str
    help_text: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Indicator:
    """One indicator: numerator over denominator, ``per`` 100 (%) or 1000 (‰); or a median of days.

    ``definition`` names the effective-dated rules; indicators that share them share their terms. ``closes`` False: a
    figure that goes on changing after the month is closed, because replies still arrive.
    """

    key: str
    title: str
    short: str
    law: str
    definition: str
    unit: str
    terms: tuple[Term, ...]
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    per: int = 100
    order: int = 100
    closes: bool = True
    explains: str = ""
    options: tuple[Option, ...] = ()
    alternatives: tuple[tuple[str, str, str], ...] = ()
    """(label, letter of the numerator, value of the option) of readings that are shown side by side."""

    def term(self, letter: str) -> Term:
        """The term with ``letter``; ``KeyError`` for another."""
        return {term.letter: term for term in self.terms}[letter]

    @property
    def formula(self) -> str:
        """``A ÷ B × 100``."""
        top, bottom = " + ".join(self.numerator), " + ".join(self.denominator)
        if not bottom:
            return ""
        top = f"({top})" if len(self.numerator) > 1 else top
        bottom = f"({bottom})" if len(self.denominator) > 1 else bottom
        return f"{top} ÷ {bottom} × {self.per:,}"


def month_of(day: date) -> date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the following month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


@dataclass(frozen=True)
class Period:
    """Whole months from ``first`` to ``last``, both as first days of a month."""

    first: date
    last: date

    @classmethod
    def fiscal(cls, year: int) -> Period:
        """年度: 1 April to 31 March."""
        return cls(date(year, 4, 1), date(year + 1, 3, 1))

    @classmethod
    def latest_year(cls) -> Period:
        """The last twelve whole months."""
        last = month_of(month_of(clock.today()) - timedelta(days=1))
        return cls(next_month(last).replace(year=next_month(last).year - 1), last)

    @property
    def until(self) -> date:
        """The first day after the period."""
        return next_month(self.last)

    def months(self) -> Iterator[date]:
        """First days of the months."""
        month = self.first
        while month <= self.last:
            yield month
            month = next_month(month)

    @property
    def fiscal_year(self) -> int | None:
        """The fiscal year that this is exactly, or None."""
        return self.first.year if self == Period.fiscal(self.first.year) else None

    @property
    def query(self) -> str:
        """As part of an address."""
        return f"from={self.first:%Y-%m}&to={self.last:%Y-%m}"

    def __str__(self) -> str:
        if self.fiscal_year:
            era = to_era(self.first)
            return f"{self.fiscal_year}年度({era.name}{era.year_text}年度)"
        if self.first == self.last:
            return f"{self.first.year}年{self.first.month}月"
        return f"{self.first.year}年{self.first.month}月〜{self.last.year}年{self.last.month}月"


@dataclass(frozen=True)
class MonthCounts:
    """The counts of one month with the definition they were made with."""

    month: date
    counts: Mapping[str, int]
    definition: Definition
    closed: bool = False


@dataclass(frozen=True)
class Figure:
    """An indicator over a period: the months and their sum. ``value`` None is shown as 計算不可."""

    indicator: Indicator
    period: Period
    months: tuple[MonthCounts, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    days: float | None = None

    @property
    def ratio(self) -> Ratio:
        """The exact share of the whole period."""
        return self._ratio(self.counts)

    def _ratio(self, counts: Mapping[str, int], numerator: tuple[str, ...] = ()) -> Ratio:
        top = sum(counts.get(letter, 0) for letter in numerator or self.indicator.numerator)
        return Ratio(top, sum(counts.get(letter, 0) for letter in self.indicator.denominator))

    @property
    def value(self) -> float | None:
        """In the unit of the indicator, to 0.1, half up; None without a denominator."""
        if not self.indicator.denominator:
            return self.days
        return rounded(self.ratio, self.indicator.per)

    @property
    def text(self) -> str:
        """As shown: ``55.0``, or 計算不可."""
        return NOT_COMPUTABLE if self.value is None else f"{self.value:.1f}"

    @property
    def by_month(self) -> list[float | None]:
        """The value of each month."""
        return [rounded(self._ratio(m.counts), self.indicator.per) for m in self.months]

    @property
    def definitions(self) -> list[Definition]:
        """The versions that were used, each once, in order of time."""
        return list({m.definition.version: m.definition for m in self.months}.values())

    def reading(self, letter: str) -> str:
        """The value with another term in the numerator."""
        found = rounded(self._ratio(self.counts, (letter,)), self.indicator.per)
        return NOT_COMPUTABLE if found is None else f"{found:.1f}"


NOT_COMPUTABLE = "計算不可"


def rounded(ratio: Ratio, per: int) -> float | None:
    """``ratio`` times ``per`` to one decimal, half up (rules A.3); None without a denominator."""
    if not ratio.denominator:
        return None
    return ((ratio.numerator * per * 20 + ratio.denominator) // (2 * ratio.denominator)) / 10
