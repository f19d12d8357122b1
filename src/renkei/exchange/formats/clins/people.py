"""Who wrote, who receives, about whom: from FHIR resources to the plain values of a letter."""

from __future__ import annotations

from typing import Any

from renkei.exchange.formats.clins import codes
from renkei.exchange.formats.clins.render import concept_text, human_name
from renkei.fhirkit.documents import Bundle, Resource, items, text_of
from renkei.referrals.types import Party, PatientCard

_SEXES = frozenset({"male", "female", "other", "unknown"})


def _representation(name: Resource) -> str:
    for extension in items(name.get("extension")):
        if text_of(extension.get("url")) == codes.NAME_REPRESENTATION:
            return text_of(extension.get("valueCode"))
    return ""


def name_in(resource: Resource, representation: str) -> str:
    """The name in kanji (``IDE``) or kana (``SYL``); a name without mark counts as kanji."""
    names = items(resource.get("name"))
    for name in names:
        if _representation(name) == representation:
            return human_name(name)
    unmarked = [name for name in names if not _representation(name)]
    return human_name(unmarked[0]) if representation == "IDE" and unmarked else ""


def _telecom(resource: Resource, system: str) -> str:
    for contact in items(resource.get("telecom")):
        if contact.get("system") == system:
            return text_of(contact.get("value"))
    return ""


def _address(resource: Resource) -> tuple[str, str]:
    """``(postal code, address in one line)`` of the first address."""
    for address in items(resource.get("address")):
        lines = address.get("line") if isinstance(address.get("line"), list) else []
        parts = [
            text_of(address.get("state")),
            text_of(address.get("city")),
            *(text_of(row) for row in lines or []),
        ]
        return text_of(address.get("postalCode")), text_of(address.get("text")) or "".join(parts)
    return "", ""


def _identifier(resource: Resource, *systems: str, prefix: bool = False) -> str:
    for row in items(resource.get("identifier")):
        system = text_of(row.get("system"))
        if any(system.startswith(known) if prefix else system == known for known in systems):
            return text_of(row.get("value"))
    return ""


def patient_card(patient: Resource, occupation: str = "") -> PatientCard:
    """The patient of a letter; what the sender left out stays empty."""
    postal, address = _address(patient)
    sex = text_of(patient.get("gender"))
    return PatientCard(
        name=name_in(patient, "IDE") or name_in(patient, "ABC"),
        kana=name_in(patient, "SYL"),
        birth_on=text_of(patient.get("birthDate")),
        sex=sex if sex in _SEXES else "unknown",
        postal_code=postal,
        address=address,
        phone=_telecom(patient, "phone"),
        occupation=occupation,
        local_number=_local_number(patient),
        insured_number=_insured_number(patient),
    )


def _local_number(patient: Resource) -> str:
    prefixes = (codes.LOCAL_PATIENT_PREFIX, codes.OLD_LOCAL_PATIENT_PREFIX)
    return _identifier(patient, *prefixes, prefix=True)


def _insured_number(patient: Resource) -> str:
    free = [row for row in items(patient.get("identifier")) if not row.get("system") and row.get("type")]
    if free:
        return text_of(free[0].get("value"))
    number = _identifier(patient, codes.MEMBER_ID, codes.PUBLIC_PAYER_ID)
    return "" if number == codes.NO_MEMBER_ID else number


def _is_department(organization: Resource) -> bool:
    kinds = [row for concept in items(organization.get("type")) for row in items(concept.get("coding"))]
    return any(row.get("code") == "dept" for row in kinds)


def _department(organization: Resource) -> str:
    for extension in items(organization.get("extension")):
        if text_of(extension.get("url")) == codes.DEPARTMENT_EXTENSION:
            value: Any = extension.get("valueCodeableConcept")
            if isinstance(value, dict):
                displays = [text_of(row.get("display")) for row in items(value.get("coding"))]
                return (
                    text_of(value.get("text"))
                    or next((row for row in displays if row), "")
                    or concept_text(value)
                )
    return ""


def party(bundle: Bundle, resources: list[Resource], narrative: str) -> Party:
    """One side of the letter from the resources its section names; the narrative stands in for a missing name."""
    organizations = [row for row in resources if row.get("resourceType") == "Organization"]
    facility = next((row for row in organizations if not _is_department(row)), None)
    facility = facility or (organizations[0] if organizations else {})
    departments = [row for row in organizations if _is_department(row) and row is not facility]
    practitioner = _practitioner(bundle, resources)
    postal, address = _address(facility)
    return Party(
        facility_name=text_of(facility.get("name")) or narrative.partition("\n")[0],
        institution_number=_institution_number(facility),
        department=_department(facility) or (text_of(departments[0].get("name")) if departments else ""),
        physician=name_in(practitioner, "IDE")
        or name_in(practitioner, "ABC")
        or name_in(practitioner, "SYL"),
        postal_code=postal,
        address=address,
        phone=_telecom(facility, "phone"),
        fax=_telecom(facility, "fax"),
    )


def _institution_number(facility: Resource) -> str:
    for row in items(facility.get("identifier")):
        if text_of(row.get("system")).endswith("/IdSystem/insurance-medical-institution-no"):
            return text_of(row.get("value"))
    return ""


def _practitioner(bundle: Bundle, resources: list[Resource]) -> Resource:
    for row in resources:
        if row.get("resourceType") == "Practitioner":
            return row
        if row.get("resourceType") == "PractitionerRole":
            found = bundle.resolve(row.get("practitioner"), row)
            if found:
                return found
    return {}
