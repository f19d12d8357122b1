"""The resources of an outgoing document, one function each, by the eCS profiles of JP-CLINS."""

from __future__ import annotations

import base64
import re
from typing import Any

from renkei.exchange.formats.clins import codes, rules
from renkei.fhirkit.documents import Resource
from renkei.referrals.types import Diagnosis, Party, PatientCard, Prescription

ABSENT: dict[str, Any] = {"extension": [{"url": codes.DATA_ABSENT, "valueCode": "unknown"}]}


def base(resource_type: str, profile: str, identity: str, updated: str) -> Resource:
    """The head that every resource of the document shares."""
    return {
        "resourceType": resource_type,
        "id": identity,
        "meta": {"lastUpdated": updated, "profile": [profile]},
        "language": "ja",
    }


def coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    row = {"system": system, "code": code}
    return {"coding": [row | {"display": display} if display else row]}


def _human_name(text: str, representation: str) -> dict[str, Any]:
    family, _, given = text.partition(" ")
    name: dict[str, Any] = {
        "extension": [{"url": codes.NAME_REPRESENTATION, "valueCode": representation}],
        "use": "official",
        "text": text,
        "family": family,
    }
    return name | ({"given": given.split(" ")} if given else {"_given": [ABSENT]})


def _telecom(phone: str, fax: str = "") -> dict[str, Any]:
    rows = [{"system": system, "value": value} for system, value in (("phone", phone), ("fax", fax)) if value]
    return {"telecom": rows} if rows else {}


def _address(postal_code: str, text: str) -> dict[str, Any]:
    row: dict[str, Any] = {"text": text} if text else {"_text": ABSENT}
    return row | ({"postalCode": postal_code} if postal_code else {}) | {"country": "JP"}


def patient(card: PatientCard, institution_number: str) -> Resource:
    """JP_Patient_eCS without its head."""
    names = [_human_name(card.name, "IDE")] + ([_human_name(card.kana, "SYL")] if card.kana else [])
    return {
        "identifier": _patient_identifiers(card, institution_number),
        "active": True,
        "name": names,
        **_telecom(card.phone),
        "gender": card.sex,
        **({"birthDate": card.birth_on} if card.birth_on else {"_birthDate": ABSENT}),
        "address": [_address(card.postal_code, card.address)],
    }


def _patient_identifiers(card: PatientCard, institution_number: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if card.local_number:
        rows.append(
            {"system": f"{codes.LOCAL_PATIENT_PREFIX}1{institution_number}", "value": card.local_number}
        )
    number = card.insured_number
    if rules.is_member_id(number):
        return [*rows, {"system": codes.MEMBER_ID, "value": number}]
    rows.append({"use": "temp", "system": codes.MEMBER_ID, "value": codes.NO_MEMBER_ID})
    if rules.is_public_payer_id(number):
        rows.append({"type": {"text": "生活保護受給者番号"}, "value": number})
    elif number:
        rows.append({"type": {"text": "被保険者番号（届いたまま）"}, "value": number})
    return rows


def organization(party: Party) -> Resource:
    """JP_Organization_eCS without its head."""
    number = party.institution_number
    identifier: dict[str, Any] = {"system": codes.INSTITUTION_NUMBER}
    extensions: list[dict[str, Any]] = []
    if rules.is_institution_number(number):
        extensions = [
            {
                "url": codes.PREFECTURE_EXTENSION,
                "valueCoding": {"system": codes.PREFECTURES, "code": number[:2]},
            },
            {"url": codes.CATEGORY_EXTENSION, "valueCoding": {"system": codes.FEE_TABLES, "code": number[2]}},
            {
                "url": codes.NUMBER_EXTENSION,
                "valueIdentifier": {"system": codes.INSTITUTION_CODE, "value": number[3:]},
            },
        ]
    if party.department:
        extensions.append(
            {"url": codes.DEPARTMENT_EXTENSION, "valueCodeableConcept": {"text": party.department}}
        )
    return {
        **({"extension": extensions} if extensions else {}),
        "identifier": [identifier | ({"value": number} if number else {"_value": ABSENT})],
        "type": [coding(codes.ORGANIZATION_TYPE, "prov")],
        "name": party.facility_name,
        **_telecom(party.phone, party.fax),
        **(
            {"address": [_address(party.postal_code, party.address)]}
            if party.address or party.postal_code
            else {}
        ),
    }


def practitioner(name: str) -> Resource:
    """JP_Practitioner_eCS without its head; a physician without a name keeps the place of the author."""
    return {"name": [_human_name(name, "IDE") if name else {"_text": ABSENT}]}


def instance_id(value: str) -> dict[str, str]:
    """The identifier that every clinical resource carries."""
    return {"system": codes.INSTANCE_ID, "value": value}


def institution_extension(number: str) -> list[dict[str, Any]]:
    """The issuing facility, written on every clinical resource."""
    return [
        {
            "url": codes.INSTITUTION_EXTENSION,
            "valueIdentifier": {"system": codes.INSTITUTION_NUMBER, "value": number},
        }
    ]


def is_coded(row: Diagnosis) -> bool:
    """Whether a line of 傷病名 can be a JP_Condition_eCS: that profile asks for a MEDIS 管理番号."""
    return row.code_system == codes.DISEASE_KEY and rules.is_code(row.code) and bool(row.text)


def condition(row: Diagnosis, subject: str, identifier: str, institution_number: str) -> Resource:
    """JP_Condition_eCS without its head."""
    codings = [{"system": codes.DISEASE_KEY, "code": row.code, "display": row.text}]
    if row.icd10 and rules.is_code(row.icd10):
        codings.append({"system": codes.ICD10, "code": row.icd10, "display": row.text})
    status = "provisional" if row.suspected else "confirmed"
    return {
        "extension": institution_extension(institution_number),
        "identifier": [instance_id(identifier)],
        "clinicalStatus": coding(codes.CONDITION_CLINICAL, "active"),
        "verificationStatus": coding(codes.CONDITION_VERIFICATION, status),
        "category": [coding(codes.CONDITION_CATEGORY, "encounter-diagnosis")],
        "code": {"coding": codings, "text": row.text},
        "subject": {"reference": subject, "type": "Patient"},
        **({"onsetDateTime": row.onset_on} if rules.is_date(row.onset_on) else {}),
    }


def is_coded_drug(row: Prescription) -> bool:
    """Whether a line of 現在の処方 can be a JP_MedicationRequest_eCS: a code, a name and a usage."""
    words = (row.name, row.usage or row.amount, row.code_system)
    return rules.is_code(row.code) and all(words) and re.match(r"^\S+$", row.code_system) is not None


def medication_request(
    row: Prescription, subject: str, identifier: str, institution_number: str, issued_at: str, rp: int
) -> Resource:
    """JP_MedicationRequest_eCS without its head; usage is free text, so it carries the dummy usage code."""
    codings = [{"system": row.code_system, "code": row.code, "display": row.name}]
    if row.code_system not in (codes.YJ, codes.GENERAL_NAME):
        codings.append({"system": codes.NOCODED, "code": "NOCODED", "display": "標準コードなし"})
    usage = {"system": codes.USAGE_UNCODED, "code": codes.USAGE_DUMMY, "display": "ダミー用法コード"}
    dosage = {
        "extension": [{"url": codes.PERIOD_OF_USE_EXTENSION, "valuePeriod": {"start": issued_at[:10]}}],
        "text": "\n".join(part for part in (row.usage, row.amount) if part),
        "timing": {"code": {"coding": [usage], "text": row.usage or row.amount}},
    }
    return {
        "extension": institution_extension(institution_number),
        "identifier": [
            {"system": codes.RP_NUMBER, "value": str(rp)},
            {"system": codes.RP_INDEX, "value": "1"},
            instance_id(identifier),
        ],
        "status": "completed",
        "intent": "order",
        "medicationCodeableConcept": {"coding": codings, "text": row.name},
        "subject": {"reference": subject, "type": "Patient"},
        "authoredOn": issued_at,
        "dosageInstruction": [dosage],
    }


def occupation(text: str, subject: str, issued_at: str) -> Resource:
    """The patient's occupation (職業 of 様式11) as JP_Observation_Common_eCS without its head."""
    return {
        "status": "final",
        "category": [coding(codes.OBSERVATION_CATEGORY, "social-history")],
        "code": coding(codes.LOINC, codes.OCCUPATION_LOINC, "History of Occupation") | {"text": "職業"},
        "subject": {"reference": subject, "type": "Patient"},
        "effectiveDateTime": issued_at,
        "valueString": text,
    }


def document_reference(filename: str, mime: str, data: bytes, subject: str) -> Resource:
    """An attached file as JP_DocumentReference_eCS without its head."""
    return {
        "status": "current",
        "subject": {"reference": subject, "type": "Patient"},
        "description": filename,
        "content": [
            {
                "attachment": {
                    "contentType": mime,
                    "language": "ja",
                    "data": base64.b64encode(data).decode("ascii"),
                    "title": filename,
                }
            }
        ],
    }
