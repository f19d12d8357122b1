"""Consent: what patients said about sharing (同意・留保), read by whoever may see the patient (JP_Consent)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from renkei.circles.models import Consent
from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType
from renkei.clients.scopes import register_scope
from renkei.directory.queries import facilities
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import coding, profile, without_empty
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import any_of, instant, reference, token
from renkei.fhirkit.server.values import Kind, Token
from renkei.gate.actor import Actor
from renkei.patients.permissions import P

LABEL = "同意・留保"
SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
LOINC, PRIVACY = "http://loinc.org", "59284-0"
ROLES = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
OWN_TYPE, OWN_REACH = "urn:renkei:consent-type", "urn:renkei:consent-reach"
register_scope("Consent", "rs", P.VIEW, label=LABEL)


def rows(actor: Actor) -> QuerySet[Any]:
    """Consents of visible patients, withdrawn ones too."""
    found = Consent.objects.visible_to(actor)
    return found.annotate(patient_uid=F("patient__uid"), house_uid=F("patient__facility__uid"))


def prepare(actor: Actor, found: list[Any]) -> None:
    """``named``: uid and name of the facilities that each names, one query for the page."""
    keys = {key for row in found for key in row.facilities}
    known: dict[int, tuple[str, str]] = {}
    if keys:
        places = facilities(closed=True).filter(pk__in=keys).values_list("pk", "uid", "name")
        known = {pk: (str(uid), name) for pk, uid, name in places}
    for row in found:
        row.named = [known[key] for key in row.facilities if key in known]


def to_fhir(row: Any) -> Resource:
    """JP_Consent of a prepared row of :func:`rows`."""
    label = ConsentType(row.type).label
    who = f"{row.given_by}({row.relation})" if row.relation else row.given_by
    return without_empty(
        {
            "status": "inactive" if row.withdrawn_at else "active",
            "scope": coding(SCOPES, "patient-privacy"),
            "category": [
                {**coding(LOINC, PRIVACY, "Consent Document"), "text": label},
                coding(OWN_TYPE, row.type, label),
            ],
            "patient": {"reference": f"Patient/{row.patient_uid}"},
            "dateTime": row.valid_from,
            "performer": [{"display": who}],
            "organization": [{"reference": f"Organization/{row.house_uid}"}],
            "policyRule": {"text": f"{label}({ConsentMethod(row.method).label})"},
            "provision": _provision(row),
        }
    )


def _provision(row: Any) -> Resource:
    """What is permitted to whom; a reservation (留保) is a nested denial."""
    actors = [
        {"role": coding(ROLES, "IRCP"), "reference": {"reference": f"Organization/{uid}", "display": name}}
        for uid, name in row.named
    ]
    if row.named_person:
        actors.append({"role": coding(ROLES, "IRCP"), "reference": {"display": row.named_person}})
    reach = {**coding(OWN_REACH, row.reach, ConsentReach(row.reach).label), "text": row.purpose}
    denied = {"type": "deny", "code": [{"text": row.reservation}]} if row.reservation else {}
    return without_empty(
        {
            "type": "permit",
            "period": without_empty({"start": row.valid_from, "end": row.withdrawn_at}),
            "actor": actors,
            "code": [reach],
            "provision": [denied] if denied else [],
        }
    )


def _by_status(actor: Actor, values: Sequence[Token]) -> Q:
    wanted = {value.code for value in values}
    parts = (("active", Q(withdrawn_at=None)), ("inactive", Q(withdrawn_at__isnull=False)))
    return any_of(condition for code, condition in parts if code in wanted)


register(
    Mapping(
        resource_type="Consent",
        says=LABEL,
        doc="患者の同意と留保。撤回されたものは inactive です。記録と撤回は画面で行います。",
        profile=profile("JP_Consent"),
        reads=P.VIEW,
        rows=rows,
        prepare=prepare,
        to_fhir=to_fhir,
        version=lambda row: str(row.version),
        params=(
            reference(
                "patient",
                "patient__uid",
                ("Patient",),
                points_to=lambda row: [f"Patient/{row.patient_uid}"],
                doc="患者",
            ),
            reference(
                "organization",
                "patient__facility__uid",
                ("Organization",),
                points_to=lambda row: [f"Organization/{row.house_uid}"],
                doc="同意を受けた施設",
            ),
            Param(name="status", kind=Kind.TOKEN, where=_by_status, doc="active、inactive(撤回)"),
            token("category", "type", system=OWN_TYPE, doc="同意の種類"),
            instant("date", "valid_from", doc="同意した日時"),
        ),
        sorts=(Sort("date", "valid_from"),),
        default_sort="-date",
    )
)
