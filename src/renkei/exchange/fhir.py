"""Bundle and Composition: letters as 電子診療情報提供書 (JP-CLINS); a document that is sent in becomes a received referral."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Q

from renkei.clients.scopes import register_scope
from renkei.exchange import actions, queries
from renkei.exchange.formats.clins import codes, markup
from renkei.exchange.formats.clins.sections import BY_CODE, SECTION_SYSTEM, SECTIONS
from renkei.exchange.permissions import P
from renkei.exchange.registry import DEFAULT, format_named
from renkei.fhirkit.bundles import Resource, text_of
from renkei.fhirkit.documents import text_div
from renkei.fhirkit.japan import coding, without_empty
from renkei.fhirkit.server.histories import one_version
from renkei.fhirkit.server.mapping import Mapping, Param, Postponed, Sort, register
from renkei.fhirkit.server.params import identifiers, instant, reference
from renkei.fhirkit.server.resources import to_json
from renkei.files.store import fetch
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid
from renkei.patients.permissions import P as Patients
from renkei.referrals.fhir.queries import final_letters, letter_files, newest_letter, sender_name
from renkei.referrals.models import ReferralLetter
from renkei.referrals.permissions import P as Referrals
from renkei.referrals.printing import document as printed_document

LABEL = "診療情報提供書の文書"
NUMBER = "urn:renkei:referral-number"
register_scope("Bundle", "r", Referrals.VIEW, P.EXPORT, label=LABEL)
register_scope(
    "Bundle",
    "c",
    Referrals.VIEW,
    Referrals.RECEIVE,
    P.IMPORT,
    P.EXPORT,
    Patients.REGISTER,
    Patients.VIEW,
    label=LABEL,
)
register_scope("Composition", "rs", Referrals.VIEW, label="診療情報提供書の構成")


def with_bundle(actor: Actor, found: list[Any]) -> None:
    """``bundle``: the document as it came, or as it goes out. Raises ``Invalid`` for what a letter lacks."""
    for row in found:
        row.bundle = orjson.loads(_bytes(actor, row))


def _bytes(actor: Actor, row: Any) -> bytes:
    imported = queries.of_referral(actor, row.referral) if row.original_sha256 else None
    if imported is not None and imported.format == DEFAULT:
        return bytes(fetch(actor, imported.file_uid).content)
    letter = printed_document(row.referral, row)
    return format_named(DEFAULT).build(letter, attachments=letter_files(actor, row))


@dataclass(frozen=True)
class DocumentCommand:
    """The bytes of a document as they came, and a name for the file."""

    raw: bytes
    name: str


def from_fhir(resource: Resource) -> DocumentCommand:
    """A document inside a transaction: its bytes are written anew."""
    return _command(resource, to_json(resource))


def from_bytes(raw: bytes) -> DocumentCommand:
    """A document by itself is kept byte for byte."""
    return _command(orjson.loads(raw), raw)


def _command(resource: Resource, raw: bytes) -> DocumentCommand:
    if text_of(resource.get("type")) != "document":
        raise Invalid(
            "not_a_document",
            "type は document です。transaction と batch はベース(/fhir)へ送ってください。",
            "Bundle.type",
        )
    told = resource.get("identifier")
    number = text_of(told.get("value")) if isinstance(told, dict) else ""
    return DocumentCommand(raw, f"{number or '受信文書'}.json")


def take_in(actor: Actor, command: DocumentCommand) -> ReferralLetter | Postponed:
    """The received referral's letter. Where a person must decide (who is the patient), it waits on the page of imports.

    Raises what the page tells: known, or invalid at an element.
    """
    try:
        with transaction.atomic():
            made = actions.import_document(actor, command.raw, command.name)
    except actions.Undecided as open_questions:
        actions.keep_waiting(actor, command.raw, command.name, questions=open_questions.questions)
        return Postponed(
            f"確認待ちに保存しました。画面の「文書の取り込み」で確認してください。{open_questions.message_ja}"
        )
    return newest_letter(actor, made.referral)


ELEMENTS = {"file": "Bundle", "birth_on": "Patient.birthDate"}


def composition(row: Any) -> Resource:
    """Composition of a final version: the parts of 様式11 under the section codes of JP-CLINS, as text."""
    before = {"code": "replaces", "targetReference": {"reference": f"Composition/{row.before_uid}"}}
    name = sender_name(row)
    house = {"reference": f"Organization/{row.sender_uid}", "display": name}
    return without_empty(
        {
            "identifier": {"system": NUMBER, "value": row.referral_number},
            "status": "amended" if row.before_uid else "final",
            "type": coding(codes.DOC_TYPES, codes.REFERRAL_TYPE, codes.REFERRAL_TITLE),
            "subject": {"reference": f"Patient/{row.patient_uid}"},
            "date": row.finalised_at,
            "author": [{**house, "display": f"{name} {row.finalised_by}"}],
            "title": codes.REFERRAL_TITLE,
            "custodian": house,
            "relatesTo": [before] if row.before_uid else [],
            "section": _sections(row),
        }
    )


def _sections(row: Any) -> list[Resource]:
    content = row.read_content()
    found, seen = [], set()
    for spec in SECTIONS:
        if not spec.field or spec.field in seen or (spec.field == "treatment" and spec.code != "330"):
            continue
        seen.add(spec.field)
        value = getattr(content, spec.field)
        if spec.field == "diagnoses":
            div = markup.diagnoses_div(value)
        elif spec.field == "prescriptions":
            div = markup.prescriptions_div(value, content.prescription_text)
        else:
            div = text_div(value) if value.strip() else markup.NOTHING_DIV
        if not markup.is_nothing(div):
            found.append(_section(spec.code, BY_CODE[spec.code].title, div))
    return found + [
        _section(s.code, s.title, text_div(s.text)) for s in content.extra_sections if s.text.strip()
    ]


def _section(code: str, title: str, div: str) -> Resource:
    known = (
        [{"system": SECTION_SYSTEM, "code": code, "display": BY_CODE[code].display}]
        if code in BY_CODE
        else []
    )
    return without_empty(
        {
            "title": title or code,
            "code": without_empty({"coding": known, "text": title or code}),
            "text": {"status": "additional", "div": div},
        }
    )


def _patient(name: str) -> Param:
    return reference(
        name,
        "referral__patient__uid",
        ("Patient",),
        points_to=lambda row: [f"Patient/{row.patient_uid}"],
        doc="患者(紹介元の行)",
    )


register(
    Mapping(
        resource_type="Bundle",
        says=LABEL,
        doc="GET は確定した紹介状の版を JP-CLINS の文書で返します(ID は DocumentReference と同じ。文書で届いたものは原本)。"
        "POST は文書を取り込み、受付デスクに紹介を作ります。",
        supported_profiles=(codes.BUNDLE_PROFILE,),
        reads=P.EXPORT,
        rows=final_letters,
        prepare=with_bundle,
        to_fhir=lambda row: row.bundle,
        version=lambda row: str(row.version),
        updated="finalised_at",
        searchable=False,
        from_fhir=from_fhir,
        from_bytes=from_bytes,
        create=take_in,
        elements=ELEMENTS,
    )
)
register(
    Mapping(
        resource_type="Composition",
        says="診療情報提供書の構成",
        doc="確定した紹介状の版の本文。元の文書は同じ ID の Bundle で読みます。",
        reads=Referrals.VIEW,
        rows=final_letters,
        to_fhir=composition,
        version=lambda row: str(row.version),
        updated="finalised_at",
        history=one_version("Composition"),
        params=(
            identifiers({NUMBER: lambda value: Q(referral__number=value)}, doc="紹介番号"),
            _patient("patient"),
            _patient("subject"),
            instant("date", "finalised_at", doc="確定した日時"),
        ),
        sorts=(Sort("date", "finalised_at"),),
        default_sort="-date",
    )
)
