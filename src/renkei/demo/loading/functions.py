"""かかりつけ医機能の報告 of the region: who handed in, who has not, one gap with a measure, figures and the casebook."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from renkei.demo.loading.places import Places
from renkei.demo.region import Region
from renkei.directory.models import Area, Facility, FacilityProfile, Rule
from renkei.directory.types import CareFunction
from renkei.gate.actor import current
from renkei.kernel import clock
from renkei.publications import reference
from renkei.publications.functions.queries import functions_in, shipped_form
from renkei.publications.functions.types import Form, ReportState
from renkei.publications.models import AreaFigure, FunctionReport, GapMeasure

YEAR = 2026
SILENT = {"C1", "C2", "C8", "C24", "C31", "H4"}
"""青木内科 fills its report in the stories; the others are late."""
UNCONFIRMED = {"C12", "C17", "C29"}
SUPPORT_HOSPITALS = ("H1",)
HOUSE_CALLS = {"C3", "C4", "C21", "C26", "R1", "L1"}
FIGURES = (("1407", 580_000, "253"), ("1408", 850_000, "293"))


def load_functions(plan: Region, places: Places, using: str) -> dict[str, int]:
    """Everything that the function report's pages show; rows per table."""
    reference.load(using=using)
    for key in SUPPORT_HOSPITALS:
        Rule(
            code="functions.hospital_class",
            jurisdiction=f"facility:{places.facilities[key].pk}",
            params={"value": 2},
            valid_from=date(2019, 11, 20),
            source="地域医療支援病院の承認",
        ).save(using=using)
    reports = _reports(plan, places)
    FunctionReport.objects.using(using).bulk_create(reports)
    _profiles({row.facility_id: row.functions for row in reports}, using)
    _areas(places, using)
    return {"publications_functionreport": len(reports)}


def _profiles(told: dict[int, list[str]], using: str) -> None:
    """The directory says what was reported, as after every submission."""
    known = list(FacilityProfile.objects.using(using).filter(facility_id__in=told))
    for row in known:
        row.functions, row.functions_year = told[row.facility_id], YEAR
    FacilityProfile.objects.using(using).visible_to(current()).bulk_update(
        known, ["functions", "functions_year"]
    )
    new = set(told) - {row.facility_id for row in known}
    FacilityProfile.objects.using(using).bulk_create(
        FacilityProfile(facility_id=key, functions=told[key], functions_year=YEAR) for key in sorted(new)
    )


def _reports(plan: Region, places: Places) -> list[FunctionReport]:
    form = shipped_form(YEAR)
    rows = []
    for number, house in enumerate(p for p in plan.facilities if p.kind in {"hospital", "clinic"}):
        if house.key not in SILENT:
            at = clock.jst(YEAR, 1, 13, 10) + timedelta(days=2 * (number % 34), minutes=7 * number)
            rows.append(_report(form, places.facilities[house.key], house.key, house.area_code, places, at))
    return rows


def _report(
    form: Form, facility: Facility, key: str, area: str, places: Places, at: datetime
) -> FunctionReport:
    answers = _part_two(key, area, places)
    confirmed = key not in UNCONFIRMED
    return FunctionReport(
        version=3,
        facility=facility,
        year=YEAR,
        prefecture="14",
        secondary_area=area,
        state=ReportState.CONFIRMED if confirmed else ReportState.SUBMITTED,
        part_one={
            "posted": "1",
            "training": "0",
            "generalist": "0",
            "domains": ["7", "9", "14"],
            "diseases": ["1", "4", "6"],
            "consultation": "1",
        },
        part_two=answers,
        part_one_held=True,
        functions=functions_in(form, answers),
        submitted_at=at,
        submitted_by="院長",
        decided_at=at + timedelta(days=20) if confirmed else None,
        decided_by="医療課主査 黒田 英明" if confirmed else "",
        changed_at=at,
    )


def _part_two(key: str, area: str, places: Places) -> dict[str, Any]:
    """Nobody in 県央 treats at home, and few answer at night there: the gaps of the demo."""
    home = key in HOUSE_CALLS
    near = area == "1407"
    hospital = key[0] in "HRL"
    night = key == "C32" or (near and key in {"C4", "C13", "C26", "H2"})
    found: dict[str, Any] = {
        "duty_rota": "3" if night else "0",
        "night_centre": "4" if key == "C32" else "0",
        "on_call": "2" if home else "0",
        "after_hours_fee": "1" if home else "0",
        "backup_beds": "4" if hospital else "5" if near and not night else "1",
        "discharge_rules": "2" if hospital or home else "0",
        "pathways": "2" if hospital else "0",
        "referred_outpatients": "2" if near else "1",
        "home_system": "3" if home else "0",
        "home_deaths": "2" if home else "0",
        "care_opinion": "2" if near else "1",
        "care_meetings": "2" if home else "0",
        "care_facility": "2" if home else "1",
        "advance_care": "2" if hospital else "0",
        "community_meetings": "0",
    }
    if found["backup_beds"] == "5":
        house = places.facilities["H1"]
        found["backup_partners"] = [{"uid": str(house.uid), "name": house.name}]
    return found


def _areas(places: Places, using: str) -> None:
    known = {a.code: a for a in Area.objects.using(using).filter(code__in=[c for c, _n, _k in FIGURES])}
    for code, population, km2 in FIGURES:
        AreaFigure(
            area=known[code],
            year=2025,
            population=population,
            km2=Decimal(km2),
            source="デモ用の概数",
            certain=False,
        ).save(using=using)
    GapMeasure(
        facility=places.facilities["G1"],
        area=known["1408"],
        prefecture="14",
        secondary_area="1408",
        year=YEAR,
        function=CareFunction.HOME_CARE,
        issue="県央に在宅医療を行う医療機関がない",
        cause="訪問診療の研修を受けた医師がいない",
        measure="医師会の在宅医養成研修を9月から開く",
        owner="みどり市医師会・県医療課",
        due_on=date(2026, 9, 30),
        written_by="医療課主査 黒田 英明",
        created_at=clock.jst(2026, 5, 20, 14),
    ).save(using=using)
