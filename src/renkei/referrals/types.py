"""What crosses the fence of ``referrals``: words of the trunk and the content of a letter as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeVar


class State(StrEnum):
    """Where a referral stands (rules B.5)."""

    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    OFFERED = "offered"
    BOOKED = "booked"
    ARRIVED = "arrived"
    ADMITTED = "admitted"
    NO_SHOW = "no_show"
    FINAL_REPLY = "final_reply"
    CLOSED = "closed"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    WITHDRAWN = "withdrawn"


class Urgency(StrEnum):
    """How soon the sender wants the patient seen."""

    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class ReplyKind(StrEnum):
    """The five kinds of reply (返書, rules B.5)."""

    ARRIVAL_NOTICE = "arrival_notice"
    FIRST_REPORT = "first_report"
    INTERIM_REPORT = "interim_report"
    DISCHARGE_REPORT = "discharge_report"
    FINAL_REPORT = "final_report"


REPLY_LABELS: dict[ReplyKind, str] = {
    ReplyKind.ARRIVAL_NOTICE: "来院報告",
    ReplyKind.FIRST_REPORT: "初回経過報告",
    ReplyKind.INTERIM_REPORT: "中間報告",
    ReplyKind.DISCHARGE_REPORT: "退院時報告",
    ReplyKind.FINAL_REPORT: "最終報告",
}


@dataclass(frozen=True)
class Diagnosis:
    """One line of 傷病名: free text, with a code where one was chosen."""

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
    """A section of a received document that 様式11 has no field for; kept as readable text, nothing dropped."""

    code: str
    title: str
    text: str


@dataclass(frozen=True)
class LetterContent:
    """The content of a 診療情報提供書 (別紙様式11, rules B.1)."""

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
    extra_sections: tuple[Section, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every field."""
        told = dict(vars(self))
        told["diagnoses"] = tuple([dict(vars(line)) for line in self.diagnoses])
        told["prescriptions"] = tuple([dict(vars(line)) for line in self.prescriptions])
        told["extra_sections"] = tuple([asdict(section) for section in self.extra_sections])
        return told

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> LetterContent:
        """Read what :meth:`to_json` wrote; unknown keys are refused with ``KeyError``."""
        made = _filled(cls, _EMPTY, raw)
        told = made.__dict__
        told["diagnoses"] = tuple([_filled(Diagnosis, _NO_DIAGNOSIS, d) for d in raw.get("diagnoses", ())])
        told["prescriptions"] = tuple([Prescription(**p) for p in raw.get("prescriptions", ())])
        told["extra_sections"] = tuple([Section(**s) for s in raw.get("extra_sections", ())])
        return made


_EMPTY = dict(vars(LetterContent()))
_NO_DIAGNOSIS = dict(vars(Diagnosis("")))
_Made = TypeVar("_Made")


def _filled(kind: type[_Made], empty: dict[str, Any], raw: dict[str, Any]) -> _Made:
    """An instance with ``raw`` in place of what is empty; a page of letters is read at once, and ``__init__`` of a frozen
    class costs four times as much. Raises ``KeyError`` for fields that it does not know."""
    if unknown := raw.keys() - empty.keys():
        raise KeyError(f"unknown fields of {kind.__name__}: {sorted(unknown)}")
    made = object.__new__(kind)
    made.__dict__.update(empty)
    made.__dict__.update(raw)
    return made


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
    """The patient as printed on a letter; dates are ISO strings, sex is a FHIR administrative gender."""

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
class LetterDocument:
    """A letter ready to be printed or sent: who, to whom, about whom, and the content."""

    uid: str
    number: str
    version: int
    issued_at: str
    sender: Party
    receiver: Party
    patient: PatientCard
    content: LetterContent
    kind_title: str = "診療情報提供書"
    entered_by: str = ""
