"""Compares figures with the thresholds of their definition; what lies exactly on one is marked 境界値."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from renkei.indicators.registry import indicator_of
from renkei.indicators.types import Definition, Figure

COMPARATORS = {">=": operator.ge, ">": operator.gt}
WORDS = {">=": "以上", ">": "を上回る"}


@dataclass(frozen=True)
class Condition:
    """One threshold: ``passed`` None without a denominator, ``boundary`` exactly on it, ``short`` of it in the unit."""

    indicator: str
    says: str
    value: float
    passed: bool | None
    boundary: bool
    short: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """A route (ア, イ, ウ) or the thresholds of a class of hospital."""

    name: str
    passed: bool | None
    conditions: tuple[Condition, ...]

    @property
    def boundary(self) -> bool:
        """Whether a condition lies exactly on its threshold: then the comparator of the prefecture decides."""
        return any(c.boundary for c in self.conditions)

    @property
    def label(self) -> str:
        """The verdict as a word."""
        return {True: "達成", False: "未達", None: "判定不可"}[self.passed]

    @property
    def tone(self) -> str:
        """The colour that repeats the word."""
        return {True: "success", False: "danger", None: "neutral"}[self.passed]


def requirements(definition: Definition) -> list[Mapping[str, Any]]:
    """The thresholds that apply to the house: those of its class where the law speaks of classes."""
    chosen = definition.params.get("hospital_class", "none")
    return [r for r in definition.params["requirements"] if chosen in r.get("classes", [chosen])]


def thresholds(definition: Definition, indicator: str) -> list[tuple[str, float]]:
    """(label, value) of every threshold of one indicator, for the line in its chart; highest first."""
    found = {
        (r["name"] if len(r["name"]) < 3 else "基準", float(c["value"]))
        for r in requirements(definition)
        for c in r["all"]
        if c["indicator"] == indicator
    }
    return sorted(found, key=lambda pair: -pair[1])


def judge(definition: Definition, figures: Mapping[str, Figure]) -> list[Verdict]:
    """Every requirement of ``definition`` against the exact figures, not the rounded ones."""
    return [_verdict(r, figures) for r in requirements(definition)]


def fulfilled(definition: Definition, verdicts: list[Verdict]) -> bool | None:
    """Whether the house fulfils the definition: any route, or all thresholds. None where nothing can be said."""
    if not verdicts:
        return None
    passed = [v.passed for v in verdicts]
    if any(p is None for p in passed):
        return None
    return any(passed) if definition.params["needs"] == "any" else all(passed)


def _verdict(requirement: Mapping[str, Any], figures: Mapping[str, Figure]) -> Verdict:
    conditions = tuple(_condition(c, figures[c["indicator"]]) for c in requirement["all"])
    passed = None if any(c.passed is None for c in conditions) else all(c.passed for c in conditions)
    return Verdict(str(requirement["name"]), passed, conditions)


def words(condition: Mapping[str, Any]) -> str:
    """紹介率 80%以上."""
    indicator = indicator_of(str(condition["indicator"]))
    return f"{indicator.short} {condition['value']}{indicator.unit}{WORDS[condition['comparator']]}"


def _condition(wanted: Mapping[str, Any], figure: Figure) -> Condition:
    key, limit = str(wanted["indicator"]), Fraction(str(wanted["value"]))
    indicator = indicator_of(key)
    says = words(wanted)
    share = figure.ratio.fraction
    if share is None:
        return Condition(key, says, float(limit), None, boundary=False)
    exact = share * indicator.per
    passed = COMPARATORS[wanted["comparator"]](exact, limit)
    short = 0.0 if passed else round(float(limit - exact), 1)
    return Condition(key, says, float(limit), passed, exact == limit, short)
