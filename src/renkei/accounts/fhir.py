"""Practitioner and PractitionerRole: the people of the client's own facility. Log-in data never leaves this house."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet

from renkei.accounts.models import Membership, Person
from renkei.directory.permissions import P
from renkei.fhirkit import japan
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import coding, human_names, profile, without_empty
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import any_of, boolean, identifiers, reference, token
from renkei.fhirkit.server.values import Kind, Text
from renkei.gate.actor import Actor
from renkei.kernel import clock, names
from renkei.kernel.roles import Role

ROLES = "http://terminology.hl7.org/CodeSystem/practitioner-role"
OWN_ROLES = "urn:renkei:role"
STANDARD = {Role.PHYSICIAN: "doctor", Role.NURSE: "nurse", Role.PHARMACIST: "pharmacist"}
LICENSED = {Role.PHYSICIAN.value, Role.DENTIST.value}


def in_force() -> Q:
    """Memberships that started and did not end, as of today."""
    today = clock.today()
    return Q(started_on__lte=today) & (Q(ended_on=None) | Q(ended_on__gt=today))


def memberships(actor: Actor) -> QuerySet[Any]:
    """Memberships of the actor's facility, ended ones too."""
    rows = Membership.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.annotate(
        person_uid=F("person__uid"),
        facility_uid=F("facility__uid"),
        department_name=F("department__name"),
        department_code=F("department__code"),
    )


def people(actor: Actor) -> QuerySet[Any]:
    """The people of those memberships, without anything about their log-in."""
    here = Membership.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    rows: QuerySet[Any] = Person.objects.filter(pk__in=here.values("person_id"))
    return rows.only("id", "uid", "name", "kana", "license_number", "is_active")


def prepare(actor: Actor, found: list[Any]) -> None:
    """Whether each works here as a physician, one query for the page."""
    here = Membership.objects.visible_to(actor).filter(
        facility_id=actor.facility_id, person_id__in=[row.pk for row in found]
    )
    roles = dict(here.values_list("person_id", "roles"))
    for row in found:
        row.licensed = bool(LICENSED & set(roles.get(row.pk, [])))


def practitioner(row: Any) -> Resource:
    """JP_Practitioner of a prepared row."""
    licence = {"system": japan.PHYSICIAN_LICENCE, "value": row.license_number}
    return without_empty(
        {
            "identifier": [licence] if row.license_number and row.licensed else [],
            "active": row.is_active,
            "name": human_names(row.name, row.kana),
        }
    )


def role(row: Any) -> Resource:
    """JP_PractitionerRole of a membership."""
    period = without_empty({"start": row.started_on, "end": row.ended_on})
    code = [{"system": japan.DEPARTMENTS, "code": row.department_code}] if row.department_code else []
    department = without_empty({"coding": code, "text": row.department_name})
    return without_empty(
        {
            "active": row.in_force(),
            "period": period,
            "practitioner": {"reference": f"Practitioner/{row.person_uid}"},
            "organization": {"reference": f"Organization/{row.facility_uid}"},
            "code": [_role(Role(word)) for word in row.roles],
            "specialty": [department] if department else [],
            "healthcareService": _service(row.department_id),
        }
    )


def _service(department_id: int | None) -> list[Resource]:
    return [{"reference": f"HealthcareService/department-{department_id}"}] if department_id else []


def _role(word: Role) -> Resource:
    standard = [{"system": ROLES, "code": STANDARD[word]}] if word in STANDARD else []
    own = coding(OWN_ROLES, word.value, word.label)["coding"]
    return {"coding": [*standard, *own], "text": word.label}


def _named(place: int | None, doc: str, name: str) -> Param:
    """Names of colleagues: the whole (None), the family (0) or the given name (1); few rows, so no key is stored."""

    def where(actor: Actor, values: Any) -> Q:
        rows = people(actor).values_list("pk", "name", "kana")
        fitting = [pk for pk, *written in rows if any(_fits(t, v, place) for v in values for t in written)]
        return Q(pk__in=fitting)

    return Param(name=name, kind=Kind.STRING, where=where, doc=doc, modifiers=("exact", "contains"))


def _fits(written: str, wanted: Text, place: int | None) -> bool:
    family, _, given = written.partition(" ")
    parts = [written, family, given] if place is None else [(family, given)[place]]
    return any(_alike(part, wanted) for part in parts if part)


def _alike(part: str, wanted: Text) -> bool:
    if wanted.how == "exact":
        return part == wanted.text
    for fold in (names.kanji_key, names.kana_key):
        key = fold(wanted.text)
        if key and (key in fold(part) if wanted.how == "contains" else fold(part).startswith(key)):
            return True
    return False


def _role_codes() -> dict[str, Any]:
    return {**{r.value: [r.value] for r in Role}, **{code: [r.value] for r, code in STANDARD.items()}}


def _by_role(actor: Actor, values: Any) -> Q:
    known = _role_codes()
    wanted = [known[v.code] for v in values if v.code in known and v.system in (None, ROLES, OWN_ROLES)]
    return any_of(Q(roles__contains=word) for word in wanted)


register(
    Mapping(
        resource_type="Practitioner",
        says="医師・職員",
        doc="この接続の施設で働く人。他の施設の人は紹介状の中にだけ現れます。",
        profile=profile("JP_Practitioner"),
        reads=P.VIEW,
        rows=people,
        prepare=prepare,
        to_fhir=practitioner,
        params=(
            identifiers({japan.PHYSICIAN_LICENCE: lambda value: Q(license_number=value)}, doc="医籍登録番号"),
            _named(None, "氏名またはフリガナ", "name"),
            _named(0, "姓", "family"),
            _named(1, "名", "given"),
            boolean("active", lambda: Q(is_active=True), doc="アカウントが有効か"),
        ),
        sorts=(Sort("name", "kana"),),
    )
)
register(
    Mapping(
        resource_type="PractitionerRole",
        says="所属",
        doc="この接続の施設での所属と役割。",
        profile=profile("JP_PractitionerRole"),
        reads=P.VIEW,
        rows=memberships,
        to_fhir=role,
        params=(
            reference(
                "practitioner",
                "person__uid",
                ("Practitioner",),
                points_to=lambda row: [f"Practitioner/{row.person_uid}"],
                doc="働く人",
            ),
            reference(
                "organization",
                "facility__uid",
                ("Organization",),
                points_to=lambda row: [f"Organization/{row.facility_uid}"],
                doc="施設",
            ),
            boolean("active", in_force, doc="今日の時点で所属しているか"),
            Param(name="role", kind=Kind.TOKEN, where=_by_role, doc="役割"),
            token("specialty", "department__code", system=japan.DEPARTMENTS, doc="診療科コード(SS-MIX2)"),
        ),
    )
)
