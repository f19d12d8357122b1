"""Reads what a client sends: references to rows here, codes of our systems, instants; each error names the element."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from renkei.accounts.queries import colleague
from renkei.directory.models import Facility
from renkei.directory.queries import facility, facility_by_number
from renkei.fhirkit.bundles import Resource, items, text_of
from renkei.fhirkit.japan import INSTITUTION_NUMBER
from renkei.fhirkit.server.values import ID, read_uuid
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.roles import Role
from renkei.patients.models import Patient
from renkei.patients.queries import one as one_patient
from renkei.referrals import queries
from renkei.referrals.models import Referral

PHYSICIANS = {Role.PHYSICIAN, Role.DENTIST}


def refuse_modifiers(resource: Resource) -> None:
    """What would turn the meaning round and is not understood must not be ignored (FHIR R4, modifierExtension)."""
    kind = text_of(resource.get("resourceType"))
    if resource.get("modifierExtension"):
        raise Invalid("modifier", "modifierExtension には対応していません。", f"{kind}.modifierExtension")
    if resource.get("doNotPerform") is True:
        raise Invalid("modifier", "doNotPerform には対応していません。", f"{kind}.doNotPerform")


def local(reference: Any) -> tuple[str, str]:
    """``(type, id)`` of a Reference object that may be a row here, else two empty strings."""
    target = text_of(reference.get("reference")) if isinstance(reference, dict) else ""
    parts = target.split("/_history/")[0].rstrip("/").split("/")
    if len(parts) < 2 or not ID.fullmatch(parts[-1]):
        return "", ""
    return parts[-2], parts[-1]


def display(reference: Any) -> str:
    """The text beside a reference."""
    return text_of(reference.get("display")).strip() if isinstance(reference, dict) else ""


def patient_of(actor: Actor, reference: Any, element: str) -> Patient:
    """The visible patient. Raises ``Invalid``: a row outside the circle is not told from none."""
    kind, identity = local(reference)
    try:
        if kind != "Patient":
            raise NotFound("", "")
        return one_patient(actor, identity)
    except NotFound:
        raise Invalid(
            "patient_unknown",
            "患者が見つかりません。先に Patient を登録し、Patient/ID の形で参照してください。",
            element,
        ) from None


def referral_of(actor: Actor, reference: Any, element: str) -> Referral:
    """The visible referral of a reference to its ServiceRequest or Task."""
    kind, identity = local(reference)
    try:
        if kind not in ("ServiceRequest", "Task") or read_uuid(identity) is None:
            raise NotFound("", "")
        return queries.one(actor, identity)
    except NotFound:
        raise Invalid(
            "referral_unknown", "紹介が見つかりません。ServiceRequest/ID の形で参照してください。", element
        ) from None


def facility_of(reference: Any, element: str) -> Facility | None:
    """The facility of a reference by id or by its institution number; None where there is only a text."""
    kind, identity = local(reference)
    number = reference.get("identifier") if isinstance(reference, dict) else None
    found = None
    if kind == "Organization":
        try:
            found = facility(identity)
        except NotFound:
            found = None
    elif kind or text_of((reference or {}).get("reference") if isinstance(reference, dict) else None):
        raise Invalid("not_an_organization", "Organization/ID の形で参照してください。", element)
    elif isinstance(number, dict) and number.get("system") == INSTITUTION_NUMBER:
        found = facility_by_number(text_of(number.get("value")))
    else:
        return None
    if found is None:
        raise Invalid("facility_unknown", "この医療機関は名簿にありません。", element)
    return found


def physician_of(actor: Actor, reference: Any, element: str) -> tuple[int, str]:
    """``(person, name)`` of a physician of the actor's own facility; ``(0, "")`` where an organization is named."""
    kind, identity = local(reference)
    if kind in ("", "Organization"):
        house = facility_of(reference, element)
        if house is not None and house.pk != actor.facility_id:
            raise Invalid("foreign_requester", "紹介元は、この接続の施設だけを指定できます。", element)
        return 0, ""
    known = read_uuid(identity) if kind in ("Practitioner", "PractitionerRole") else None
    found = colleague(actor, known) if known else None
    if found is None or not found.role_set() & PHYSICIANS:
        raise Invalid(
            "not_a_physician_here", "紹介元の医師は、この施設に在籍する医師・歯科医師だけです。", element
        )
    return found.person_id, found.person.name


def codes(concept: Any, system: str) -> list[str]:
    """The codes of one system in a CodeableConcept, or in a list of them."""
    return [
        text_of(row.get("code"))
        for each in items(concept)
        for row in items(each.get("coding"))
        if row.get("system") == system and text_of(row.get("code"))
    ]


def words(concept: Any) -> str:
    """The text of a CodeableConcept, or its first display."""
    for each in items(concept):
        shown = [text_of(row.get("display")) for row in items(each.get("coding"))]
        if found := text_of(each.get("text")).strip() or next((s for s in shown if s), ""):
            return found
    return ""


def moment(value: Any, element: str) -> datetime | None:
    """A dateTime with its time of day; without a zone it is Japan's. Raises ``Invalid``."""
    written = text_of(value)
    if not written:
        return None
    try:
        found = datetime.fromisoformat(written)
        if len(written) < 16:
            raise ValueError(written)
    except ValueError:
        raise Invalid(
            "instant_form", "日時は 2026-06-10T10:00:00+09:00 の形で指定してください。", element
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=clock.JST)


def day(value: Any, element: str) -> date | None:
    """The Japanese date of a date or dateTime. Raises ``Invalid``."""
    written = text_of(value)
    if not written:
        return None
    try:
        if len(written) == 10:
            return date.fromisoformat(written)
        return clock.jst_date(moment(written, element) or clock.now())
    except ValueError:
        raise Invalid("date_form", "日付は 2026-06-10 の形で指定してください。", element) from None
