"""ServiceRequest: the referral itself, who asks whom to see which patient for what (JP_ServiceRequest_Common)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import profile, without_empty
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import NOTHING, any_of, instant, reference, token
from renkei.fhirkit.server.values import Kind, Ref, Token, read_uuid
from renkei.gate.actor import Actor
from renkei.referrals.fhir import ordering, rows, words
from renkei.referrals.models import OrderNumber
from renkei.referrals.permissions import P
from renkei.referrals.registry import kind_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription

LABEL = "紹介"
REFERRED = {"system": words.SNOMED, "code": words.REFERRED, "display": "Patient referral"}
PLACER = {"coding": [{"system": words.IDENTIFIER_TYPES, "code": "PLAC"}]}
register_scope("ServiceRequest", "rs", P.VIEW, label=LABEL)
register_scope("ServiceRequest", "cu", P.VIEW, P.DRAFT, P.FINALISE, P.SEND, label=LABEL)


def identifiers_of(row: Any) -> list[Resource]:
    """The number of the referral, and the sender's own numbers."""
    own = {"system": words.NUMBER, "value": row.number}
    return [own, *({"type": PLACER, **number} for number in row.orders)]


def to_fhir(row: Any) -> Resource:
    """JP_ServiceRequest_Common of a row of ``rows.referrals``."""
    kind = kind_of(row.kind)
    content = LetterContent.from_json(row.versions[-1]["content"]) if row.versions else None
    named = [{"system": words.KIND, "code": kind.key, "display": kind.label}]
    return without_empty(
        {
            "identifier": identifiers_of(row),
            "status": words.request_status(row.state),
            "intent": "order",
            "category": [{"coding": [REFERRED, *named], "text": kind.label}],
            "priority": words.PRIORITY[row.urgency],
            "code": {"coding": named, "text": (content.purpose if content else "") or kind.title},
            "subject": {"reference": f"Patient/{row.patient_uid}"},
            **_occurrence(row),
            "authoredOn": row.sent_at,
            "requester": requester(row),
            "performerType": {"text": row.receiver_department} if row.receiver_department else None,
            "performer": performer(row),
            "reasonCode": [reason(d) for d in content.diagnoses] if content else [],
            "supportingInfo": [{"reference": f"DocumentReference/{uid}"} for uid in _final(row)],
            "note": _notes(content) if content else [],
        }
    )


def _final(row: Any) -> list[str]:
    """The ids of the versions that a physician finalised."""
    return [version["uid"] for version in row.versions if version["final"]]


def requester(row: Any) -> Resource:
    """The sender's house, with department and physician as printed."""
    parts = (row.sender_name, row.sender_department, row.sender_physician)
    return {"reference": f"Organization/{row.sender_uid}", "display": " ".join(p for p in parts if p)}


def performer(row: Any) -> list[Resource]:
    """The receiver, then its physician by name; an addressee without a row here is a text."""
    name = row.receiver_now or row.receiver_name
    shown = without_empty(
        {"reference": f"Organization/{row.receiver_uid}" if row.receiver_uid else None, "display": name}
    )
    physician = {"display": row.receiver_physician} if row.receiver_physician else {}
    return [found for found in (shown, physician) if found]


def _occurrence(row: Any) -> Resource:
    """The date that stands, else the sender's wish."""
    if row.appointment_at:
        return {"occurrenceDateTime": row.appointment_at}
    if row.wish_from or row.wish_until:
        return {"occurrencePeriod": without_empty({"start": row.wish_from, "end": row.wish_until})}
    return {}


def reason(line: Diagnosis) -> Resource:
    """One line of 傷病名 with its codes."""
    found = []
    if line.code and line.code_system:
        found.append({"system": line.code_system, "code": line.code})
    if line.icd10:
        found.append({"system": ordering.ICD10, "code": line.icd10})
    return without_empty(
        {"coding": found, "text": f"{line.text}{ordering.SUSPECTED if line.suspected else ''}"}
    )


def _notes(content: LetterContent) -> list[Resource]:
    texts = {name: text for name in words.PARTS if (text := getattr(content, name))}
    if content.prescriptions:
        texts["prescription_text"] = "\n".join(
            filter(None, [*map(_drug, content.prescriptions), content.prescription_text])
        )
    return [
        {"extension": [{"url": words.PART, "valueCode": name}], "text": text}
        for name, text in texts.items()
        if text.strip()
    ]


def _drug(line: Prescription) -> str:
    return " ".join(part for part in (line.name, line.amount, line.usage) if part)


def by_identifier(actor: Actor, values: Sequence[Token]) -> Q:
    """The number of the referral, or the sender's own number."""
    return any_of(_identified(actor, value) for value in values if value.code)


def _identified(actor: Actor, value: Token) -> Q:
    found = Q(number=value.code.upper()) if value.fits(words.NUMBER) else NOTHING
    orders = OrderNumber.objects.visible_to(actor).filter(value=value.code)
    if value.system is not None:
        orders = orders.filter(system=value.system)
    return found | Q(pk__in=orders.values("referral_id"))


def by_patient(actor: Actor, values: Sequence[Ref]) -> Q:
    """The sender's row of the patient, or the receiver's own row of the same person."""
    uids = [uid for value in values if (uid := read_uuid(value.id))]
    return Q(patient__uid__in=uids) | Q(receiver_patient__uid__in=uids) if uids else NOTHING


def patient_param(name: str, doc: str) -> Param:
    """``subject``, ``patient``: both sides find the referral by their own row of the patient."""
    return Param(
        name=name,
        kind=Kind.REFERENCE,
        where=by_patient,
        targets=("Patient",),
        points_to=lambda row: [f"Patient/{row.patient_uid}"],
        doc=doc,
    )


def _sender(row: Any) -> list[str]:
    return [f"Organization/{row.sender_uid}"]


def _receiver(row: Any) -> list[str]:
    return [f"Organization/{row.receiver_uid}"] if row.receiver_uid else []


def coded(name: str, column: str, known: dict[str, list[str]], doc: str, system: str = "") -> Param:
    """A code of FHIR that stands for several values of ours."""

    def where(actor: Actor, values: Sequence[Token]) -> Q:
        stored = [
            v for value in values if value.fits(system) or not value.system for v in known.get(value.code, [])
        ]
        return Q(**{f"{column}__in": stored}) if stored else NOTHING

    return Param(name=name, kind=Kind.TOKEN, where=where, doc=doc, modifiers=("not",))


_by_state = coded("status", "state", words.states_by(words.REQUEST_STATUS, "active"), "")


def by_status(actor: Actor, values: Sequence[Token]) -> Q:
    """The status; a draft is the sender's alone, and saying so lets the index of its outbox give the order."""
    found = _by_state.where(actor, values)
    return found & Q(sender_id=actor.facility_id) if {v.code for v in values} == {"draft"} else found


WHOSE = "患者(紹介元の行、または紹介先が対応づけた自施設の行)"
IDENTIFIER = Param(
    name="identifier", kind=Kind.TOKEN, where=by_identifier, doc="紹介番号、または送り主のシステムの依頼番号"
)


def organization(name: str, column: str, points_to: Any, doc: str) -> Param:
    """A party of the referral."""
    return reference(name, f"{column}__uid", ("Organization",), points_to=points_to, doc=doc)


register(
    Mapping(
        resource_type="ServiceRequest",
        says=LABEL,
        doc="紹介・逆紹介。code.text が紹介目的、reasonCode が傷病名、note が様式11のその他の欄です。"
        "status を active として登録すると、医師として許可されたアプリなら確定して送信し、システムなら医師の確定を待つ"
        "下書きになります。動かすのは Task です。",
        profile=profile("JP_ServiceRequest_Common"),
        reads=P.VIEW,
        rows=rows.referrals,
        own_rows=rows.own_referrals,
        own_sides=("sender_id", "receiver_id"),
        to_fhir=to_fhir,
        version=lambda row: str(row.version),
        updated="moved_at",
        params=(
            IDENTIFIER,
            patient_param("subject", WHOSE),
            patient_param("patient", WHOSE),
            Param(
                name="status",
                kind=Kind.TOKEN,
                where=by_status,
                doc="draft、active、completed、revoked",
                modifiers=("not",),
            ),
            coded(
                "priority",
                "urgency",
                {c: [u.value] for u, c in words.PRIORITY.items()},
                "routine、urgent、asap",
            ),
            token("code", "kind", system=words.KIND, doc="紹介の種類"),
            token("category", "kind", system=words.KIND, doc="紹介の種類"),
            instant("authored", "sent_at", doc="送信した日時"),
            instant("occurrence", "appointment_at", doc="確定した来院日時"),
            organization("requester", "sender", _sender, "紹介元の施設"),
            organization("performer", "receiver", _receiver, "紹介先の施設"),
        ),
        sorts=(Sort("authored", "created_at"),),
        default_sort="-authored",
        from_fhir=ordering.from_fhir,
        create=ordering.create,
        in_one_piece=True,
        update=ordering.update,
        elements=ordering.ELEMENTS,
    )
)
