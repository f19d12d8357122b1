"""Who may see what of a patient, since when and on what ground."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from renkei.circles.models import FOREVER, Consent, EmergencyAccess, Member
from renkei.circles.types import Basis, ConsentType, Level, Source
from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.patients.models import Patient
from renkei.patients.queries import by_keys


@dataclass(frozen=True)
class Share:
    """One facility's period; ``until`` is None while nobody set an end, ``open_now`` as of this moment."""

    facility_id: int
    facility: str
    source: str
    level: str
    purpose: str
    since: datetime
    until: datetime | None
    open_now: bool
    reason: str


def shares(actor: Actor, patient: Patient) -> list[Share]:
    """Every period in the circles of ``patient`` that the actor may see, open ones first, then newest first."""
    now = clock.now()
    rows = Member.objects.visible_to(actor).filter(patient=patient).select_related("facility", "circle")
    found = [
        Share(
            m.facility_id,
            m.facility.name,
            Source(m.source).label,
            Level(m.level).label,
            m.circle.purpose,
            m.valid_from,
            None if m.valid_until >= FOREVER else m.valid_until,
            m.valid_from <= now < m.valid_until,
            m.reason,
        )
        for m in rows.exclude(source=Source.EMERGENCY)
    ]
    accesses = EmergencyAccess.objects.visible_to(actor).filter(patient=patient).select_related("facility")
    found += [
        Share(
            a.facility_id,
            a.facility.name,
            Source.EMERGENCY.label,
            Level.FULL.label,
            "emergency",
            a.opened_at,
            a.valid_until,
            a.opened_at <= now < a.valid_until,
            a.reason,
        )
        for a in accesses
    ]
    return sorted(found, key=lambda share: (not share.open_now, -share.since.timestamp()))


def periods_now(actor: Actor) -> QuerySet[Member]:
    """Every period that is open at this moment in the circles that the actor may see."""
    now = clock.now()
    return Member.objects.visible_to(actor).filter(valid_from__lte=now, valid_until__gt=now)


def holds(actor: Actor, circle_id: int, facility_id: int) -> bool:
    """Whether a facility may see a circle right now; asked by a member of it or by the system."""
    return periods_now(actor).filter(circle_id=circle_id, facility_id=facility_id).exists()


def consents(actor: Actor, patient: Patient) -> list[Consent]:
    """Every consent of this row, withdrawn ones too, newest first."""
    return _consents(actor, patient.pk)


@compiled
def _consents(actor: Actor, patient_id: int) -> QuerySet[Consent]:
    return Consent.objects.visible_to(actor).filter(patient_id=patient_id)


def consent(actor: Actor, uid: UUID | str) -> Consent:
    """One consent with its patient. Raises ``NotFound``."""
    found = Consent.objects.visible_to(actor).filter(uid=uid).select_related("patient").first()
    if found is None:
        raise NotFound("consent_not_found", "この同意の記録は見つかりません。")
    return found


def basis_of(actor: Actor, patient: Patient) -> Basis:
    """On what ground a new referral may share now: a reservation (留保) beats everything else (rules I.3)."""
    in_force = [c for c in consents(actor, patient) if c.withdrawn_at is None and c.valid_from <= clock.now()]
    if any(c.reservation for c in in_force):
        return Basis.REFUSAL
    explicit = {ConsentType.EXPLICIT_NETWORK, ConsentType.EXPLICIT_INQUIRY}
    if any(c.type in explicit for c in in_force):
        return Basis.EXPLICIT_CONSENT
    return Basis.POSTED_NOTICE


@dataclass(frozen=True)
class Emergency:
    """An emergency access for the review list; ``patient`` is None where the actor may not see the row any more."""

    access: EmergencyAccess
    patient: Patient | None
    own_patient: bool

    @property
    def open_now(self) -> bool:
        """Whether the 24 hours still run."""
        return bool(clock.now() < self.access.valid_until)


def emergencies(actor: Actor, *, waiting: bool | None = None, limit: int = 100) -> list[Emergency]:
    """Emergency accesses to the facility's patients and by its staff, newest first; ``waiting`` for a review or done."""
    rows = EmergencyAccess.objects.visible_to(actor).select_related("facility")
    if waiting is not None:
        rows = rows.filter(reviewed_at__isnull=waiting)
    return _with_patients(actor, list(rows.order_by("-opened_at", "-id")[:limit]))


def emergency(actor: Actor, uid: UUID | str) -> Emergency:
    """One emergency access. Raises ``NotFound``."""
    try:
        rows = EmergencyAccess.objects.visible_to(actor).select_related("facility").filter(uid=uid)
        found = rows.first()
    except (ValueError, ValidationError):
        found = None
    if found is None:
        raise NotFound("emergency_not_found", "この緊急参照の記録は見つかりません。")
    return _with_patients(actor, [found])[0]


def _with_patients(actor: Actor, rows: list[EmergencyAccess]) -> list[Emergency]:
    known = by_keys(actor, [row.patient_id for row in rows])
    return [
        Emergency(
            row,
            known.get(row.patient_id),
            row.patient_id in known and known[row.patient_id].facility_id == actor.facility_id,
        )
        for row in rows
    ]
