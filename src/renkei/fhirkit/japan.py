"""Datatypes as JP Core writes them: names in kanji and kana, addresses, telephones, and the exact URIs (FHIR R4)."""

from __future__ import annotations

from typing import Any

from renkei.fhirkit.bundles import Resource, items, text_of

CORE = "http://jpfhir.jp/fhir/core"
NAME_REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
KANJI, KANA = "IDE", "SYL"
INSTITUTION_NUMBER = f"{CORE}/IdSystem/insurance-medical-institution-no"
INSTITUTION_CODE = f"{CORE}/mhlw/IdSystem/MedicalOrganizationID"
INSTANCE_ID = f"{CORE}/IdSystem/resourceInstance-identifier"
LOCAL_PATIENT = "urn:oid:1.2.392.100495.20.3.51.1"
"""Followed by the ten digits of the institution: the system of its patient numbers."""
MEMBER_ID = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
NO_MEMBER_ID = "00000000:::"
PHYSICIAN_LICENCE = f"{CORE}/mhlw/IdSystem/medicalRegistrationNumber"
PREFECTURES = f"{CORE}/mhlw/CodeSystem/PrefectureNo-2digits"
FEE_TABLES = f"{CORE}/mhlw/CodeSystem/MedicationFeeScoreType"
DEPARTMENTS = "http://jami.jp/SS-MIX2/CodeSystem/ClinicalDepartment"


def profile(name: str) -> str:
    """The canonical URL of a JP Core profile."""
    return f"{CORE}/StructureDefinition/{name}"


def extension(name: str) -> str:
    """The URL of a JP Core extension."""
    return f"{CORE}/Extension/StructureDefinition/{name}"


def human_names(kanji: str, kana: str = "") -> list[Resource]:
    """``氏名`` and ``フリガナ`` as two HumanNames; family and given where a space parts them."""
    rows = [(kanji, KANJI), (kana, KANA)]
    return [_human_name(text, mark) for text, mark in rows if text]


def _human_name(text: str, mark: str) -> Resource:
    family, _, given = text.partition(" ")
    name: Resource = {
        "extension": [{"url": NAME_REPRESENTATION, "valueCode": mark}],
        "use": "usual",
        "text": text,
        "family": family,
    }
    if given:
        name["given"] = given.split(" ")
    return name


def name_of(resource: Resource, mark: str) -> str:
    """The name in kanji or kana, family and given parted by one space; an unmarked one counts as kanji."""
    unmarked = ""
    for name in items(resource.get("name")):
        marks = [
            text_of(e.get("valueCode"))
            for e in items(name.get("extension"))
            if e.get("url") == NAME_REPRESENTATION
        ]
        if mark in marks:
            return _written(name)
        if not marks and not unmarked:
            unmarked = _written(name)
    return unmarked if mark == KANJI else ""


def _written(name: Resource) -> str:
    given = name.get("given")
    parts = [text_of(name.get("family")), *(text_of(g) for g in (given if isinstance(given, list) else []))]
    whole = " ".join(part.strip() for part in parts if part.strip())
    return whole if whole and parts[0] and len(parts) > 1 else text_of(name.get("text")).strip() or whole


def address(postal_code: str, text: str) -> list[Resource]:
    """One address of 〒 and a line."""
    if not (postal_code or text):
        return []
    found: Resource = {"text": text} if text else {}
    if postal_code:
        found["postalCode"] = postal_code
    return [{**found, "country": "JP"}]


def address_of(resource: Resource) -> tuple[str, str]:
    """``(postal code, address in one line)`` of the first address that did not end."""
    for row in items(resource.get("address")):
        if row.get("use") == "old":
            continue
        lines = row.get("line")
        parts = [text_of(row.get("state")), text_of(row.get("city"))]
        parts += [text_of(line) for line in (lines if isinstance(lines, list) else [])]
        return text_of(row.get("postalCode")), text_of(row.get("text")) or "".join(parts)
    return "", ""


def telecom(**numbers: str) -> list[Resource]:
    """``telecom(phone="…", fax="…")`` without the empty ones."""
    return [{"system": system, "value": value} for system, value in numbers.items() if value]


def telecom_of(resource: Resource, system: str) -> str:
    """The first value of a system that did not end."""
    for row in items(resource.get("telecom")):
        if row.get("system") == system and row.get("use") != "old":
            return text_of(row.get("value"))
    return ""


def coding(system: str, code: str, display: str = "") -> Resource:
    """A CodeableConcept with one coding."""
    row = {"system": system, "code": code}
    return {"coding": [{**row, "display": display} if display else row]}


def without_empty(resource: dict[str, Any]) -> Resource:
    """Elements that hold nothing are left out: FHIR knows no empty value."""
    return {key: value for key, value in resource.items() if value or value is False or value == 0}
