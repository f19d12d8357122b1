"""Words of the function report: states, the class of an area, and the form of a year as data describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import models

Answers = Mapping[str, Any]


class ReportState(models.TextChoices):
    """Where a report stands; everything but a draft is read by the public bodies of its areas."""

    DRAFT = "draft", "作成中"
    SUBMITTED = "submitted", "提出済み"
    RETURNED = "returned", "差し戻し"
    CONFIRMED = "confirmed", "確認済み"


class AreaClass(models.TextChoices):
    """医療圏分類 (かかりつけ医機能に関する取組事例集 第1版)."""

    LARGE = "large", "大都市型"
    REGIONAL = "regional", "地方都市型"
    SPARSE = "sparse", "過疎地域型"


class Mark(models.TextChoices):
    """How surely a mark (〇) of the casebook was read."""

    SURE = "sure", "〇"
    LIKELY = "likely", "〇?"
    UNREAD = "unread", "?"


class Kind(StrEnum):
    """How an item is answered."""

    CHOICE = "choice"
    CHOICES = "choices"
    COUNT = "count"
    FTE = "fte"
    FACILITIES = "facilities"


class Prefilled(StrEnum):
    """Where an answer comes from before a person looks: the authority's print (NDBプレプリント) or the platform."""

    NDB = "ndb"
    PLATFORM = "platform"


PERIODS = {
    "calendar_year": "前年1月1日〜12月31日",
    "fiscal_year": "前年度4月1日〜3月31日",
    "as_of": "報告時点",
}


@dataclass(frozen=True)
class Option:
    """One answer with its code."""

    code: str
    label: str


@dataclass(frozen=True)
class Item:
    """One question of the report.

    ``present`` are the codes that count as done (実施・実績): any of them makes the function present; a ``COUNT`` counts
    from 1 on when ``counts`` is set. ``met`` are the codes that fulfil 1号. ``only_if`` is ``(key, codes)``: asked only
    after that answer. ``alone`` is the code that excludes all others. ``certain`` False: label or codes have to be checked
    against the manual before real use.
    """

    key: str
    label: str
    kind: Kind
    section: str
    number: str = ""
    options: tuple[Option, ...] = ()
    present: tuple[str, ...] = ()
    counts: bool = False
    met: tuple[str, ...] = ()
    only_if: tuple[str, tuple[str, ...]] | None = None
    alone: str = ""
    most: int = 0
    period: str = "as_of"
    prefilled: Prefilled | None = None
    required: bool = True
    certain: bool = True
    note: str = ""

    def label_of(self, code: str) -> str:
        """The words of a code; the code itself when the form does not know it."""
        return next((o.label for o in self.options if o.code == code), code)

    @property
    def period_label(self) -> str:
        """Over which time is asked."""
        return PERIODS.get(self.period, self.period)

    @property
    def of_its_year(self) -> bool:
        """A count of a period: it belongs to the report of its own year and is never copied."""
        if self.prefilled is Prefilled.PLATFORM:
            return self.kind is not Kind.FACILITIES
        return self.prefilled is Prefilled.NDB

    def asked(self, answers: Answers) -> bool:
        """Whether the item is asked at all after these answers."""
        if self.only_if is None:
            return True
        key, codes = self.only_if
        return str(answers.get(key, "")) in codes


@dataclass(frozen=True)
class Thresholds:
    """What decides the class of an area: persons and persons/km²."""

    large_population: int
    large_density: int
    regional_population: int
    middle_population: int
    middle_density: int


@dataclass(frozen=True)
class Form:
    """The form of one report year. ``sections`` is key → heading, in order; functions of 2号 are sections of part two."""

    year: int
    title: str
    source: str
    opens: str
    closes: str
    sections: Mapping[str, str]
    part_one: tuple[Item, ...]
    part_two: tuple[Item, ...]
    classes: Thresholds
    certain: bool = True
    text: str = field(default="", repr=False)

    def item(self, key: str) -> Item | None:
        """The item called ``key`` of either part."""
        return next((i for i in (*self.part_one, *self.part_two) if i.key == key), None)

    def part(self, number: int) -> tuple[Item, ...]:
        """Items of part 1 or 2."""
        return self.part_one if number == 1 else self.part_two


def area_class(population: int, km2: Decimal | float, rule: Thresholds) -> AreaClass:
    """医療圏分類: 大都市型 by population or density, 地方都市型, else 過疎地域型; every bound counts as 以上."""
    density = Decimal(population) / Decimal(str(km2))
    if population >= rule.large_population or density >= rule.large_density:
        return AreaClass.LARGE
    middle = population >= rule.middle_population and density >= rule.middle_density
    if population >= rule.regional_population or middle:
        return AreaClass.REGIONAL
    return AreaClass.SPARSE
