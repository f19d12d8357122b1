"""What JP-CLINS asks of a letter before it can go out: characters, mandatory values, stand-ins.

Source: JP-CLINS 1.5.2 constraints R1010 to R1113 and its change history; notes on what no validator sees.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime

from jaconv import h2z

from renkei.exchange.formats.clins import codes
from renkei.exchange.formats.clins.sections import FREE_CHILDREN, title_of
from renkei.fhirkit.documents import clean
from renkei.kernel.clock import JST
from renkei.kernel.errors import Invalid
from renkei.referrals.types import (
    Diagnosis,
    LetterContent,
    LetterDocument,
    Party,
    PatientCard,
    Prescription,
    Section,
)

_UID = re.compile(r"^[A-Za-z0-9-]{1,36}$")
_INSTITUTION = re.compile(r"^[0-4][0-9][1-3][0-9]{7}$")
_MEMBER = re.compile(r"^[0-9]{8}:[^:\s]*:[^:\s]*:([0-9]{2})?$")
_PUBLIC_PAYER = re.compile(r"^[0-9]{8}::[^:\s]{7}:$")
_DATE = re.compile(r"^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")
_DATE_TIME = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_CODE = re.compile(r"^\S+( \S+)*$")
_SEXES = ("male", "female", "other", "unknown")


def is_institution_number(value: str) -> bool:
    """Whether ``value`` is a 10-digit 保険医療機関番号 (prefecture 2, fee table 1, code 7)."""
    return bool(_INSTITUTION.match(value))


def is_member_id(value: str) -> bool:
    """Whether ``value`` has the form 保険者番号:記号:番号:枝番 (R1013)."""
    return bool(_MEMBER.match(value))


def is_public_payer_id(value: str) -> bool:
    """Whether ``value`` has the form of a 生活保護 recipient (1.10)."""
    return bool(_PUBLIC_PAYER.match(value))


def is_date(value: str) -> bool:
    """Whether ``value`` is a FHIR date (year, month or day precise)."""
    if not _DATE.match(value):
        return False
    try:
        date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        return False
    return True


def is_code(value: str) -> bool:
    """Whether ``value`` can stand as a FHIR code."""
    return bool(_CODE.match(value))


def tidy_name(text: str) -> str:
    """A name by R1113: parted by one half-width space, kana full-width, no control characters."""
    return " ".join(h2z(clean(text)).split())


def _tidy_word(text: str) -> str:
    """A display text: kana full-width, no full-width space, one line."""
    return " ".join(h2z(clean(text)).split())


def as_sent(document: LetterDocument) -> LetterDocument:
    """The document after the character rules of JP-CLINS: what a receiver gets.

    Names, 傷病名 and drug names lose full-width spaces and half-width kana; everywhere line ends become ``\\n`` and
    control characters go; a time of issue without zone is Japanese time. Nothing else changes; applying it twice is
    applying it once.
    """
    return replace(
        document,
        uid=clean(document.uid).strip(),
        number=clean(document.number),
        issued_at=_issued_at(document.issued_at),
        sender=_party(document.sender),
        receiver=_party(document.receiver),
        patient=_patient(document.patient),
        content=_content(document.content),
        kind_title=clean(document.kind_title) or codes.REFERRAL_TITLE,
        entered_by=tidy_name(document.entered_by),
    )


def _issued_at(value: str) -> str:
    if is_date(value):
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise Invalid(
            "clins.issued_at", f"発行日時の書き方が正しくありません: {value or '（空）'}", "issued_at"
        ) from None
    if instant.tzinfo and _DATE_TIME.match(value):
        return value
    return (instant if instant.tzinfo else instant.replace(tzinfo=JST)).isoformat()


def _party(party: Party) -> Party:
    return Party(
        facility_name=_tidy_word(party.facility_name),
        institution_number=clean(party.institution_number).strip(),
        department=_tidy_word(party.department),
        physician=tidy_name(party.physician),
        postal_code=clean(party.postal_code),
        address=clean(party.address),
        phone=clean(party.phone),
        fax=clean(party.fax),
    )


def _patient(card: PatientCard) -> PatientCard:
    return PatientCard(
        name=tidy_name(card.name),
        kana=tidy_name(card.kana),
        birth_on=card.birth_on,
        sex=card.sex if card.sex in _SEXES else "unknown",
        postal_code=clean(card.postal_code),
        address=clean(card.address),
        phone=clean(card.phone),
        occupation=clean(card.occupation),
        local_number=clean(card.local_number),
        insured_number="" if card.insured_number == codes.NO_MEMBER_ID else clean(card.insured_number),
    )


def _content(content: LetterContent) -> LetterContent:
    return replace(
        content,
        diagnoses=tuple(_diagnosis(row) for row in content.diagnoses),
        prescriptions=tuple(_prescription(row) for row in content.prescriptions),
        extra_sections=_sections(content.extra_sections),
        **{
            name: clean(getattr(content, name))
            for name in (
                "purpose past_history family_history allergies course results treatment prescription_text remarks"
            ).split()
        },
    )


def _diagnosis(row: Diagnosis) -> Diagnosis:
    return Diagnosis(
        _tidy_word(row.text),
        clean(row.code),
        clean(row.code_system),
        clean(row.icd10),
        clean(row.onset_on),
        row.suspected,
    )


def _prescription(row: Prescription) -> Prescription:
    return Prescription(
        _tidy_word(row.name),
        clean(row.usage),
        clean(row.amount),
        clean(row.code),
        clean(row.code_system),
    )


def _sections(rows: tuple[Section, ...]) -> tuple[Section, ...]:
    tidy = (Section(clean(row.code), clean(row.title), clean(row.text)) for row in rows)
    own, foreign = part_sections(tuple(row for row in tidy if row.text))
    return own + foreign


def part_sections(rows: tuple[Section, ...]) -> tuple[tuple[Section, ...], tuple[Section, ...]]:
    """Extra sections with a place of their own in 構造情報 (each once, official title), and the others."""
    own: dict[str, Section] = {}
    foreign: list[Section] = []
    for row in rows:
        if row.code in FREE_CHILDREN and row.code not in own and row.title == title_of(row.code):
            own[row.code] = row
        else:
            foreign.append(row)
    return tuple(own.values()), tuple(foreign)


def check(document: LetterDocument) -> None:
    """Refuses what no stand-in can replace; ``Invalid.field`` is the path inside the letter."""
    if not _UID.match(document.uid):
        raise Invalid("clins.uid", "文書の番号（uid）は半角英数字とハイフンで36文字以内です。", "uid")
    if not is_institution_number(document.sender.institution_number):
        raise Invalid(
            "clins.sender_number",
            "紹介元の保険医療機関番号（10桁）が登録されていません。施設の設定で入力してください。",
            "sender.institution_number",
        )
    required = (
        ("clins.sender_name", "紹介元の医療機関名", "sender.facility_name", document.sender.facility_name),
        (
            "clins.receiver_name",
            "紹介先の医療機関名",
            "receiver.facility_name",
            document.receiver.facility_name,
        ),
        ("clins.patient_name", "患者の氏名", "patient.name", document.patient.name),
        ("clins.no_purpose", "紹介目的", "content.purpose", document.content.purpose),
    )
    for code, name, field, value in required:
        if not value:
            raise Invalid(code, f"{name}がありません。入力してください。", field)
    if document.patient.birth_on and not is_date(document.patient.birth_on):
        raise Invalid("clins.birth_on", "生年月日は 1950-01-31 の形で入力してください。", "patient.birth_on")
    if document.version < 1:
        raise Invalid("clins.version", "版は 1 以上です。", "version")


def gaps(document: LetterDocument) -> tuple[str, ...]:
    """What the profile asks for and the letter lacks; the document goes out with a mark in its place."""
    card, found = document.patient, []
    if not (is_member_id(card.insured_number) or is_public_payer_id(card.insured_number)):
        found.append(
            "被保険者番号（保険者番号:記号:番号:枝番）がないか形式が異なるため、「番号なし」として送ります。"
        )
    if not card.birth_on:
        found.append("患者の生年月日がありません。")
    if not card.address:
        found.append("患者の住所がありません。")
    if " " not in card.name:
        found.append("患者の姓と名の区切りがありません。全体を姓として送ります。")
    if not is_institution_number(document.receiver.institution_number):
        found.append("紹介先の保険医療機関番号（10桁）がありません。")
    if not document.sender.physician:
        found.append("紹介元の医師名がありません。")
    return tuple(found)
