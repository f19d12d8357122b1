"""Provenance: which physician signed which version of a letter, and who typed it (真正性, 代行入力)."""

from __future__ import annotations

from typing import Any

from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import coding, without_empty
from renkei.fhirkit.server.histories import one_version
from renkei.fhirkit.server.mapping import Mapping, Sort, register
from renkei.fhirkit.server.params import instant, reference
from renkei.referrals.fhir import papers
from renkei.referrals.permissions import P

LABEL = "紹介状の確定の記録"
PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ACTIVITIES = "http://terminology.hl7.org/CodeSystem/v3-DocumentCompletion"
register_scope("Provenance", "rs", P.VIEW, label=LABEL)


def to_fhir(row: Any) -> Resource:
    """Provenance of a row of ``papers.letters``."""
    house = {"reference": f"Organization/{row.sender_uid}", "display": papers.sender_name(row)}
    agents = [_agent("author", row.finalised_by, house)]
    if row.entered_by and row.entered_by_id != row.finalised_by_id:
        agents.append(_agent("enterer", row.entered_by, house))
    before = {"role": "revision", "what": {"reference": f"DocumentReference/{row.before_uid}"}}
    return without_empty(
        {
            "target": [{"reference": f"DocumentReference/{row.uid}"}],
            "occurredDateTime": row.finalised_at,
            "recorded": row.finalised_at,
            "reason": [{"text": row.correction_reason}] if row.correction_reason else [],
            "activity": coding(ACTIVITIES, "LA", "legally authenticated"),
            "agent": agents,
            "entity": [before] if row.before_uid else [],
        }
    )


def _agent(kind: str, name: str, house: Resource) -> Resource:
    return {"type": coding(PARTICIPANTS, kind), "who": {"display": name or "記載なし"}, "onBehalfOf": house}


register(
    Mapping(
        resource_type="Provenance",
        says=LABEL,
        doc="紹介状の各版を、どの医師がいつ確定し、だれが代行入力したか。ID は DocumentReference と同じです。",
        reads=P.VIEW,
        rows=papers.letters,
        to_fhir=to_fhir,
        version=lambda row: str(row.version),
        updated="finalised_at",
        history=one_version("Provenance"),
        params=(
            reference(
                "target",
                "uid",
                ("DocumentReference",),
                points_to=lambda row: [f"DocumentReference/{row.uid}"],
                doc="紹介状の版",
            ),
            reference(
                "patient",
                "referral__patient__uid",
                ("Patient",),
                points_to=lambda row: [f"Patient/{row.patient_uid}"],
                doc="患者(紹介元の行)",
            ),
            instant("recorded", "finalised_at", doc="確定した日時"),
        ),
        sorts=(Sort("recorded", "finalised_at"),),
        default_sort="-recorded",
    )
)
