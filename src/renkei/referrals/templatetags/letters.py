"""How a letter is read on a page: ``{% load letters %}``, ``{{ letter|reading:referral }}``, ``{{ bytes|size }}``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import template

from renkei.gate.actor import current
from renkei.kernel import eras
from renkei.patients.models import Patient
from renkei.referrals.actions.drafting import SIGNING_ROLES
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.present import SEX, URGENCY
from renkei.referrals.printing import document
from renkei.referrals.registry import kind_of
from renkei.referrals.types import LetterContent, Party, PatientCard, State, Urgency
from renkei.referrals.writing.compare import LABELS, said
from renkei.ui.types import Row

register = template.Library()


@dataclass(frozen=True)
class Part:
    """A heading of the letter with its text; ``lines`` for lists."""

    title: str
    text: str = ""
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class LetterView:
    """A letter ready to be read."""

    title: str
    version: int
    head: Sequence[Row]
    parts: Sequence[Part]
    extra: Sequence[Part]
    signed: str
    original_sha256: str


@register.filter
def reading(letter: ReferralLetter, referral: Referral) -> LetterView:
    """The whole letter: parties, patient, every field that is filled, sections of a received document, who signed."""
    paper = document(referral, letter)
    return LetterView(
        title=paper.kind_title,
        version=letter.number,
        head=_head(referral, paper.sender, paper.receiver, paper.patient),
        parts=_parts(paper.content, referral),
        extra=[Part(s.title or s.code, s.text) for s in paper.content.extra_sections],
        signed=_signed(letter),
        original_sha256=letter.original_sha256,
    )


def _head(referral: Referral, sender: Party, receiver: Party, patient: PatientCard) -> list[Row]:
    rows = [
        Row("紹介先", _party(receiver, _with_title(receiver.physician))),
        Row("紹介元", _party(sender, f"医師 {sender.physician}" if sender.physician else "")),
        Row("患者", _patient(patient)),
        Row(
            "連絡先",
            _joined(patient.postal_code and f"〒{patient.postal_code}", patient.address, patient.phone),
        ),
        Row("職業", patient.occupation),
        Row("緊急度", URGENCY[Urgency(referral.urgency)]),
        Row("希望", _joined(_wished(referral), referral.wish)),
        Row("共有の根拠", _joined(referral.get_basis_display(), referral.basis_note)),
    ]
    return [row for row in rows if row.value]


def _joined(*words: Any) -> str:
    return "　".join(str(word) for word in words if word)


def _party(party: Party, doctor: str) -> str:
    where = _joined(party.address, party.phone and f"電話 {party.phone}")
    return _joined(party.facility_name or "(未定)", party.department, doctor, where and f"({where})")


def _with_title(physician: str) -> str:
    return f"{physician} 先生" if physician and "先生" not in physician else physician


def _patient(patient: PatientCard) -> str:
    kana = f"({patient.kana})" if patient.kana else ""
    born = ""
    if patient.birth_on:
        day = date.fromisoformat(patient.birth_on)
        born = f"{eras.format_both(day)}生"
    number = f"患者番号 {patient.local_number}" if patient.local_number else ""
    return _joined(f"{patient.name} 様{kana}", born, SEX.get(patient.sex, "不明"), number)


def _wished(referral: Referral) -> str:
    days = [eras.format_era(d) if d else "" for d in (referral.wish_from, referral.wish_until)]
    return "〜".join(days) if any(days) else ""


def _parts(content: LetterContent, referral: Referral) -> list[Part]:
    kind = kind_of(referral.kind)
    labels = LABELS | {"purpose": kind.purpose_label, "course": kind.course_label}
    parts = []
    for name, label in labels.items():
        text = said(content, name)
        if name in ("diagnoses", "prescriptions"):
            parts.append(Part(label, lines=text.splitlines()))
        else:
            parts.append(Part(label, text))
    needed = {labels["purpose"], labels["diagnoses"]}
    return [p for p in parts if p.text.strip() or p.lines or p.title in needed]


def _signed(letter: ReferralLetter) -> str:
    """Who typed and who signed (代行入力・確定), in one sentence."""
    if letter.finalised_at is None:
        return (
            f"下書き(入力: {letter.entered_by})。医師はまだ確定していません。"
            if letter.entered_by
            else "下書き"
        )
    typed = letter.entered_by if letter.entered_by_id != letter.finalised_by_id else ""
    behalf = f"代行入力: {typed}　" if typed else ""
    return f"{behalf}確定: {letter.finalised_by}"


@register.filter
def unsent(referral: Referral) -> bool:
    """Whether the person who looks may go on with this letter: a draft of the own house, finalised or not."""
    actor = current()
    own = actor.facility_id == referral.sender_id and referral.state == State.DRAFT
    return own and actor.may("referral.draft")


@register.filter
def size(count: int) -> str:
    """``3.4MB``, ``120KB``."""
    return f"{count / 1024 / 1024:.1f}MB" if count >= 1024 * 1024 else f"{max(1, round(count / 1024))}KB"


@register.filter
def correctable(referral: Referral) -> bool:
    """Whether the person who looks may issue a corrected version (訂正版) now."""
    actor = current()
    if actor.facility_id != referral.sender_id or not actor.roles & SIGNING_ROLES:
        return False
    moves = kind_of(referral.kind).workflow.open_moves(State(referral.state), "sender", actor.permissions)
    return any(m.name == "correct" for m in moves)


@register.filter
def person(patient: Patient) -> str:
    """``昭和34年3月4日生 67歳 男``."""
    return f"{eras.format_era(patient.birth_on)}生　{patient.age()}歳　{SEX.get(patient.sex, '不明')}"
