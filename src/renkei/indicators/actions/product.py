"""Visits and back-referrals that the product itself knows: an arrival, a letter given back, a final reply."""

from __future__ import annotations

from datetime import date

from renkei.directory.models import Area
from renkei.directory.types import AreaLevel
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.indicators.actions.months import closed_months, hold
from renkei.indicators.models import BackReferral, Visit
from renkei.indicators.permissions import P
from renkei.indicators.reading import at_night, on_holiday
from renkei.indicators.types import Entered, month_of
from renkei.kernel import clock
from renkei.referrals.models import Referral

LATE = "締めの後に記録された来院・逆紹介"
REFUSED = "refusal"


def _key(referral: Referral) -> str:
    return f"referral:{referral.uid}"


@action(P.IMPORT, says="紹介患者の来院を集計に記録")
def record_arrival(actor: Actor, referral: Referral) -> Visit | None:
    """The visit of an arrival; a visit that the house's own system told of first is joined. None when it stands.

    A referred patient counts as a first visit until the house's CSV says otherwise: whether it is one is decided by
    the physician (医学的に初診), not by a letter.
    """
    at, house = referral.arrived_at, referral.receiver_id
    if at is None or house is None:
        return None
    hold(house, alone=False)
    if Visit._base_manager.filter(facility_id=house, referral=referral).exists():
        return None
    local, patient = at.astimezone(clock.JST), referral.receiver_patient
    number = patient.local_number if patient else ""
    told = _told_by_csv(house, number, referral) if number else None
    if told is not None:
        return _join(told, referral)
    late = month_of(local.date()) in closed_months(house)
    return Visit.objects.create(
        facility_id=house,
        key=_key(referral),
        referral=referral,
        patient=patient,
        patient_number=number,
        department=referral.receiver_department,
        visit_on=local.date(),
        visit_time=local.time().replace(second=0, microsecond=0),
        is_holiday=on_holiday(local.date()),
        is_night=at_night(local.time()),
        referral_doc="letter",
        from_facility_id=referral.sender_id,
        from_name=referral.sender.name,
        municipality=municipality_of((patient or referral.patient).address),
        final_reply_on=_answered_on(referral, local.date()),
        entered=Entered.PRODUCT,
        entered_at=clock.now(),
        late=late,
        late_reason=LATE if late else "",
    )


def _answered_on(referral: Referral, visit_on: date) -> date | None:
    """The day of the final reply where it was told before the arrival: a worker died while it told of the arrival."""
    day = clock.jst_date(referral.final_report_at) if referral.final_report_at else None
    return day if day and day >= visit_on else None


def _join(told: Visit, referral: Referral) -> Visit:
    """A visit of the house's own system becomes the visit of this letter."""
    told.referral, told.patient = referral, referral.receiver_patient
    told.referral_doc = "letter"
    told.from_facility_id, told.from_name = referral.sender_id, referral.sender.name
    told.joined_key = _key(referral)
    told.final_reply_on = told.final_reply_on or _answered_on(referral, told.visit_on)
    told.save()
    return told


def _told_by_csv(house: int, number: str, referral: Referral) -> Visit | None:
    assert referral.arrived_at is not None
    day = clock.jst_date(referral.arrived_at)
    rows = Visit._base_manager.filter(
        facility_id=house, visit_on=day, patient_number=number, referral=None, entered=Entered.CSV, late=False
    )
    return None if month_of(day) in closed_months(house) else rows.order_by("id").first()


@action(P.IMPORT, says="逆紹介を集計に記録")
def record_back_referral(actor: Actor, referral: Referral) -> BackReferral | None:
    """The back-referral of a letter that was sent; withdrawn again it no longer counts. None when nothing changes."""
    hold(referral.sender_id, alone=False)
    rows = BackReferral._base_manager.filter(facility_id=referral.sender_id, referral=referral)
    known: BackReferral | None = rows.first()
    withdrawn = referral.state == "withdrawn"
    if known is not None:
        if withdrawn == known.document_issued and month_of(known.issued_on) not in closed_months(
            referral.sender_id
        ):
            known.document_issued = not withdrawn
            known.save()
        return known
    if referral.sent_at is None or withdrawn:
        return None
    day = clock.jst_date(referral.sent_at)
    late = month_of(day) in closed_months(referral.sender_id)
    return BackReferral.objects.create(
        facility_id=referral.sender_id,
        key=_key(referral),
        referral=referral,
        patient=referral.patient,
        patient_number=referral.patient.local_number,
        department=referral.sender_department,
        issued_on=day,
        to_facility_id=referral.receiver_id,
        to_name=referral.receiver_name,
        consent=referral.basis != REFUSED,
        document_issued=True,
        entered=Entered.PRODUCT,
        entered_at=clock.now(),
        late=late,
        late_reason=LATE if late else "",
    )


@action(P.IMPORT, says="最終返書を集計に記録")
def record_reply(actor: Actor, referral: Referral) -> int:
    """The day of the final reply goes onto the visit of the referral; returns how many visits took it."""
    if referral.final_report_at is None:
        return 0
    day = clock.jst_date(referral.final_report_at)
    rows = Visit._base_manager.filter(referral=referral, final_reply_on=None, visit_on__lte=day)
    return rows.update(final_reply_on=day)


def municipality_of(address: str) -> str:
    """The code of the municipality at the head of an address, the longest name first; empty when none fits."""
    rows = Area.objects.filter(level=AreaLevel.MUNICIPALITY).select_related("parent__parent")
    found = []
    for area in rows:
        top = area.parent.parent or area.parent if area.parent else None
        names = (area.name, f"{top.name}{area.name}" if top else area.name)
        if address.startswith(names):
            found.append((len(area.name), area.code))
    return max(found)[1] if found else ""
