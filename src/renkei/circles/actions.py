"""Open and close circles. Consent is evaluated when it changes: a read is one index probe of an open period."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from renkei.circles.models import FOREVER, Circle, EmergencyAccess, Member
from renkei.circles.types import Level, Source
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.patients.models import Patient
from renkei.patients.permissions import P

EMERGENCY_HOURS = 24


def open_circle(actor: Actor, patient: Patient, *, purpose: str) -> Circle:
    """A circle of one, the facility of ``actor``; called inside an action that opens a matter about ``patient``."""
    circle = Circle.objects.create(patient=patient, owner_facility_id=actor.facility_id, purpose=purpose)
    let_in(circle, actor.facility_id, source=Source.REFERRAL)
    return circle


def let_in(
    circle: Circle, facility_id: int, *, source: Source, level: Level = Level.FULL, reason: str = ""
) -> Member:
    """Open a period for ``facility_id`` from now on; called inside an action."""
    return Member.objects.create(
        circle=circle,
        patient_id=circle.patient_id,
        facility_id=facility_id,
        source=source,
        level=level,
        valid_from=_moment(),
        valid_until=FOREVER,
        reason=reason,
    )


def _moment() -> datetime:
    """The instant that the database takes for now in this transaction: a period from then on counts at once."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT gate_now()")
        found: datetime = cursor.fetchone()[0]
    return found


def let_out(actor: Actor, circle: Circle, facility_id: int, *, reason: str) -> int:
    """Close the open periods of ``facility_id``; returns how many. What was seen stays in the access history."""
    rows = Member.objects.visible_to(actor).filter(
        circle=circle, facility_id=facility_id, valid_until=FOREVER
    )
    closed = 0
    for member in rows:
        member.valid_until = clock.now()
        member.reason = reason
        member.save()
        closed += 1
    return closed


@action(P.EMERGENCY, says="緊急参照を開始")
def open_emergency(actor: Actor, patient_id: int, *, reason: str) -> EmergencyAccess:
    """緊急参照: 24 hours of access with a reason; the database function opens it, and the review list shows it.

    Raises ``Invalid`` without a reason of at least five characters and ``NotFound`` for an unknown patient.
    """
    if len(reason.strip()) < 5:
        raise Invalid(
            "reason_missing",
            "緊急参照には理由が必要です(5文字以上)。誰が、なぜ今必要かを書いてください。",
            "reason",
        )
    until = _moment() + timedelta(hours=EMERGENCY_HOURS)
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT circles_open_emergency(%s, %s, %s)", [patient_id, until, reason.strip()[:200]])
        if not cursor.fetchone()[0]:
            raise NotFound("not_found", "患者が見つかりません。")
    return EmergencyAccess.objects.create(
        patient_id=patient_id,
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        person_label=actor.label,
        reason=reason.strip(),
        valid_until=until,
    )


@action(P.REVIEW_EMERGENCY, says="緊急参照を事後確認")
def review_emergency(
    actor: Actor, access: EmergencyAccess, *, justified: bool, review: str
) -> EmergencyAccess:
    """The later look at an emergency access: justified or not, in words."""
    if not review.strip():
        raise Invalid("review_missing", "確認した内容を書いてください。", "review")
    access.justified = justified
    access.review = review.strip()
    access.reviewed_by = actor.label
    access.reviewed_at = clock.now()
    access.save()
    return access
