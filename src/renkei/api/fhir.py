"""AuditEvent: the trail of the client's own facility, for whoever audits it. Reading it is on record, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from renkei.api.permissions import P
from renkei.audit.models import AuditEntry, Outcome
from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import without_empty
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import NOTHING, instant, text, token
from renkei.fhirkit.server.values import Kind, Ref, Token
from renkei.gate.actor import Actor
from renkei.gate.guard import note_shown, unnoted
from renkei.kernel.errors import NotFound
from renkei.patients.queries import by_keys
from renkei.patients.queries import one as one_patient

LABEL = "監査証跡"
TYPES = "http://terminology.hl7.org/CodeSystem/audit-event-type"
OWN_ACTIONS = "urn:renkei:action"
ROLES = "http://terminology.hl7.org/CodeSystem/object-role"
KINDS = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
register_scope("AuditEvent", "rs", P.READ_TRAIL, label=LABEL)


def rows(actor: Actor) -> QuerySet[AuditEntry]:
    """Lines that the actor's facility wrote; the database shows no others."""
    return AuditEntry.objects.filter(facility_id=actor.facility_id)


def prepare(actor: Actor, found: list[Any]) -> None:
    """``told_patients``: uid and name of the patients that the facility still sees, one query for the page."""
    known = by_keys(actor, {key for row in found for key in row.patient_ids})
    for row in found:
        row.told_patients = [known[key] for key in row.patient_ids if key in known]


def to_fhir(row: Any) -> Resource:
    """AuditEvent of a prepared row; the lines that are shown go into the read entry of this request."""
    note_shown("audit.AuditEntry", [row.pk])
    note_shown("patients", [patient.pk for patient in row.told_patients])
    denied, read = row.outcome == Outcome.DENIED, row.outcome == Outcome.READ
    network = {"address": row.address, "type": "2"} if row.address else None
    who = without_empty({"display": row.actor_label or row.actor_kind})
    return without_empty(
        {
            "type": {"system": TYPES, "code": "rest", "display": "RESTful Operation"},
            "subtype": [{"system": OWN_ACTIONS, "code": row.action}],
            "action": "R" if read else "E",
            "recorded": row.at,
            "outcome": "4" if denied else "0",
            "outcomeDesc": f"{Outcome(row.outcome).label}: {row.says}",
            "agent": [
                without_empty({"who": who, "name": row.actor_label, "requestor": True, "network": network})
            ],
            "source": {"observer": {"display": row.facility_label or "Renkei"}},
            "entity": [_patient(patient) for patient in row.told_patients] + _subject(row),
        }
    )


def _patient(patient: Any) -> Resource:
    return {
        "what": {"reference": f"Patient/{patient.uid}"},
        "type": {"system": KINDS, "code": "1", "display": "Person"},
        "role": {"system": ROLES, "code": "1", "display": "Patient"},
    }


def _subject(row: Any) -> list[Resource]:
    if not row.subject:
        return []
    return [{"type": {"system": KINDS, "code": "2", "display": "System Object"}, "name": row.subject}]


def _by_patient(actor: Actor, values: Sequence[Ref]) -> Q:
    found = NOTHING
    for value in values:
        try:
            with unnoted():
                found |= Q(patient_ids__contains=[one_patient(actor, value.id).pk])
        except NotFound:
            continue
    return found


def _by_outcome(actor: Actor, values: Sequence[Token]) -> Q:
    known = {"0": [Outcome.DONE, Outcome.READ], "4": [Outcome.DENIED]}
    return Q(outcome__in=[word for value in values for word in known.get(value.code, [])])


def _line_number(written: str) -> int | None:
    return int(written) if re.fullmatch(r"[1-9][0-9]{0,17}", written) else None


register(
    Mapping(
        resource_type="AuditEvent",
        says=LABEL,
        doc="この接続の施設の監査証跡。監査の権限のある接続だけが読めます。",
        reads=P.READ_TRAIL,
        rows=rows,
        prepare=prepare,
        key="pk",
        read_id=_line_number,
        identity=lambda row: str(row.pk),
        to_fhir=to_fhir,
        params=(
            instant("date", "at", doc="日時"),
            Param(
                name="patient",
                kind=Kind.REFERENCE,
                where=_by_patient,
                targets=("Patient",),
                points_to=lambda row: [f"Patient/{patient.uid}" for patient in row.told_patients],
                doc="患者",
            ),
            Param(name="outcome", kind=Kind.TOKEN, where=_by_outcome, doc="0(実行・閲覧)、4(拒否)"),
            token("subtype", "action", system=OWN_ACTIONS, doc="操作の名前"),
            text("agent-name", "actor_label", doc="操作した人・システムの名前"),
        ),
        sorts=(Sort("date", "at"),),
        default_sort="-_id",
    )
)
