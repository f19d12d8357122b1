"""Eighteen months of visits of みどり中央病院, so that its rates are believable: first and later visits, letters on paper,
the ledger of patients given back, and months that are closed. Arrivals in the product become visits of every house."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from django.db.backends.utils import CursorWrapper

from renkei.demo.facilities import departments, facilities
from renkei.demo.loading.people import Staff
from renkei.demo.loading.places import Places
from renkei.demo.loading.table import Table
from renkei.demo.plans import FIRST_DAY
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Rule
from renkei.indicators.models import BackReferral, EventImport, MonthClosing, MonthlyFigure, Visit
from renkei.indicators.queries import past_figures
from renkei.kernel.clock import JST
from renkei.kernel.holidays import is_business_day, is_year_end

HOUSE = "H1"
FIRST_VISITS, LATER_VISITS = 660, 2000
"""A month's visits at a hospital of 320 beds; later visits fewer than in life, to keep the demo light."""
TOWNS = {
    "14214": 300, "14211": 180, "14203": 160, "14212": 90, "14341": 40, "14342": 32, "14207": 30, "14215": 34, "14205": 24,
    "14361": 20, "14206": 18, "14321": 16, "14401": 14, "14402": 7, "14363": 9, "14362": 8, "14216": 10, "14218": 8,
    "14213": 10, "14116": 5, "14114": 4, "14153": 5, "14364": 3, "14366": 4, "14217": 4, "14382": 2, "14112": 2, "14110": 3,
    "14204": 3, "14131": 1, "": 12,
}  # fmt: skip
"""Where patients live, real municipalities of the fictional hospital's area; the letters' towns are fictional."""
PRODUCT_VISITS = """
INSERT INTO indicators_visit (uid, facility_id, department, patient_id, patient_number, referral_id, online_only, entered,
    entered_at, key, row_number, late, late_reason, visit_on, visit_time, is_first_visit, arrival_mode, is_holiday, is_night,
    via_emergency_program, checkup_detected, referral_doc, from_facility_id, from_name, municipality, fee_b005_11, fee_b011,
    final_reply_on, joined_key)
SELECT gen_random_uuid(), r.receiver_id, r.receiver_department, r.receiver_patient_id, p.local_number, r.id, false, 'product',
    r.arrived_at, 'referral:' || r.uid, 0, false, '', (r.arrived_at AT TIME ZONE 'Asia/Tokyo')::date,
    date_trunc('minute', r.arrived_at AT TIME ZONE 'Asia/Tokyo')::time, true, 'walk', false, false, false, false, 'letter',
    r.sender_id, s.name, (%s::text[])[1 + r.id %% %s], false, false, (r.final_report_at AT TIME ZONE 'Asia/Tokyo')::date, ''
FROM referrals_referral r JOIN patients_patient p ON p.id = r.receiver_patient_id JOIN directory_facility s ON s.id = r.sender_id
WHERE r.kind = 'referral' AND r.arrived_at IS NOT NULL ORDER BY r.id"""
PRODUCT_BACK = """
INSERT INTO indicators_backreferral (uid, facility_id, department, patient_id, patient_number, referral_id, online_only,
    entered, entered_at, key, row_number, late, late_reason, issued_on, to_facility_id, to_name, consent, document_issued,
    fee_claimed)
SELECT gen_random_uuid(), r.sender_id, r.sender_department, r.patient_id, p.local_number, r.id, false, 'product', r.sent_at,
    'referral:' || r.uid, 0, false, '', (r.sent_at AT TIME ZONE 'Asia/Tokyo')::date, r.receiver_id, r.receiver_name,
    r.basis <> 'refusal', r.state <> 'withdrawn', true
FROM referrals_referral r JOIN patients_patient p ON p.id = r.patient_id
WHERE r.kind = 'back_referral' AND r.sent_at IS NOT NULL ORDER BY r.id"""


def month_starts() -> Iterator[date]:
    """The first days of the eighteen months."""
    month = FIRST_DAY.date().replace(day=1)
    while month < DEMO_START.date():
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


@dataclass
class _Draw:
    """What rows are drawn from."""

    rng: Random
    house: int
    senders: list[tuple[int, str]]
    weights: list[int]
    units: list[str]
    busy: list[int]
    towns: list[str]
    homes: dict[str, list[str]]

    def day(self, month: date, *, busy: bool = True) -> date:
        """A day of the month; ``busy`` one on which the outpatient department is open."""
        while True:
            day = month.replace(day=self.rng.randint(1, 28)) + timedelta(
                days=self.rng.choice((0, 0, 0, 0, 0, 2))
            )
            if day.month == month.month and (not busy or is_business_day(day, also_closed=is_year_end)):
                return day

    def sender(self) -> dict[str, Any]:
        """Who wrote the letter, and the department that this house mostly writes to."""
        key, name = self.rng.choices(self.senders, self.weights)[0]
        unit = self.rng.choice(self.homes[name]) if self.rng.random() < 0.72 else self.unit()
        return {"from_facility_id": key, "from_name": name, "department": unit}

    def unit(self) -> str:
        """A department, the large ones more often."""
        return self.rng.choices(self.units, self.busy)[0]


def load_visits(cursor: CursorWrapper, places: Places, staff: Staff, using: str) -> dict[str, int]:
    """Write visits, back-referrals and closings of the past; returns rows per table."""
    towns = [code for code, weight in TOWNS.items() for _ in range(weight)]
    Random("towns").shuffle(towns)  # noqa: S311 - fiction, no secret
    cursor.execute(PRODUCT_VISITS, [towns, len(towns)])
    cursor.execute(PRODUCT_BACK)
    draw = _drawing(places, towns)
    files, visits, backs = Table(cursor, EventImport), Table(cursor, Visit), Table(cursor, BackReferral)
    clerk = staff.plans["sato.h1"].name
    for number, month in enumerate(month_starts()):
        _month(draw, month, number, _file(files, draw.house, month, clerk), visits, backs)
    files.write()
    written = {"indicators_visit": visits.write(), "indicators_backreferral": backs.write()}
    _own_class(draw.house, using)
    _close(cursor, draw.house, clerk, using)
    return written


def _drawing(places: Places, towns: list[str]) -> _Draw:
    plans = [f for f in facilities() if f.kind in ("clinic", "dental", "hospital") and f.key != HOUSE]
    weights = [{"hospital": 3, "dental": 1}.get(f.kind, 14 if f.registered else 5) for f in plans]
    rng = Random("visits")  # noqa: S311 - fiction, no secret
    weights = [max(1, round(w * rng.uniform(0.3, 2.4))) for w in weights]
    senders = [(places.facilities[f.key].pk, f.name) for f in plans]
    units = [d.name for d in departments() if d.facility == HOUSE and d.kana]
    busy = [round(400 / (3 + place)) for place in range(len(units))]
    rng.shuffle(busy)
    own = {f.key: {d.name for d in departments() if d.facility == f.key} for f in plans}
    homes = {f.name: [u for u in units if u in own[f.key]] or rng.choices(units, busy, k=3) for f in plans}
    return _Draw(rng, places.facilities[HOUSE].pk, senders, weights, units, busy, towns, homes)


def _file(files: Table, house: int, month: date, clerk: str) -> int:
    done = datetime.combine((month + timedelta(days=32)).replace(day=1), time(8, 40), JST)
    done = min(done, DEMO_START - timedelta(days=3))
    return files.add(
        facility_id=house,
        name=f"初診再診_{month:%Y%m}.csv",
        content=b"",
        sha256=f"{month:%Y%m}".rjust(64, "0"),
        state="done",
        rows_total=FIRST_VISITS + LATER_VISITS,
        rows_done=FIRST_VISITS + LATER_VISITS,
        rows_new=FIRST_VISITS + LATER_VISITS,
        uploaded_by=clerk,
        uploaded_at=done,
        finished_at=done + timedelta(minutes=1),
    )


def _month(draw: _Draw, month: date, number: int, file: int, visits: Table, backs: Table) -> None:
    """One month; the share of letters grows slowly, as a hospital that works for it sees."""
    rng, at = draw.rng, datetime.combine((month + timedelta(days=32)).replace(day=1), time(8, 40), JST)
    shared = {"facility_id": draw.house, "entered": "csv", "entered_at": at, "event_import_id": file}
    letters = 0.505 + 0.007 * number + rng.uniform(-0.025, 0.025)
    total = FIRST_VISITS + rng.randint(-40, 40)
    for row in range(total + LATER_VISITS):
        first = row < total
        day: dict[str, Any] = {"visit_on": draw.day(month)}
        values = _first(draw, month, rng.random(), letters) if first else day
        hour = int(values.pop("hour", 0) or rng.randint(8, 16))
        visits.add(
            **shared,
            key=f"id:{month:%Y%m}-{row:05d}",
            row_number=row + 2,
            is_first_visit=first,
            patient_number=f"{400_000 + rng.randrange(90_000)}",
            municipality=rng.choice(draw.towns),
            visit_time=time(hour, rng.randrange(60)),
            **{"department": draw.unit(), **values},
        )
    for row in range(round(total * (0.54 + 0.006 * number + rng.uniform(-0.02, 0.02)))):
        key, name = rng.choices(draw.senders, draw.weights)[0]
        backs.add(
            **shared,
            key=f"id:B{month:%Y%m}-{row:05d}",
            row_number=row + 2,
            department=draw.unit(),
            patient_number=f"{400_000 + rng.randrange(90_000)}",
            issued_on=draw.day(month),
            to_facility_id=key,
            to_name=name,
            consent=rng.random() > 0.01,
            document_issued=True,
            fee_claimed=rng.random() > 0.1,
        )


def _first(draw: _Draw, month: date, dice: float, letters: float) -> dict[str, Any]:
    """A first visit: by ambulance, at night, found at a check-up, or on foot with or without a letter."""
    rng = draw.rng
    if dice < 0.14:
        values: dict[str, Any] = {"visit_on": draw.day(month, busy=False), "hour": rng.randint(0, 23)}
        values["arrival_mode"] = "ambulance_public" if rng.random() < 0.93 else "ambulance_hospital"
        values["is_night"] = not 8 <= values["hour"] < 18
        return values | (_letter(draw, values["visit_on"]) if rng.random() < 0.06 else {})
    if dice < 0.25:
        day = draw.day(month, busy=False)
        holiday = not is_business_day(day)
        values = {
            "visit_on": day,
            "is_holiday": holiday,
            "is_night": not holiday,
            "via_emergency_program": True,
        }
        return values | {"hour": rng.randint(9, 16) if holiday else rng.choice((18, 19, 20, 21, 22, 5, 6))}
    day = draw.day(month)
    if dice < 0.27:
        return {"visit_on": day, "checkup_detected": True}
    return {"visit_on": day} | (_letter(draw, day) if rng.random() < letters else {})


def _letter(draw: _Draw, day: date) -> dict[str, Any]:
    rng = draw.rng
    days = round(rng.gammavariate(2.0, 5.5))
    replied = day + timedelta(days=days) if rng.random() < 0.86 else None
    kind = rng.choices(("letter", "phone_transcribed", "checkup_transcribed"), (94, 3, 3))[0]
    too_late = replied is not None and replied >= DEMO_START.date()
    return {"referral_doc": kind, "final_reply_on": None if too_late else replied, **draw.sender()}


def _own_class(house: int, using: str) -> None:
    """The thresholds of a regional support hospital apply to the house."""
    Rule(
        code="indicator.fee_schedule.options",
        jurisdiction=f"facility:{house}",
        params={"value": {"hospital_class": "regional_support"}},
        valid_from=date(2024, 4, 1),
        source="地域医療支援病院の承認",
    ).save(using=using)


def _close(cursor: CursorWrapper, house: int, clerk: str, using: str) -> None:
    """Every month but the last is closed; the last one waits for the demo's first morning."""
    months = list(month_starts())[:-1]
    closings, kept = Table(cursor, MonthClosing), Table(cursor, MonthlyFigure)
    for month, found in past_figures(house, months, "JP-14", using).items():
        after = (month + timedelta(days=32)).replace(day=6)
        at = datetime.combine(after, time(16, 10), JST)
        closing = closings.add(facility_id=house, month_on=month, closed_at=at, closed_by=clerk)
        for indicator, (counts, definition) in found.items():
            kept.add(
                facility_id=house,
                closing_id=closing,
                month_on=month,
                indicator=indicator,
                counts=counts,
                definition=definition,
            )
    closings.write()
    kept.write()
