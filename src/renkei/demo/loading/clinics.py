"""Two hundred and seventy clinics more, reached on paper, so that a liaison office has its real three hundred."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from renkei.demo.facilities import POSTAL, city_of
from renkei.demo.loading.places import Places
from renkei.demo.region import Region
from renkei.directory.models import Department, Facility, FacilityProfile, Organization

WORDS = Path(__file__).parent.parent / "clinics.csv"
KINDS = (
    ("内科", "ナイカ", ("内科", "消化器内科")),
    ("整形外科", "セイケイゲカ", ("整形外科", "リハビリテーション科")),
    ("小児科", "ショウニカ", ("小児科",)),
    ("眼科", "ガンカ", ("眼科",)),
    ("皮膚科", "ヒフカ", ("皮膚科",)),
    ("耳鼻咽喉科", "ジビインコウカ", ("耳鼻咽喉科",)),
)
GIVEN = (
    ("明", "アキラ"), ("恵子", "ケイコ"), ("修", "オサム"), ("直美", "ナオミ"), ("徹", "トオル"), ("由紀", "ユキ"), ("隆", "タカシ"),
)  # fmt: skip
TOWNS = tuple(town for town in POSTAL if town != "県庁前")


@dataclass(frozen=True)
class Clinic:
    """A facility with the physician who runs it."""

    facility: Facility
    physician: str
    kana: str
    departments: tuple[str, ...]


def load_clinics(plan: Region, places: Places, using: str) -> list[Clinic]:
    """Write facilities, departments and profiles; the physician of each is a name only, nobody who logs in."""
    areas = {one.address.removeprefix("神奈川県")[:2]: one.area_code for one in plan.facilities}
    keys = {one.area_code: places.facilities[one.key].area_id for one in plan.facilities}
    with WORDS.open(encoding="utf-8", newline="") as stream:
        words = [(row["text"], row["kana"]) for row in csv.DictReader(stream)]
    found = []
    for number in range(len(words) * len(KINDS)):
        (word, kana), (kind, kind_kana, names) = words[number // len(KINDS)], KINDS[number % len(KINDS)]
        given, given_kana = GIVEN[number % len(GIVEN)]
        facility = _facility(number, word + kind, kana + kind_kana)
        facility.area_id = keys[areas[facility.address.removeprefix("神奈川県")[:2]]]
        found.append(Clinic(facility, f"{word} {given}", f"{kana} {given_kana}", names))
    founders = [Organization(name=clinic.facility.name) for clinic in found]
    Organization.objects.using(using).bulk_create(founders)
    for clinic, founder in zip(found, founders, strict=True):
        clinic.facility.organization = founder
    Facility.objects.using(using).bulk_create(clinic.facility for clinic in found)
    _details(found, using)
    return found


def _facility(number: int, name: str, kana: str) -> Facility:
    town = TOWNS[number % len(TOWNS)]
    closed, late = (2, 3)[number % 2], "18:30" if number % 3 == 0 else "18:00"
    days = [day for day in range(5) if day != closed]
    hours = [{"weekday": day, "opens": "09:00", "closes": "12:00"} for day in [*days, 5]]
    hours += [{"weekday": day, "opens": "15:00", "closes": late} for day in days]
    row = Facility(
        version=1,
        kind="clinic",
        name=name,
        kana=kana,
        institution_number=f"14198{number:05d}",
        postal_code=POSTAL[town],
        address=f"{city_of(town)}{'' if town == 'みさき町' else town}{number % 6 + 1}丁目{number % 19 + 1}-{number % 8 + 1}",
        phone=f"0463-01-{number:04d}",
        fax=f"0463-02-{number:04d}",
        hours=hours,
        uses_renkei=False,
        opened_on=date(2004, 4, 1),
    )
    row.make_keys()
    return row


def _details(found: list[Clinic], using: str) -> None:
    Department.objects.using(using).bulk_create(
        Department(facility=clinic.facility, name=name, position=place)
        for clinic in found
        for place, name in enumerate(clinic.departments)
    )
    FacilityProfile.objects.using(using).bulk_create(
        FacilityProfile(
            version=1,
            facility=clinic.facility,
            wheelchair=number % 3 == 0,
            female_physician=clinic.kana.endswith(("コ", "ミ", "ユキ")),
            house_calls=number % 5 == 0,
            home_visits=number % 7 == 0,
            languages=["en"] if number % 9 == 0 else [],
            functions=["after_hours"] if number % 4 == 0 else ["home_care"] if number % 7 == 0 else [],
            confirmed_on=date(2026, 4, 1) if number % 10 else date(2024, 6, 1),
        )
        for number, clinic in enumerate(found)
    )
