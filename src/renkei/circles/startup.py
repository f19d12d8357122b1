"""Gives the gate the policy of patients' rows: an open period of a circle, or the facility's own patient."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.circles.models import Circle, EmergencyAccess, Member
from renkei.gate.actor import Actor
from renkei.gate.guard import Scope, register_model_policy, register_policy
from renkei.kernel import clock
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.patients.queries import register_shared
from renkei.ui.panels import register_panel


def _open(actor: Actor, **outer: str) -> Exists:
    now = clock.now()
    rows = Member._base_manager.filter(
        facility_id=actor.facility_id,
        valid_from__lte=now,
        valid_until__gt=now,
        **{key: OuterRef(column) for key, column in outer.items()},
    )
    return Exists(rows)


def visible(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """Only rows of circles that the actor's facility is in, and of its own patients."""
    if not actor.facility_id:
        return rows.none()
    model = rows.model
    if model is Circle:
        return rows.filter(Q(owner_facility_id=actor.facility_id) | _open(actor, circle_id="pk"))
    names = {f.name for f in model._meta.concrete_fields}
    if "circle" in names:
        return rows.filter(_open(actor, circle_id="circle_id"))
    if "patient" in names:
        own = Q(patient__facility_id=actor.facility_id)
        return rows.filter(own | _open(actor, patient_id="patient_id"))
    return rows.filter(Q(facility_id=actor.facility_id) | _open(actor, patient_id="pk"))


def visible_emergencies(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """The facility that opened the access, and the one whose patient it is, which reviews it."""
    if not actor.facility_id:
        return rows.none()
    # No join: the wall hides the patient's row when the day is over, and a join would hide the record with it.
    own = Patient._base_manager.filter(pk=OuterRef("patient_id"), facility_id=actor.facility_id)
    return rows.filter(Q(facility_id=actor.facility_id) | Exists(own))


def shared_ids(actor: Actor) -> QuerySet[Any]:
    """Keys of patients in whose circles the actor's facility is now."""
    now = clock.now()
    rows = Member._base_manager.filter(
        facility_id=actor.facility_id, valid_from__lte=now, valid_until__gt=now
    )
    return rows.values("patient_id")


register_policy(Scope.PATIENT, visible)
register_model_policy(EmergencyAccess, visible_emergencies)
register_shared(shared_ids)
register_panel("patient", "circles", "共有範囲と同意", "circles:panel", P.VIEW, order=200)
