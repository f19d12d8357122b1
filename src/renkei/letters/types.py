"""The inputs of the letters: plain values, field for field the content that ``referrals`` keeps.

Callers on higher floors fill them with ``Party(**asdict(party))`` and
``LetterContent.from_json(content.to_json())``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Diagnosis:
    """One line of 傷病名; ``onset_on`` is an ISO date or part of one."""

    text: str
    code: str = ""
    code_system: str = ""
    icd10: str = ""
    onset_on: str = ""
    suspected: bool = False


@dataclass(frozen=True)
class Prescription:
    """One line of 現在の処方."""

    name: str
    usage: str = ""
    amount: str = ""
    code: str = ""
    code_system: str = ""


@dataclass(frozen=True)
class Section:
    """A titled piece of text that the form has no field for."""

    code: str
    title: str
    text: str


@dataclass(frozen=True)
class LetterContent:
    """The content of a 診療情報提供書 (別紙様式11)."""

    purpose: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    past_history: str = ""
    family_history: str = ""
    allergies: str = ""
    course: str = ""
    results: str = ""
    treatment: str = ""
    prescriptions: tuple[Prescription, ...] = ()
    prescription_text: str = ""
    remarks: str = ""
    extra_sections: tuple[Section, ...] = ()

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> LetterContent:
        """Read the JSON object of a letter's content; an unknown key is a ``TypeError``."""
        values = dict(raw)
        values["diagnoses"] = tuple(Diagnosis(**d) for d in raw.get("diagnoses", ()))
        values["prescriptions"] = tuple(Prescription(**p) for p in raw.get("prescriptions", ()))
        values["extra_sections"] = tuple(Section(**s) for s in raw.get("extra_sections", ()))
        return cls(**values)


@dataclass(frozen=True)
class Party:
    """One side of a letter: facility, department and physician as printed."""

    facility_name: str
    institution_number: str = ""
    department: str = ""
    physician: str = ""
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    fax: str = ""


@dataclass(frozen=True)
class PatientCard:
    """The patient as printed; ``birth_on`` is an ISO date, ``sex`` a FHIR administrative gender."""

    name: str
    kana: str = ""
    birth_on: str = ""
    sex: str = "unknown"
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    occupation: str = ""
    local_number: str = ""
    insured_number: str = ""


@dataclass(frozen=True)
class Attachment:
    """One line of the list of enclosures: what it is, and how much (``"3枚"``)."""

    title: str
    detail: str = ""


@dataclass(frozen=True)
class ReferralLetterData:
    """A 診療情報提供書.

    ``version`` above 1 prints 「第n版(訂正)」 with ``correction_note``; ``urgency`` is routine, soon or urgent; ``qr`` is
    what the code holds (none for '').
    """

    uid: str
    number: str
    version: int
    issued_on: date
    sender: Party
    receiver: Party
    patient: PatientCard
    content: LetterContent
    kind_title: str = "診療情報提供書"
    entered_by: str = ""
    urgency: str = "routine"
    attachments: tuple[Attachment, ...] = ()
    correction_note: str = ""
    qr: str = ""


@dataclass(frozen=True)
class ReplyContent:
    """What a reply (返書) tells; dates are ISO strings, ``plan`` is 今後の方針."""

    visited_on: str = ""
    admitted_on: str = ""
    discharged_on: str = ""
    next_visit_on: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    course: str = ""
    results: str = ""
    treatment: str = ""
    plan: str = ""
    prescriptions: tuple[Prescription, ...] = ()
    prescription_text: str = ""
    remarks: str = ""
    extra_sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class ReplyLetterData:
    """A 返書. ``sender`` writes it, ``receiver`` is who referred; ``kind`` is one of the five reply kinds."""

    uid: str
    number: str
    version: int
    issued_on: date
    kind: str
    sender: Party
    receiver: Party
    patient: PatientCard
    content: ReplyContent
    referral_number: str = ""
    referred_on: str = ""
    entered_by: str = ""
    attachments: tuple[Attachment, ...] = ()
    correction_note: str = ""
    qr: str = ""


@dataclass(frozen=True)
class PatientSlipData:
    """A 受診案内 (予約票) for the patient's hand.

    ``starts_at`` is aware; ``map_picture`` is a PNG or JPEG of the facility's own drawing.
    """

    number: str
    issued_on: date
    patient: PatientCard
    facility: Party
    starts_at: datetime
    come_at: str = ""
    desk: str = ""
    what: str = ""
    bring: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    access: str = ""
    contact_hours: str = ""
    referred_by: str = ""
    map_picture: bytes = b""
    qr: str = ""


@dataclass(frozen=True)
class NoticeLetterData:
    """A plain letter by post; ``credentials`` are label and value pairs printed large (log-in name, code)."""

    number: str
    issued_on: date
    title: str
    recipient_name: str
    sender: Party
    body: str
    recipient_postal_code: str = ""
    recipient_address: str = ""
    recipient_organisation: str = ""
    recipient_honorific: str = "様"
    credentials: tuple[tuple[str, str], ...] = ()
    valid_until: str = ""
    steps: tuple[str, ...] = ()
    url: str = ""
    qr: str = ""


@dataclass(frozen=True)
class CoverSheetData:
    """A FAX送付状. ``page_count`` counts this sheet too; 0 leaves the line out. ``clinical`` False: nothing about a patient."""

    number: str
    issued_on: date
    sender: Party
    receiver: Party
    subject: str
    page_count: int = 0
    message: str = ""
    enclosures: tuple[Attachment, ...] = ()
    urgency: str = "routine"
    sent_by: str = ""
    qr: str = ""
    clinical: bool = True


@dataclass(frozen=True)
class CertificateData:
    """A certificate of a scheme (登録証); dates arrive as words, ``qr`` is the address that says whether it is good."""

    number: str
    issued_on: date
    title: str
    holder: str
    text: str
    valid_from: str
    issuer: str
    facility_name: str = ""
    honorific: str = "殿"
    category: str = ""
    valid_until: str = ""
    issuer_post: str = ""
    issuer_name: str = ""
    qr: str = ""
