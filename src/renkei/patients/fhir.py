"""Patient of JP Core: one row per facility that knows the person, as that facility wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat

from renkei.clients.scopes import register_scope
from renkei.directory.queries import facility_identity
from renkei.fhirkit.bundles import Resource, items, text_of
from renkei.fhirkit.japan import (
    INSTANCE_ID,
    KANA,
    KANJI,
    LOCAL_PATIENT,
    MEMBER_ID,
    NO_MEMBER_ID,
    address,
    address_of,
    human_names,
    name_of,
    profile,
    telecom,
    telecom_of,
    without_empty,
)
from renkei.fhirkit.server.mapping import Mapping, Param, Sort, register
from renkei.fhirkit.server.params import any_of, boolean, day, reference, text, token
from renkei.fhirkit.server.values import Kind, Token, read_uuid
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import parse_member_id
from renkei.patients import actions, naming
from renkei.patients.models import InsuredNumber, Patient, Sex
from renkei.patients.permissions import P

LABEL = "患者の基本情報"
register_scope("Patient", "rs", P.VIEW, label=LABEL)
register_scope("Patient", "cu", P.REGISTER, P.VIEW, label=LABEL)


@dataclass(frozen=True)
class PatientCommand:
    """What a Patient resource says, as the module's actions take it."""

    details: dict[str, Any]
    local_numbers: tuple[tuple[str, str], ...] = ()
    member_id: str = ""
    member_from: date | None = None
    deceased_on: date | None = None
    organization: str = ""
    member_place: str = field(default="Patient.identifier")


def rows(actor: Actor) -> QuerySet[Any]:
    """Visible patients with what a resource needs of their facility, and the insured number in force as ``key|number``.

    The number is read beside its patient, who has passed the gate; the database asks again for it.
    """
    numbers = InsuredNumber._base_manager.filter(patient_id=OuterRef("pk"), valid_until=None).order_by("-pk")
    told = Concat(Cast("pk", TextField()), Value("|"), "member_id", output_field=TextField())
    found = Patient.objects.visible_to(actor).annotate(
        facility_uid=F("facility__uid"),
        institution_number=F("facility__institution_number"),
        insured=Subquery(numbers.values(told=told)[:1]),
    )
    return found.defer("bigrams", "phone_digits", "kanji_key")


def version(row: Any) -> str:
    """The row's version and the insured number it is shown with: either of them changes the resource."""
    return f"{row.version}.{row.insured.partition('|')[0]}" if row.insured else str(row.version)


def to_fhir(row: Any) -> Resource:
    """JP_Patient of a row of :func:`rows`."""
    return without_empty(
        {
            "identifier": _identifiers(row),
            "active": True,
            "name": human_names(row.name, row.kana),
            "telecom": telecom(phone=row.phone),
            "gender": row.sex,
            "birthDate": row.birth_on,
            "deceasedDateTime": row.deceased_on,
            "address": address(row.postal_code, row.address),
            "managingOrganization": {"reference": f"Organization/{row.facility_uid}"},
        }
    )


def _identifiers(row: Any) -> list[Resource]:
    found: list[Resource] = []
    if row.local_number and row.institution_number:
        found.append({"system": f"{LOCAL_PATIENT}{row.institution_number}", "value": row.local_number})
    if row.insured:
        found.append({"system": MEMBER_ID, "value": row.insured.partition("|")[2]})
    found.append({"system": INSTANCE_ID, "value": str(row.uid)})
    return found


def from_fhir(resource: Resource) -> PatientCommand:
    """Plain values of a Patient. Raises ``Invalid`` naming the element."""
    if resource.get("modifierExtension"):
        raise Invalid("modifier", "modifierExtension には対応していません。", "Patient.modifierExtension")
    if resource.get("active") is False:
        raise Invalid("inactive", "無効(active: false)の患者は登録できません。", "Patient.active")
    birth_on = _day(resource.get("birthDate"), "Patient.birthDate")
    if birth_on is None:
        raise Invalid("birth_missing", "生年月日(birthDate)が必要です。", "Patient.birthDate")
    postal, line = address_of(resource)
    locals_, member, since, place = _numbers(resource)
    details = {
        "name": name_of(resource, KANJI) or name_of(resource, KANA),
        "kana": name_of(resource, KANA),
        "birth_on": birth_on,
        "sex": text_of(resource.get("gender")) or Sex.UNKNOWN,
        "postal_code": postal,
        "address": line,
        "phone": telecom_of(resource, "phone"),
    }
    organization = resource.get("managingOrganization")
    return PatientCommand(
        details=details,
        local_numbers=locals_,
        member_id=member,
        member_from=since,
        member_place=place,
        deceased_on=_deceased(resource),
        organization=text_of(organization.get("reference")) if isinstance(organization, dict) else "",
    )


def _day(value: Any, element: str) -> date | None:
    written = text_of(value)
    if not written:
        return None
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", written):
            raise ValueError(written)
        return date.fromisoformat(written[:10])
    except ValueError:
        raise Invalid("date_form", "日付は 1950-04-01 のように年月日まで必要です。", element) from None


def _deceased(resource: Resource) -> date | None:
    if resource.get("deceasedBoolean") is True:
        raise Invalid(
            "deceased_date", "死亡は日付(deceasedDateTime)で知らせてください。", "Patient.deceasedBoolean"
        )
    return _day(resource.get("deceasedDateTime"), "Patient.deceasedDateTime")


def _numbers(resource: Resource) -> tuple[tuple[tuple[str, str], ...], str, date | None, str]:
    """Local numbers by system, and the insured number with its first day and its place."""
    locals_: list[tuple[str, str]] = []
    member, since, place = "", None, "Patient.identifier"
    for index, row in enumerate(items(resource.get("identifier"))):
        system, value = text_of(row.get("system")), text_of(row.get("value"))
        if system.startswith(LOCAL_PATIENT):
            locals_.append((system.removeprefix(LOCAL_PATIENT), value))
        elif system == MEMBER_ID and value not in ("", NO_MEMBER_ID):
            place = f"Patient.identifier[{index}].value"
            member = str(parse_member_id(value, place))
            period = row.get("period")
            start = period.get("start") if isinstance(period, dict) else None
            since = _day(start, f"Patient.identifier[{index}].period.start")
    return tuple(locals_), member, since, place


def _details(actor: Actor, command: PatientCommand) -> dict[str, Any]:
    """The details for the actor's own facility; numbers of other houses are not ours to keep."""
    house, number = ("", "")
    if command.local_numbers or command.organization:
        house, number = facility_identity(actor.facility_id)
    own = [value for institution, value in command.local_numbers if institution == number]
    if command.local_numbers and not own:
        raise Invalid(
            "foreign_number",
            "患者番号の system が、この接続の施設のものではありません。",
            "Patient.identifier",
        )
    wanted = command.organization.split("/_history/")[0].rpartition("/")[2]
    if wanted and wanted != house:
        raise Invalid(
            "foreign_organization",
            "managingOrganization は、この接続の施設だけを指定できます。",
            "Patient.managingOrganization",
        )
    return {**command.details, "local_number": own[0] if own else ""}


def create(actor: Actor, command: PatientCommand) -> Patient:
    """Register by the same action as the page."""
    if command.deceased_on is not None:
        raise Invalid(
            "deceased_new", "死亡した患者は、画面から登録してください。", "Patient.deceasedDateTime"
        )
    row = actions.register(actor, **_details(actor, command))
    return _with_number(actor, row, command)


def update(actor: Actor, row: Patient, command: PatientCommand) -> Patient:
    """Change by the same action as the page; what the resource does not carry (occupation) stays."""
    if command.deceased_on != row.deceased_on:
        raise Invalid("deceased_kept", "死亡日はこの API では変更できません。", "Patient.deceasedDateTime")
    return _with_number(actor, actions.change(actor, row, **_details(actor, command)), command)


def _with_number(actor: Actor, row: Patient, command: PatientCommand) -> Patient:
    if not command.member_id:
        return row
    current = InsuredNumber.objects.visible_to(actor).filter(patient=row, valid_until=None)
    if current.filter(member_id=command.member_id).exists():
        return row
    found = parse_member_id(command.member_id, command.member_place)
    actions.add_insured_number(
        actor,
        row,
        insurer=found.insurer,
        symbol=found.symbol,
        number=found.number,
        branch=found.branch,
        valid_from=command.member_from or clock.today(),
    )
    return row


def _by_identifier(actor: Actor, values: Sequence[Token]) -> Q:
    return any_of(part for value in values if value.code for part in _identified(actor, value))


def _identified(actor: Actor, value: Token) -> list[Q]:
    found = []
    if value.system is None:
        found.append(_numbered(value.code))
    elif value.system.startswith(LOCAL_PATIENT):
        institution = value.system.removeprefix(LOCAL_PATIENT)
        found.append(_numbered(value.code) & Q(facility__institution_number=institution))
    if value.fits(MEMBER_ID) and _is_member_id(value.code):
        numbers = InsuredNumber.objects.visible_to(actor).filter(member_id=value.code, valid_until=None)
        found.append(Q(pk__in=numbers.values("patient_id")))
    if value.fits(INSTANCE_ID) and (uid := read_uuid(value.code)):
        found.append(Q(uid=uid))
    return found


def _numbered(number: str) -> Q:
    """Rows of this number, by the index of those that have one."""
    return Q(local_number=number, local_number__said=True)


def _is_member_id(code: str) -> bool:
    """What cannot be an insured number need not be looked for among them."""
    try:
        parse_member_id(code, "identifier")
    except Invalid:
        return False
    return True


def _by_phone(actor: Actor, values: Sequence[Token]) -> Q:
    numbers = {re.sub(r"\D", "", v.code) for v in values if v.system in (None, "phone")}
    return (
        Q(phone_digits__in=sorted(numbers - {""}), phone_digits__said=True)
        if numbers - {""}
        else Q(pk__in=[])
    )


def _name(name: str, part: str, doc: str) -> Param:
    return Param(
        name=name,
        kind=Kind.STRING,
        where=lambda actor, values: any_of(naming.where(actor, part, v.text, v.how) for v in values),
        doc=doc,
        modifiers=("exact", "contains"),
    )


MAPPING = register(
    Mapping(
        resource_type="Patient",
        says="患者",
        doc="施設ごとの患者。過去の版は監査証跡に残り、API では最新の版だけを返します。",
        profile=profile("JP_Patient"),
        reads=P.VIEW,
        rows=rows,
        to_fhir=to_fhir,
        version=version,
        updated="updated_at",
        params=(
            Param(
                name="identifier",
                kind=Kind.TOKEN,
                where=_by_identifier,
                doc="患者番号、被保険者個人識別子(今のもの)、リソースの識別子",
            ),
            _name("name", "name", "氏名またはフリガナ(ひらがな・カタカナ・異体字を同じとみなします)"),
            _name("family", "family", "姓"),
            _name("given", "given", "名"),
            day("birthdate", "birth_on", doc="生年月日"),
            token("gender", "sex", system="http://hl7.org/fhir/administrative-gender", doc="性別"),
            Param(name="phone", kind=Kind.TOKEN, where=_by_phone, doc="電話番号(数字だけで比べます)"),
            text("address", "address", doc="住所"),
            text("address-postalcode", "postal_code", doc="郵便番号"),
            boolean("deceased", lambda: Q(deceased_on__isnull=False), doc="死亡しているか"),
            reference(
                "organization",
                "facility__uid",
                ("Organization",),
                points_to=lambda row: [f"Organization/{row.facility_uid}"],
                doc="登録した施設",
            ),
        ),
        sorts=(Sort("name", "kana_key"), Sort("birthdate", "birth_on")),
        from_fhir=from_fhir,
        create=create,
        in_one_piece=True,
        update=update,
        elements={
            "name": "Patient.name",
            "kana": "Patient.name",
            "birth_on": "Patient.birthDate",
            "sex": "Patient.gender",
            "postal_code": "Patient.address.postalCode",
            "address": "Patient.address",
            "phone": "Patient.telecom",
            "local_number": "Patient.identifier",
            "number": "Patient.identifier",
            "valid_from": "Patient.identifier.period.start",
        },
    )
)
