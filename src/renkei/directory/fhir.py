"""Organization, Location and HealthcareService: the directory as JP Core writes it. Reference data that every client may read."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from renkei.directory.models import ClosingDay, Department, Facility, folded
from renkei.directory.permissions import P
from renkei.directory.types import FacilityKind
from renkei.fhirkit import japan
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import address, coding, extension, profile, telecom, without_empty
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import (
    NOTHING,
    any_of,
    boolean,
    each,
    identifiers,
    reference,
    text,
    token,
)
from renkei.fhirkit.server.values import Kind, Text, read_uuid
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.identifiers import PREFECTURES
from renkei.kernel.names import bigrams

ORGANIZATION_TYPE = "http://terminology.hl7.org/CodeSystem/organization-type"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PREFIX = "department-"


def facilities(actor: Actor) -> QuerySet[Any]:
    """Every facility, closed ones too, and whether it is suspended (休止) today."""
    rows = Facility.objects.visible_to(actor).defer("search_key", "search_pairs", "access", "email")
    return rows.annotate(suspended=_rests("pk"))


def departments(actor: Actor) -> QuerySet[Any]:
    """Every department with its facility's uid and end."""
    return Department.objects.visible_to(actor).annotate(
        facility_uid=F("facility__uid"),
        closed_on=F("facility__closed_on"),
        number=F("facility__phone"),
        suspended=_rests("facility_id"),
    )


def _rests(key: str) -> Exists:
    day = clock.today()
    rows = ClosingDay.objects.filter(facility_id=OuterRef(key), suspension=True, from_on__lte=day)
    return Exists(rows.filter(Q(until_on=None) | Q(until_on__gte=day)))


def still_open() -> Q:
    """Facilities that are not closed as of today."""
    return Q(closed_on=None) | Q(closed_on__gt=clock.today())


def accepting() -> Q:
    """Departments that take referrals at a facility that is open and not suspended."""
    house = Q(facility__closed_on=None) | Q(facility__closed_on__gt=clock.today())
    return Q(accepts_referrals=True) & house & ~Q(_rests("facility_id"))


def _open(row: Any) -> bool:
    return row.closed_on is None or row.closed_on > clock.today()


def _status(row: Any) -> str:
    """R4 location-status; ``suspended`` is temporarily closed (休止), the Organization stays active."""
    if not _open(row):
        return "inactive"
    return "suspended" if row.suspended else "active"


def _version(row: Any) -> str:
    """Another one while suspended: what is told of the place changes by the day alone."""
    return f"{row.version}.s" if row.suspended else str(row.version)


def _identifiers(row: Any) -> list[Resource]:
    number = row.institution_number
    return [{"system": japan.INSTITUTION_NUMBER, "value": number}] if number else []


def _extensions(number: str | None) -> list[Resource]:
    """Prefecture, fee table and seven-digit code, which the ten digits are made of (standards 3.4)."""
    if not number:
        return []
    prefecture: Resource = {"system": japan.PREFECTURES, "code": number[:2]}
    if 1 <= int(number[:2]) <= len(PREFECTURES):
        prefecture["display"] = PREFECTURES[int(number[:2]) - 1]
    return [
        {"url": extension("JP_Organization_PrefectureNo"), "valueCoding": prefecture},
        {
            "url": extension("JP_Organization_InsuranceOrganizationCategory"),
            "valueCoding": {"system": japan.FEE_TABLES, "code": number[2]},
        },
        {
            "url": extension("JP_Organization_InsuranceOrganizationNo"),
            "valueIdentifier": {"system": japan.INSTITUTION_CODE, "value": number[3:]},
        },
    ]


def organization(row: Any) -> Resource:
    """JP_Organization of a facility."""
    kind = {**coding(ORGANIZATION_TYPE, "prov"), "text": FacilityKind(row.kind).label}
    return without_empty(
        {
            "extension": _extensions(row.institution_number),
            "identifier": _identifiers(row),
            "active": _open(row),
            "type": [kind],
            "name": row.name,
            "alias": [row.kana] if row.kana else [],
            "telecom": telecom(phone=row.phone, fax=row.fax),
            "address": address(row.postal_code, row.address),
        }
    )


def location(row: Any) -> Resource:
    """JP_Location: where the facility is and when it is open."""
    place = address(row.postal_code, row.address)
    found = {
        "identifier": _identifiers(row),
        "status": _status(row),
        "name": row.name,
        "mode": "instance",
        "telecom": telecom(phone=row.phone, fax=row.fax),
        "address": place[0] if place else None,
        "managingOrganization": {"reference": f"Organization/{row.uid}"},
        "hoursOfOperation": _hours(row.hours),
    }
    if row.latitude is not None and row.longitude is not None:
        found["position"] = {"longitude": row.longitude, "latitude": row.latitude}
    return without_empty(found)


def _hours(lines: Any) -> list[Resource]:
    """Spans by weekday; holidays (7) have no place in this element."""
    spans: dict[tuple[str, str], list[str]] = {}
    for line in lines if isinstance(lines, list) else []:
        if 0 <= line["weekday"] < len(WEEKDAYS):
            spans.setdefault((line["opens"], line["closes"]), []).append(WEEKDAYS[line["weekday"]])
    return [
        {"daysOfWeek": days, "openingTime": f"{opens}:00", "closingTime": f"{closes}:00"}
        for (opens, closes), days in sorted(spans.items())
    ]


def service(row: Any) -> Resource:
    """A department that patients are referred to (診療科)."""
    department = {"coding": [{"system": japan.DEPARTMENTS, "code": row.code}], "text": row.name}
    return without_empty(
        {
            "active": _open(row) and not row.suspended and row.accepts_referrals,
            "providedBy": {"reference": f"Organization/{row.facility_uid}"},
            "location": [{"reference": f"Location/{row.facility_uid}"}],
            "specialty": [department if row.code else {"text": row.name}],
            "name": row.name,
            "extraDetails": row.place,
            "telecom": telecom(phone=row.number),
        }
    )


def _named(actor: Actor, value: Text) -> Q:
    """Folded name or kana; the pairs narrow by their index, the key decides."""
    if value.how == "exact":
        return Q(name=value.text) | Q(kana=value.text)
    key = folded(value.text)
    if not key:
        return NOTHING
    found = Q(search_key__contains=key)
    if value.how == "":
        found = Q(search_key__startswith=key) | Q(search_key__contains=f" {key}")
    pairs = bigrams(key)
    return found & Q(search_pairs__contains=pairs) if pairs else found


def _department_id(text_: str) -> int | None:
    found = re.fullmatch(rf"{PREFIX}([1-9][0-9]{{0,17}})", text_)
    return int(found[1]) if found else None


NAME = Param(
    name="name",
    kind=Kind.STRING,
    where=each(_named),
    doc="名称またはカナ(ひらがな・カタカナを同じとみなします)",
    modifiers=("exact", "contains"),
)
NUMBER = identifiers(
    {japan.INSTITUTION_NUMBER: lambda value: Q(institution_number=value)}, doc="保険医療機関番号10桁"
)
PREFECTURE = Param(
    name="jp-prefectureno",
    kind=Kind.TOKEN,
    where=lambda actor, values: any_of(
        Q(institution_number__startswith=v.code) for v in values if re.fullmatch(r"[0-4][0-9]", v.code)
    ),
    doc="都道府県番号2桁",
    definition="http://jpfhir.jp/fhir/core/SearchParameter/JP_Organization_PrefectureNo_SP",
)
PLACE = (text("address", "address", doc="住所"), text("address-postalcode", "postal_code", doc="郵便番号"))

register(
    Mapping(
        resource_type="Organization",
        says="医療機関",
        doc="名簿の施設。閉じた施設も active: false として返します。",
        profile=profile("JP_Organization"),
        reads=P.VIEW,
        rows=facilities,
        to_fhir=organization,
        version=lambda row: str(row.version),
        params=(
            NUMBER,
            NAME,
            *PLACE,
            PREFECTURE,
            boolean("active", still_open, doc="開いている施設か"),
        ),
        sorts=(Sort("name", "kana"),),
    )
)
register(
    Mapping(
        resource_type="Location",
        says="施設の場所",
        doc="施設の所在地と診療時間。休止中は status: suspended。ID は Organization と同じです。",
        profile=profile("JP_Location"),
        reads=P.VIEW,
        rows=facilities,
        to_fhir=location,
        version=_version,
        params=(
            NUMBER,
            NAME,
            *PLACE,
            reference(
                "organization",
                "uid",
                ("Organization",),
                points_to=lambda row: [f"Organization/{row.uid}"],
                doc="施設",
            ),
        ),
        sorts=(Sort("name", "kana"),),
    )
)
register(
    Mapping(
        resource_type="HealthcareService",
        says="診療科",
        doc="紹介を受ける診療科・部署。",
        reads=P.VIEW,
        rows=departments,
        key="pk",
        read_id=_department_id,
        identity=lambda row: f"{PREFIX}{row.pk}",
        to_fhir=service,
        params=(
            text("name", "name", "kana", doc="診療科名またはカナ"),
            token("specialty", "code", system=japan.DEPARTMENTS, doc="診療科コード(SS-MIX2)"),
            boolean("active", accepting, doc="紹介を受けているか"),
            reference(
                "organization",
                "facility__uid",
                ("Organization",),
                points_to=lambda row: [f"Organization/{row.facility_uid}"],
                read_id=read_uuid,
                doc="施設",
            ),
            reference(
                "location",
                "facility__uid",
                ("Location",),
                points_to=lambda row: [f"Location/{row.facility_uid}"],
                doc="場所",
            ),
        ),
        sorts=(Sort("name", "name"),),
    )
)
