"""Gives the gate the policy of patients' rows: an open period of a circle, or the facility's own patient."""

from __future__ import annotations

from datetime import datetime
from string import Template
from typing import Any

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from renkei.circles.models import Circle, EmergencyAccess, Member
from renkei.gate.actor import Actor
from renkei.gate.guard import Scope, register_model_policy, register_policy
from renkei.kernel import clock
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.patients.queries import register_shared
from renkei.ui.panels import register_panel


class InOpenPeriod(Func):
    """Whether the facility is in a circle now: of the row's circle, or of any circle of its patient.

    The same condition as ``Exists(Member…)``, written down once: it stands in every question about patients, and building
    it anew each time cost more than the rest of the question.
    """

    output_field = BooleanField()
    conditional = True
    period = Template(
        f'EXISTS (SELECT 1 FROM "{Member._meta.db_table}" gate_period WHERE gate_period."$key" = $column'
        " AND gate_period.facility_id = %s"
        " AND (gate_period.valid_from > %s) IS NOT TRUE AND (gate_period.valid_until <= %s) IS NOT TRUE$alone)"
    )

    def __init__(self, column: str, key: str, facility_id: int, now: datetime, *, each: bool) -> None:
        super().__init__(F(column))
        self.extra_state = (key, facility_id, now, each)

    def as_sql(self, compiler: SQLCompiler, connection: Any, *parts: Any, **more: Any) -> tuple[str, Any]:
        """One EXISTS over the index of periods."""
        key, facility_id, now, each = self.extra_state
        column, parameters = compiler.compile(self.source_expressions[0])
        alone = " OFFSET 0" if each else ""  # what the planner does not turn into a join
        sql = self.period.substitute(key=key, column=column, alone=alone)
        return sql, (*parameters, facility_id, now, now)


def _open(actor: Actor, *, column: str, key: str, each: bool = False) -> InOpenPeriod:
    return InOpenPeriod(column, key, actor.facility_id, clock.now(), each=each)


def visible(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """Only rows of circles that the actor's facility is in, and of its own patients."""
    if not actor.facility_id:
        return rows.none()
    model = rows.model
    if model is Circle:
        return rows.filter(
            Q(owner_facility_id=actor.facility_id) | _open(actor, column="pk", key="circle_id")
        )
    names = {f.name for f in model._meta.concrete_fields}
    if "circle" in names:
        each = getattr(rows, "asks_each", False)
        return rows.filter(_open(actor, column="circle_id", key="circle_id", each=each))
    if "patient" in names:
        own = Q(patient__facility_id=actor.facility_id)
        return rows.filter(own | _open(actor, column="patient_id", key="patient_id"))
    return rows.filter(Q(facility_id=actor.facility_id) | _open(actor, column="pk", key="patient_id"))


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
