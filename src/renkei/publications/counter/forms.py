"""Forms of the counter."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from renkei.kernel import clock
from renkei.publications.counter.types import Outcome, Way
from renkei.publications.search.forms import FindForm
from renkei.ui.forms import EraDateField, UiForm


class NeedForm(FindForm):
    """The wishes of the person at the counter."""

    note = forms.CharField(
        label="補足", max_length=300, required=False, help_text="氏名や連絡先は書かないでください。"
    )


class StepForm(UiForm):
    """One of several forms of a page: its fields have ids of their own, so that each label names its own field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.removesuffix('Form').lower()}_%s")
        super().__init__(*args, **kwargs)


class PersonForm(StepForm):
    """The name, with consent only."""

    consent = forms.BooleanField(label="氏名を記録することに、ご本人が同意した", required=False)
    name = forms.CharField(label="氏名", max_length=100, required=False)


class WayForm(StepForm):
    """What was done besides a referral."""

    way = forms.ChoiceField(
        label="方法",
        choices=[(w.value, w.label) for w in (Way.GUIDED, Way.APPOINTMENT)],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="依頼の内容", max_length=300, required=False, help_text="連絡した相手、希望の日時など。"
    )
    message = forms.CharField(
        label="医療機関への伝言",
        max_length=150,
        required=False,
        help_text="入力すると、選んだ医療機関のお知らせに届きます。氏名は届きません(書かないでください)。",
    )


class ReferralForm(StepForm):
    """Which patient of one's own house the letter is about."""

    number = forms.CharField(label="患者番号または氏名", max_length=60)


class OutcomeForm(StepForm):
    """What came of it."""

    outcome = forms.ChoiceField(label="結果", choices=Outcome.choices, widget=forms.RadioSelect)
    visited_on = EraDateField(label="受診日", required=False)
    note = forms.CharField(label="補足", max_length=300, required=False)


class MonthForm(forms.Form):
    """``?month=2026-06``."""

    month = forms.DateField(input_formats=["%Y-%m"], required=False)

    def first(self) -> date:
        """The first day of the month; this month when nothing readable was given."""
        found: date | None = self.cleaned_data.get("month") if self.is_valid() else None
        return found or clock.today().replace(day=1)
