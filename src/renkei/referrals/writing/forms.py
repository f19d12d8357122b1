"""The forms of letters and replies, and the lines (傷病名, 処方) that a form of Django has no field for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from renkei.circles.types import Basis
from renkei.directory.models import Facility
from renkei.directory.profiles.queries import resting_word
from renkei.directory.queries import departments, facility, look_up_facility
from renkei.referrals.actions.drafting import NOTE_LIMIT
from renkei.referrals.models import Referral
from renkei.referrals.registry import Kind
from renkei.referrals.types import REPLY_LABELS, Diagnosis, LetterContent, Prescription, Urgency
from renkei.terms.queries import term
from renkei.terms.types import System
from renkei.ui.forms import EraDateField, NoteField, TypeAheadField, UiForm
from renkei.ui.types import Choice

URGENCIES = [(Urgency.ROUTINE, "通常"), (Urgency.SOON, "早め"), (Urgency.URGENT, "至急")]
BASES = [
    (Basis.POSTED_NOTICE, "院内掲示による(留保の申し出なし)。電子で送れます"),
    (Basis.EXPLICIT_CONSENT, "本人・代理人の同意を得た。電子で送れます"),
    (Basis.REFUSAL, "患者さんが共有を留保した。電子では送らず、紙に印刷して渡します"),
]
CANNOT_BE_SENT = "再開するまで紹介状を送れません。"
SPARE_LINES = 2
FEWEST_LINES = 3
MOST_LINES = 40
TEXTS = (
    "purpose",
    "past_history",
    "family_history",
    "allergies",
    "course",
    "results",
    "treatment",
    "prescription_text",
    "remarks",
)


def _note(label: str, rows: int, **more: Any) -> NoteField:
    return NoteField(label=label, rows=rows, max_length=NOTE_LIMIT, required=False, **more)


class ContentForm(UiForm):
    """The content of 様式11. A draft may lack everything; 確定 asks for purpose, diagnosis and receiver."""

    purpose = _note("紹介目的", 3)
    past_history = _note("既往歴", 2)
    family_history = _note("家族歴", 2)
    allergies = _note("アレルギー・副作用歴", 2)
    course = _note("病状経過", 5)
    results = _note("検査結果", 4)
    treatment = _note("治療経過", 3)
    prescription_text = _note("処方の補足(自由記載)", 2)
    remarks = _note("備考", 2)

    # Lines of diagnoses and prescriptions report their errors here.
    diagnoses = forms.CharField(label="傷病名", required=False, widget=forms.HiddenInput)
    prescriptions = forms.CharField(label="現在の処方", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"].label = kind.purpose_label
        self.fields["course"].label = kind.course_label

    def content(self, data: Mapping[str, Any], before: LetterContent) -> LetterContent:
        """What was typed; sections that came with a received document stay as they are."""
        return LetterContent(
            **{name: self.cleaned_data[name] for name in TEXTS},
            diagnoses=read_diagnoses(data, before.diagnoses),
            prescriptions=read_prescriptions(data, before.prescriptions),
            extra_sections=before.extra_sections,
        )


class LetterForm(ContentForm):
    """A draft: to whom, how soon, on what basis, and the content."""

    receiver = TypeAheadField(
        label="紹介先",
        url="directory:suggest",
        lookup=look_up_facility,
        free_text=True,
        required=False,
        warns=resting_word,
        warning_note=CANNOT_BE_SENT,
    )
    receiver_department = forms.CharField(label="診療科", max_length=60, required=False)
    receiver_physician = forms.CharField(label="医師(希望)", max_length=80, required=False)
    sender_department = forms.CharField(label="自施設の診療科", max_length=60, required=False)
    urgency = forms.ChoiceField(label="緊急度", choices=URGENCIES, required=False)
    wish_from = EraDateField(label="希望日 から", required=False, help_text="")
    wish_until = EraDateField(label="希望日 まで", required=False, help_text="")
    wish = forms.CharField(label="その他の希望(曜日・時間帯など)", max_length=200, required=False)
    basis = forms.ChoiceField(label="共有の根拠", choices=BASES, widget=forms.RadioSelect, required=False)
    basis_note = forms.CharField(label="根拠の補足(同意の日・相手など)", max_length=200, required=False)

    def clean_receiver(self) -> Choice | None:
        """A full name typed without a suggestion counts as the facility that has exactly this name."""
        chosen: Choice | None = self.cleaned_data["receiver"]
        if chosen is None or chosen.code:
            return chosen
        return look_up_facility("", chosen.text) or chosen

    def clean(self) -> dict[str, Any]:
        """The span of wished days runs forward."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("wish_from"), cleaned.get("wish_until")
        if first and last and last < first:
            self.add_error("wish_until", "「まで」が「から」より前の日です。入れ替えてください。")
        return cleaned

    def header(self) -> dict[str, Any]:
        """The arguments of ``actions.write`` beside the content."""
        chosen: Choice | None = self.cleaned_data["receiver"]
        names = ("receiver_department", "receiver_physician", "sender_department", "wish", "basis_note")
        return {
            "receiver": facility(chosen.code) if chosen and chosen.code else None,
            "receiver_name": chosen.text if chosen and not chosen.code else "",
            "urgency": self.cleaned_data["urgency"] or None,
            "basis": self.cleaned_data["basis"] or None,
            "wish_from": self.cleaned_data["wish_from"],
            "wish_until": self.cleaned_data["wish_until"],
            **{name: self.cleaned_data[name] for name in names},
        }


class CorrectionForm(ContentForm):
    """訂正版: the content again, and why."""

    reason = forms.CharField(label="訂正の理由", max_length=200)


class ReplyForm(UiForm):
    """返書 of one of five kinds."""

    kind = forms.ChoiceField(label="返書の種類", choices=[(k.value, v) for k, v in REPLY_LABELS.items()])
    text = NoteField(label="本文", rows=8, max_length=NOTE_LIMIT, required=False)
    plan = NoteField(label="今後の方針・お願い", rows=3, max_length=NOTE_LIMIT, required=False)
    prescriptions = NoteField(label="処方", rows=3, max_length=NOTE_LIMIT, required=False)


def initial(referral: Referral, content: LetterContent) -> dict[str, Any]:
    """The values that the form of a draft opens with."""
    names = ("receiver_department", "receiver_physician", "sender_department", "urgency", "wish")
    to = referral.receiver
    return {
        **content_initial(content),
        **{name: getattr(referral, name) for name in names},
        "receiver": Choice(str(to.uid), to.name) if to else Choice("", referral.receiver_name),
        "wish_from": referral.wish_from,
        "wish_until": referral.wish_until,
        "basis": referral.basis,
        "basis_note": referral.basis_note,
    }


def content_initial(content: LetterContent) -> dict[str, Any]:
    """The texts of a letter as the form's values."""
    return {name: getattr(content, name) for name in TEXTS}


def department_choices(to: Facility | None, chosen: str) -> list[str]:
    """Departments of ``to`` that take referrals; a name that was chosen earlier stays choosable."""
    names = [d.name for d in departments(to, accepting=True)] if to else []
    return [*names, chosen] if names and chosen and chosen not in names else names


def _posted(data: Mapping[str, Any], prefix: str, name: str) -> list[tuple[int, str]]:
    found = ((i, str(data.get(f"{prefix}-{i}-{name}") or "").strip()) for i in range(MOST_LINES))
    return [(i, text) for i, text in found if text]


def read_diagnoses(data: Mapping[str, Any], known: tuple[Diagnosis, ...]) -> tuple[Diagnosis, ...]:
    """The lines ``dx-<n>-text`` with their codes: kept from ``known`` for the same text, else looked up by exact name."""
    codes = {d.text: d for d in known}
    lines = []
    for i, text in _posted(data, "dx", "text"):
        same = codes.get(text)
        found = None if same else term(System.DISEASE, label=text)
        lines.append(
            Diagnosis(
                text=text,
                code=same.code if same else "",
                code_system=same.code_system if same else "",
                icd10=same.icd10 if same else (found.icd10 if found else ""),
                onset_on=str(data.get(f"dx-{i}-onset_on") or "").strip()[:10],
                suspected=bool(data.get(f"dx-{i}-suspected")),
            )
        )
    return tuple(lines)


def read_prescriptions(data: Mapping[str, Any], known: tuple[Prescription, ...]) -> tuple[Prescription, ...]:
    """The lines ``rx-<n>-name|usage|amount``; a code stays with the drug it came with."""
    codes = {p.name: (p.code, p.code_system) for p in known}
    lines = []
    for i in range(MOST_LINES):
        name, usage, amount = (
            str(data.get(f"rx-{i}-{part}") or "").strip() for part in ("name", "usage", "amount")
        )
        if name or usage or amount:
            code, system = codes.get(name, ("", ""))
            lines.append(Prescription(name, usage, amount, code, system))
    return tuple(lines)


def spare(filled: int) -> range:
    """The numbers of the empty lines after ``filled`` ones."""
    return range(filled, min(max(filled + SPARE_LINES, FEWEST_LINES), MOST_LINES))


def diagnosis_rows(lines: tuple[Diagnosis, ...]) -> list[tuple[int, Diagnosis]]:
    """The lines to show: filled ones and a few empty ones."""
    return [*enumerate(lines), *((i, Diagnosis("")) for i in spare(len(lines)))]


def prescription_rows(lines: tuple[Prescription, ...]) -> list[tuple[int, Prescription]]:
    """The lines to show: filled ones and a few empty ones."""
    return [*enumerate(lines), *((i, Prescription("")) for i in spare(len(lines)))]
