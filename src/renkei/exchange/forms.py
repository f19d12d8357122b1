"""What a person decides about a document that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from renkei.kernel import eras
from renkei.patients.matching import Candidate
from renkei.ui.forms import EraDateField, UiForm

NEW = "new"


class DecisionForm(UiForm):
    """Who the patient is, and whether a document that names another receiver is taken in all the same."""

    patient = forms.ChoiceField(label="患者", widget=forms.RadioSelect)
    birth_on = EraDateField(
        label="生年月日(新しい患者として登録するとき)", parse=eras.parse_birth_date, required=False
    )
    force = forms.BooleanField(label="送り主に確かめたので、自施設で受ける", required=False)

    def __init__(
        self, *args: Any, alike: Sequence[Candidate], asks_birth: bool, asks_receiver: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(c.patient.uid), _line(c)) for c in alike]
        new = (NEW, "新しい患者として登録する")
        self.fields["patient"].choices = [*known, new]  # type: ignore[attr-defined]
        if not known:
            self.initial["patient"] = NEW
        if not asks_birth:
            del self.fields["birth_on"]
        if asks_receiver:
            self.fields["force"].required = True
            self.fields["force"].error_messages["required"] = (
                "宛先が自施設ではありません。送り主に確かめてから、ここに印を付けてください。"
            )
        else:
            del self.fields["force"]


def _line(candidate: Candidate) -> str:
    row = candidate.patient
    number = f"患者番号 {row.local_number}" if row.local_number else "患者番号なし"
    reasons = "・".join((*candidate.reasons, *candidate.cautions))
    return f"{row.name}({row.kana}) {eras.format_era(row.birth_on)}生 {number} — {reasons}"
