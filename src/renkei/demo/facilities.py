"""Facilities, their departments and opening hours, read from ``facilities.csv``."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from renkei.demo.model import DepartmentPlan, FacilityPlan, HoursPlan

HERE = Path(__file__).parent

POSTAL = {
    "緑町": "259-9901",
    "東町": "259-9902",
    "若葉台": "259-9903",
    "みさき町": "259-9904",
    "丘の上": "259-9905",
    "桜台": "259-9906",
    "川原町": "259-9907",
    "駅前": "259-9908",
    "空町": "259-9909",
    "北野": "259-9910",
    "中央": "259-9911",
    "県庁前": "259-9912",
}
"""Fictional postal codes of the fictional towns."""

FOUNDERS = {
    "a": "医療法人社団みどり会",
    "b": "医療法人東和会",
    "c": "医療法人若葉会",
    "d": "一般社団法人そら",
    "e": "社会福祉法人さくら福祉会",
}
_OWN_FOUNDERS = {
    "H3": "県",
    "H4": "みさき町",
    "C32": "みどり市",
    "U1": "みどり市",
    "B1": "みどり市",
    "G1": "県",
    "F1": "みどり市",
}
_TABLE_DIGIT = {"hospital": "1", "clinic": "1", "dental": "3"}

OFFICES = {
    "H1": ("地域医療連携室", "総務課", "情報システム室", "医療安全管理室"),
    "H2": ("地域連携室",),
    "H3": ("地域連携室",),
    "H4": ("地域連携室",),
    "R1": ("入退院支援室",),
    "L1": ("入退院支援室",),
}
"""Offices without a 診療科 code."""


@cache
def department_terms() -> dict[str, tuple[str, str]]:
    """Department name → (kana, code) from the shipped list of ``terms``."""
    source = HERE.parent / "terms" / "data" / "departments.csv"
    with source.open(encoding="utf-8", newline="") as stream:
        return {row["label"]: (row["kana"], row["code"]) for row in csv.DictReader(stream)}


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with (HERE / "facilities.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def town_of(facility: str) -> str:
    """The town (町名) a facility stands in."""
    return next(row["district"] for row in _rows() if row["key"] == facility)


def city_of(town: str) -> str:
    """Municipality of a fictional town."""
    return {"みさき町": "神奈川県みさき町", "空町": "神奈川県かえで市", "若葉台": "神奈川県かえで市"}.get(
        town, "神奈川県みどり市"
    )


def _hours(kind: str, index: int) -> tuple[HoursPlan, ...]:
    """Reception hours: hospitals in the morning, clinics twice a day with one closed weekday, offices 8:30–17:15."""
    if kind == "hospital":
        return tuple(HoursPlan(day, "08:30", "11:30") for day in range(5))
    if kind not in {"clinic", "dental"}:
        return tuple(HoursPlan(day, "08:30", "17:15") for day in range(5))
    closed = (2, 3)[index % 2]
    days = [day for day in range(5) if day != closed]
    mornings = [HoursPlan(day, "09:00", "12:00") for day in days]
    evenings = [HoursPlan(day, "15:00", "18:30" if index % 3 == 0 else "18:00") for day in days]
    return (*mornings, *evenings, HoursPlan(5, "09:00", "12:30"))


def _facility(index: int, row: dict[str, str]) -> FacilityPlan:
    key, kind, town = row["key"], row["kind"], row["district"]
    digit = _TABLE_DIGIT.get(kind)
    line = 100 + index * 10
    return FacilityPlan(
        key=key,
        name=row["name"],
        kana=row["kana"],
        kind=kind,
        profile=row["profile"],
        institution_number=f"14{digit}99{index + 1:05d}" if digit else "",
        founder=FOUNDERS.get(row["alliance"], _OWN_FOUNDERS.get(key, row["name"])),
        area_code=row["area"],
        postal_code=POSTAL[town],
        address=f"{city_of(town)}{'' if town == 'みさき町' else town}{index % 5 + 1}丁目{index % 17 + 2}-{index % 9 + 1}",
        phone=f"0463-00-{line:04d}",
        fax=f"0463-00-{line + 1:04d}",
        beds=int(row["beds"]),
        hours=() if key == "F1" else _hours(kind, index),
        registered=row["registered"] == "1",
        alliance=row["alliance"],
        functions=row["functions"],
        map_picture="midori_map.png" if key == "H1" else "",
    )


@cache
def facilities() -> tuple[FacilityPlan, ...]:
    """All facilities in the order of the file."""
    return tuple(_facility(index, row) for index, row in enumerate(_rows()))


@cache
def departments() -> tuple[DepartmentPlan, ...]:
    """Departments of every facility, then its offices."""
    terms = department_terms()
    found = []
    for row in _rows():
        for name in filter(None, row["departments"].split("|")):
            kana, code = terms[name]
            found.append(DepartmentPlan(f"{row['key']}:{name}", row["key"], name, kana, code))
        for name in OFFICES.get(row["key"], ()):
            found.append(DepartmentPlan(f"{row['key']}:{name}", row["key"], name, "", ""))
    return tuple(found)
