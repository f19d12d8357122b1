"""Forms of corporations; saving goes through the actions."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.directory.corporations import queries
from renkei.directory.models import Organization
from renkei.ui.forms import EraDateField, UiForm

LEAVES = "none"


class CorporationForm(UiForm):
    """The name of a corporation."""

    name = forms.CharField(label="法人の名称", max_length=120, help_text="例: 医療法人社団みどり会")
    kana = forms.CharField(label="カナ", max_length=200, required=False)


class MoveForm(UiForm):
    """Which corporation runs the facility from when on."""

    organization = forms.ChoiceField(label="所属する法人")
    from_on = EraDateField(
        label="この日から", help_text="例: 2026-10-01。前の日までの記録と報告は、前の法人のままです。"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = self.fields["organization"]
        assert isinstance(chosen, forms.ChoiceField)
        names = [(str(line.id), line.name) for line in queries.corporations()]
        chosen.choices = [("", "選んでください"), *names, (LEAVES, "どの法人にも属さない(退会)")]

    def chosen(self) -> Organization | None:
        """The corporation, or None when the facility leaves."""
        value = self.cleaned_data["organization"]
        return None if value == LEAVES else queries.corporation(int(value))
