"""Which version of a definition counts for which month: the law's rule, then what the house has set on top of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from renkei.directory.models import Rule
from renkei.directory.queries import facility_by_id, jurisdictions, special_relations
from renkei.indicators.registry import definition_names
from renkei.indicators.types import Definition
from renkei.kernel.errors import NotFound
from renkei.kernel.identifiers import PREFECTURES

PREFIX = "indicator."
OPTIONS = ".options"
LARGE_BEDS = 400


@dataclass
class Rulebook:
    """Every rule about indicators that may count for one facility, read once: three queries."""

    facility_id: int
    rows: list[Rule] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    related: tuple[int, ...] = ()
    beds: int = 0

    def base(self, name: str, month: date) -> Rule:
        """The law's rule, a prefecture's before the country's. Raises ``NotFound('rule_missing')``."""
        wide = [r for r in self._in_force(PREFIX + name, month) if not r.jurisdiction.startswith("facility:")]
        if not wide:
            raise NotFound(
                "rule_missing",
                f"{month:%Y年%-m月}の指標の定義「{name}」がありません。システム管理者に連絡してください。",
            )
        return min(wide, key=lambda r: (self.order.index(r.jurisdiction), -r.valid_from.toordinal()))

    def options(self, name: str, month: date) -> Rule | None:
        """What the house itself has set, the newest in force."""
        own = self._in_force(PREFIX + name + OPTIONS, month)
        return max(own, key=lambda r: (r.valid_from, r.pk), default=None)

    def _in_force(self, code: str, month: date) -> list[Rule]:
        return [
            r
            for r in self.rows
            if r.code == code and r.valid_from <= month and (r.valid_until is None or month < r.valid_until)
        ]

    def definition(self, name: str, month: date) -> Definition:
        """The parameters of ``name`` in force on the first day of ``month``."""
        base, own = self.base(name, month), self.options(name, month)
        params: dict[str, Any] = {"hospital_class": self._class_by_beds(), **base.value()}
        version = f"{where(base.jurisdiction)} {base.valid_from:%Y-%m-%d}版"
        source = base.source
        if own is not None:
            params |= own.value()
            version += f" + 施設の設定 {own.valid_from:%Y-%m-%d}(#{own.pk})"
            source = f"{source}。{own.source}"
        return Definition(name, params, version, source, base.certain, self.related)

    def _class_by_beds(self) -> str:
        return "large" if self.beds >= LARGE_BEDS else "none"

    def history(self, name: str) -> list[Rule]:
        """Every version that was, is or will be in force, newest first."""
        codes = {PREFIX + name, PREFIX + name + OPTIONS}
        return sorted(
            (r for r in self.rows if r.code in codes), key=lambda r: (r.valid_from, r.pk), reverse=True
        )


def where(jurisdiction: str) -> str:
    """The jurisdiction as a word."""
    if jurisdiction.startswith("facility:"):
        return "この施設"
    if jurisdiction == "JP":
        return "全国"
    number = int(jurisdiction.removeprefix("JP-"))
    return PREFECTURES[number - 1] if 1 <= number <= len(PREFECTURES) else jurisdiction


def rulebook(facility_id: int, *, using: str | None = None, order: list[str] | None = None) -> Rulebook:
    """The rules of ``facility_id`` with its special relations (特別の関係) as they are now.

    ``order`` gives the jurisdictions of a house that is only being written on connection ``using``.
    """
    known = order or jurisdictions(facility_id)
    rows = Rule.objects.using(using).filter(code__startswith=PREFIX, jurisdiction__in=known).order_by("id")
    if order:
        return Rulebook(facility_id, list(rows), known)
    house = facility_by_id(facility_id)
    related = tuple(sorted(f.pk for f in special_relations(facility_id)))
    return Rulebook(facility_id, list(rows), known, related, house.beds if house else 0)


def definitions(book: Rulebook, months: Iterable[date]) -> dict[str, dict[date, Definition]]:
    """For each definition the version of each month; equal versions are one object, so that they are counted once."""
    found: dict[str, dict[date, Definition]] = {}
    wanted = list(months)
    for name in definition_names():
        known: dict[str, Definition] = {}
        found[name] = {}
        for month in wanted:
            made = book.definition(name, month)
            found[name][month] = known.setdefault(made.version, made)
    return found
