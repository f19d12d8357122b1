"""What the search knows of the region: where facilities lie and what they offer."""

from __future__ import annotations

from datetime import date, timedelta

from renkei.demo.facilities import town_of
from renkei.demo.loading.places import Places
from renkei.demo.model import FacilityPlan
from renkei.demo.region import Region
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import ClosingDay, Facility, FacilityProfile, StaffNote
from renkei.directory.types import CareFunction, FacilityKind

HOUSE = "H1"
TOWNS = {
    "緑町": (35.4012, 139.3105), "東町": (35.4028, 139.3302), "若葉台": (35.4406, 139.3411), "みさき町": (35.3304, 139.3007),
    "丘の上": (35.4197, 139.2953), "桜台": (35.3921, 139.3178), "川原町": (35.3843, 139.3366), "駅前": (35.3969, 139.3141),
    "空町": (35.4493, 139.3198), "北野": (35.4242, 139.3204), "中央": (35.3983, 139.3216), "県庁前": (35.4475, 139.6425),
}  # fmt: skip
"""Fictional towns on a real grid of degrees."""
CLINICS = {FacilityKind.CLINIC, FacilityKind.DENTAL}
LANGUAGES: tuple[list[str], ...] = (["en"], [], ["en", "zh"], [], [], ["pt"], [])


def load_search(plan: Region, places: Places, using: str) -> None:
    """Places, profiles, closing days, one note; the entries follow when functions are known, too."""
    for number, one in enumerate(plan.facilities):
        facility = places.facilities[one.key]
        facility.latitude, facility.longitude = _place(one.key, number)
    Facility.objects.using(using).bulk_update(places.facilities.values(), ["latitude", "longitude"])
    _place_clinics(using)
    profiles = [_profile(places.facilities[one.key], one, n) for n, one in enumerate(plan.facilities)]
    FacilityProfile.objects.using(using).bulk_create(p for p in profiles if p is not None)
    _closing_days(places, using)
    StaffNote(
        facility=places.facilities[HOUSE],
        about=places.facilities["C22"],
        text="リハビリの予約は受付の方に午後の電話がつながりやすい。車椅子の方は裏口から。",
        written_by="連携室員 佐藤 恵",
        written_at=DEMO_START - timedelta(days=40),
    ).save(using=using)


def _place(key: str, number: int) -> tuple[float, float]:
    """A few hundred metres about the middle of the town, always the same ones."""
    latitude, longitude = TOWNS[town_of(key)]
    return latitude + (number * 7 % 11 - 5) / 1500, longitude + (number * 5 % 13 - 6) / 1500


def _place_clinics(using: str) -> None:
    """The clinics that stand in no file: about the town that their address names."""
    rows = list(Facility.objects.using(using).filter(latitude=None).order_by("pk"))
    for number, row in enumerate(rows):
        town = next((t for t in TOWNS if t in row.address), "中央")
        latitude, longitude = TOWNS[town]
        row.latitude = latitude + (number * 7 % 29 - 14) / 1200
        row.longitude = longitude + (number * 5 % 31 - 15) / 1200
    Facility.objects.using(using).bulk_update(rows, ["latitude", "longitude"])


def _profile(facility: Facility, plan: FacilityPlan, number: int) -> FacilityProfile | None:
    if plan.kind not in {*CLINICS, FacilityKind.HOSPITAL}:
        return None
    at_home = "在宅" in plan.functions or "往診" in plan.functions
    functions: list[str] = [CareFunction.HOME_CARE] if at_home else []
    functions += [CareFunction.AFTER_HOURS] if number % 4 == 0 else []
    functions += [CareFunction.DISCHARGE] if plan.kind == FacilityKind.HOSPITAL else []
    functions += [CareFunction.CARE_LINK] if number % 6 == 1 else []
    return FacilityProfile(
        version=1,
        facility=facility,
        functions=[str(function) for function in functions],
        languages=LANGUAGES[number % len(LANGUAGES)],
        house_calls=at_home,
        home_visits="在宅" in plan.functions,
        wheelchair=number % 4 != 2,
        female_physician=number % 2 == 0,
        accepts_new=number % 9 != 5,
        listed=plan.key != "C32",
        confirmed_on=date(2026, 4, 1 + number % 28) if number % 5 else date(2025, 2, 10),
        changed_at=DEMO_START - timedelta(days=30 + number),
    )


def _closing_days(places: Places, using: str) -> None:
    for key, from_on, until_on, note in (
        ("C1", date(2026, 6, 5), date(2026, 6, 5), "学会のため"),
        ("C11", date(2026, 6, 11), date(2026, 6, 12), "改装のため"),
    ):
        ClosingDay(facility=places.facilities[key], from_on=from_on, until_on=until_on, note=note).save(
            using=using
        )
    # One of the clinics on paper rests (休止) and comes back when it can; its registrations go on.
    known = {row.pk for row in places.facilities.values()}
    resting = Facility.objects.using(using).exclude(pk__in=known).order_by("pk")[100]
    ClosingDay(
        facility=resting, from_on=date(2026, 5, 18), until_on=None, suspension=True, note="院長療養のため"
    ).save(using=using)
