"""What the auditor fills in."""

from __future__ import annotations

from django import forms

from renkei.audit.models import Outcome
from renkei.gate.actor import Actor
from renkei.patients.queries import search
from renkei.portal.queries import TrailFilter
from renkei.ui.forms import EraDateField, UiForm

MOST_PATIENTS = 50


class TrailForm(UiForm):
    """Narrows the trail; every field may stay empty."""

    focus_errors = False
    person = forms.CharField(label="操作した人", max_length=80, required=False)
    patient = forms.CharField(label="患者(名前・患者番号)", max_length=80, required=False)
    action = forms.CharField(label="操作", max_length=80, required=False)
    outcome = forms.ChoiceField(label="結果", choices=[("", "すべて"), *Outcome.choices], required=False)
    since = EraDateField(label="いつから", required=False, help_text="")
    until = EraDateField(label="いつまで", required=False, help_text="")
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def asked(self, actor: Actor) -> TrailFilter:
        """What a valid form asks for; a patient nobody finds narrows to nothing."""
        given = self.cleaned_data
        keys = None
        if given["patient"]:
            keys = frozenset(p.pk for p in search(actor, given["patient"], MOST_PATIENTS).rows)
        return TrailFilter(
            person=given["person"],
            patient_ids=keys,
            outcome=given["outcome"],
            action=given["action"],
            since=given["since"],
            until=given["until"],
            before=given["before"],
        )
