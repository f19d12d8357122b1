"""Reference tables, facilities, departments, the picture of the way and the rules of H1."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from renkei.demo.model import FacilityPlan
from renkei.demo.region import Region
from renkei.directory import reference as areas
from renkei.directory.models import Area, Department, Facility, MapPicture, Organization, Rule
from renkei.terms import reference as terms

HERE = Path(__file__).parent.parent
OPENED = date(1998, 4, 1)
OWN_RULES = (("H1", "referral.accept_hours", 72),)
"""H1's desk rests at the weekend: what comes on Friday evening is not late on Monday morning."""


@dataclass(frozen=True)
class Places:
    """Facilities by key (``H1``) and departments by key (``H1:循環器内科``), as saved; hours and days of timers."""

    facilities: dict[str, Facility]
    departments: dict[str, Department]
    rules: dict[tuple[str, str], float]

    def amount(self, setting: str, facility: str) -> float:
        """The number in force for a facility: its own, else the national default."""
        return self.rules.get((setting, facility), self.rules[setting, ""])


def load_places(region: Region, using: str) -> Places:
    """Write everything that everybody may read."""
    areas.load(using=using)
    terms.load(using=using)
    facilities = _facilities(region, using)
    departments = _departments(region, facilities, using)
    for plan in region.facilities:
        if plan.map_picture:
            picture = (HERE / plan.map_picture).read_bytes()
            MapPicture(
                facility=facilities[plan.key],
                content=picture,
                media_type="image/png",
                sha256=hashlib.sha256(picture).hexdigest(),
            ).save(using=using)
    return Places(facilities, departments, _rules(facilities, using))


def _facilities(region: Region, using: str) -> dict[str, Facility]:
    founders = {name: Organization(name=name) for name in dict.fromkeys(p.founder for p in region.facilities)}
    Organization.objects.using(using).bulk_create(founders.values())
    area_keys = dict(Area.objects.using(using).values_list("code", "pk"))
    rows = {p.key: _facility(p, founders[p.founder], area_keys.get(p.area_code)) for p in region.facilities}
    Facility.objects.using(using).bulk_create(rows.values())
    return rows


def _facility(plan: FacilityPlan, founder: Organization, area_id: int | None) -> Facility:
    row = Facility(
        version=1,
        organization=founder,
        kind=plan.kind,
        name=plan.name,
        kana=plan.kana,
        institution_number=plan.institution_number or None,
        area_id=area_id,
        postal_code=plan.postal_code,
        address=plan.address,
        phone=plan.phone,
        fax=plan.fax,
        email=f"renkei@{plan.key.lower()}.example.jp",
        access="みどり駅 東口からバス8分「中央病院前」下車すぐ。駐車場 220台。" if plan.key == "H1" else "",
        hours=[{"weekday": h.weekday, "opens": h.opens, "closes": h.closes} for h in plan.hours],
        beds=plan.beds,
        opened_on=OPENED,
    )
    row.make_keys()
    return row


def _departments(region: Region, facilities: dict[str, Facility], using: str) -> dict[str, Department]:
    rows = {
        plan.key: Department(
            facility=facilities[plan.facility],
            name=plan.name,
            kana=plan.kana,
            code=plan.code,
            position=position,
            accepts_referrals=bool(
                plan.kana
            ),  # offices have neither kana nor code; not every department has a code
            place="1階 地域医療連携受付" if plan.facility == "H1" else "",
        )
        for position, plan in enumerate(region.departments)
    }
    Department.objects.using(using).bulk_create(rows.values())
    return rows


def _rules(facilities: dict[str, Facility], using: str) -> dict[tuple[str, str], float]:
    for key, code, value in OWN_RULES:
        Rule(
            code=code,
            jurisdiction=f"facility:{facilities[key].pk}",
            params={"value": value},
            valid_from=date(2024, 4, 1),
            source="地域医療連携室の取り決め",
        ).save(using=using)
    national = Rule.objects.using(using).filter(jurisdiction="JP", code__regex=r"^(referral|reply)\.")
    amounts = {(rule.code, ""): float(rule.value()) for rule in national.order_by("valid_from")}
    return amounts | {(code, key): float(value) for key, code, value in OWN_RULES}
