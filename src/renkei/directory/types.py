"""Words of the directory that cross the fence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models


class FacilityKind(models.TextChoices):
    """What a facility is (施設種別)."""

    HOSPITAL = "hospital", "病院"
    CLINIC = "clinic", "診療所"
    DENTAL = "dental", "歯科診療所"
    PHARMACY = "pharmacy", "薬局"
    VISITING_NURSING = "visiting_nursing", "訪問看護ステーション"
    CARE_FACILITY = "care_facility", "介護施設"
    CARE_MANAGER_OFFICE = "care_manager_office", "居宅介護支援事業所"
    LABORATORY = "laboratory", "検査センター"
    PUBLIC_BODY = "public_body", "行政機関"
    ASSOCIATION = "association", "医師会・団体"
    FIRE_CONTROL = "fire_control", "消防指令"


class CareFunction(models.TextChoices):
    """かかりつけ医機能 2号 (医療法30条の18の4; rules E.3)."""

    AFTER_HOURS = "after_hours", "イ 時間外の診療"
    DISCHARGE = "discharge", "ロ 入退院の支援"
    HOME_CARE = "home_care", "ハ 在宅医療"
    CARE_LINK = "care_link", "ニ 介護との連携"


class AreaLevel(models.TextChoices):
    """Prefecture → secondary medical area (二次医療圏) → municipality."""

    PREFECTURE = "prefecture", "都道府県"
    SECONDARY_AREA = "secondary_area", "二次医療圏"
    MUNICIPALITY = "municipality", "市区町村"


WEEKDAYS: tuple[str, ...] = ("月", "火", "水", "木", "金", "土", "日", "祝")
"""Columns of the table of hours; the index is the ``weekday`` of an entry of ``Facility.hours``."""


@dataclass(frozen=True)
class FoundFacility:
    """One line of a look-up: what a person needs to tell two facilities of the same name apart."""

    id: int
    uid: str
    name: str
    kana: str
    kind_label: str
    address: str
    uses_renkei: bool


@dataclass(frozen=True)
class HoursLine:
    """One line of the table of hours: the span and, for each of ``WEEKDAYS``, whether it is open."""

    opens: str
    closes: str
    days: tuple[bool, ...]


People = Callable[[int], list[tuple[int, str]]]
_people: list[People] = []


def register_people(lookup: People) -> None:
    """``accounts`` says who works at a facility today, as (person, name); it lies one floor up."""
    _people[:] = [lookup]


def people_of(facility_id: int) -> list[tuple[int, str]]:
    """Who works at the facility today, as far as the actor may see it."""
    return [line for lookup in _people for line in lookup(facility_id)]


MoveRule = Callable[[int, int, date], str]
_move_rules: list[MoveRule] = []


def register_move_rule(rule: MoveRule) -> None:
    """``rule(facility_id, organization_id, day)`` says in Japanese why a facility cannot go to a corporation, or nothing."""
    _move_rules.append(rule)


def refused_moves(facility_id: int, organization_id: int, day: date) -> list[str]:
    """Why the corporation cannot run the facility from that day on; empty when it can."""
    return [says for rule in _move_rules if (says := rule(facility_id, organization_id, day))]


@dataclass(frozen=True)
class Setting:
    """A rule that a facility may set for itself: its words, its unit and what is allowed (whole numbers)."""

    code: str
    group: str
    label: str
    unit: str
    minimum: int
    maximum: int
    help_text: str = ""


_settings: dict[str, Setting] = {}


def register_setting(setting: Setting) -> None:
    """Show ``setting`` on the settings page of every facility; modules do this when they start."""
    _settings[setting.code] = setting


def settings() -> tuple[Setting, ...]:
    """Every registered setting, in the order of registration."""
    return tuple(_settings.values())


def setting(code: str) -> Setting | None:
    """The setting called ``code``, if it is one that facilities may change."""
    return _settings.get(code)


@dataclass(frozen=True)
class RuleLine:
    """One line of a setting's history, ready to show."""

    value: Any
    jurisdiction: str
    valid_from: Any
    valid_until: Any
    source: str
    certain: bool
    in_force: bool
    own: bool
