"""Two physicians without an account asked H1 on the first morning: nobody has called them back yet."""

from __future__ import annotations

from datetime import date, timedelta

from renkei.demo.loading.places import Places
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Facility
from renkei.directory.types import FacilityKind
from renkei.guests.models import GuestKind, GuestPage, GuestRequest
from renkei.guests.types import DEFAULT_KINDS

HOUSE = "H1"
CODE = "midori-chuo"


def load_guests(places: Places, using: str) -> dict[str, int]:
    """The open page of the hospital with its kinds, and the two requests; rows per table."""
    house = places.facilities[HOUSE]
    GuestPage(facility=house, is_open=True, code=CODE, changed_at=DEMO_START).save(using=using)
    for position, kind in enumerate(DEFAULT_KINDS):
        row = GuestKind(facility=house, position=position, label=kind.label, note=kind.note)
        row.physician_check = kind.physician_check
        row.save(using=using)
    clinics = [f for f in places.facilities.values() if f.kind == FacilityKind.CLINIC and f.phone]
    _known(house, clinics[-1]).save(using=using)
    _unknown(house).save(using=using)
    return {"guests_guestrequest": 2}


def _known(house: Facility, clinic: Facility) -> GuestRequest:
    """A physician of a clinic of the directory who typed a number of their own choice."""
    return GuestRequest(
        facility=house,
        code="K7QMX4XTPF",
        asked_at=DEMO_START - timedelta(minutes=50),
        kind_label="受診予約",
        physician="磯部 直人",
        clinic=clinic.name,
        institution_number=clinic.institution_number or "",
        sender=clinic,
        phone="0463-00-7777",
        phone_digits="0463007777",
        patient_name="沢田 民子",
        patient_kana="サワダ タミコ",
        birth_on=date(1948, 11, 3),
        sex="female",
        patient_phone="0463-00-4410",
        department="循環器内科",
        wish_from=date(2026, 6, 8),
        wish_until=date(2026, 6, 19),
        wish="午前を希望",
        purpose="労作時の息切れが2週間前からあります。心エコーを含めた精査をお願いします。",
    )


def _unknown(house: Facility) -> GuestRequest:
    """A clinic from elsewhere that asks for a contrast CT: number and physician have to be made sure of."""
    return GuestRequest(
        facility=house,
        code="M3WPR8HJZC",
        asked_at=DEMO_START - timedelta(minutes=15),
        kind_label=DEFAULT_KINDS[-1].label,
        physician_check=True,
        physician="古賀 由紀子",
        clinic="こがファミリークリニック",
        institution_number="1310009997",
        phone="0300-00-2210",
        phone_digits="0300002210",
        patient_name="西尾 健吾",
        patient_kana="ニシオ ケンゴ",
        birth_on=date(1971, 7, 21),
        sex="male",
        wish_from=date(2026, 6, 10),
        purpose="腹部エコーで膵体部に低エコー域を認めました。造影CTをお願いします。eGFR 78、造影剤アレルギーなし。",
    )
