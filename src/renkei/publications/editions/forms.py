"""Forms of editions, and the grid of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms

from renkei.publications.editions import tables
from renkei.publications.models import Part, Way
from renkei.ui.forms import EraDateField, NoteField, UiForm

SPARE_ROWS = 2


class DetailsForm(UiForm):
    """Day, receivers and words of an edition."""

    send_on = EraDateField(label="発送日", help_text="届け先は、この日に登録されている医療機関です。")
    schemes = forms.MultipleChoiceField(
        label="届け先の制度", widget=forms.CheckboxSelectMultiple, required=False
    )
    greeting = NoteField(
        label="送付のことば", max_length=300, rows=3, required=False, help_text="FAX送付状に印刷されます。"
    )

    def __init__(self, *args: Any, schemes: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["schemes"]
        field.choices = [(str(one.pk), one.name) for one in schemes]

    def values(self) -> dict[str, Any]:
        """As the action takes them."""
        data = self.cleaned_data
        return {
            "send_on": data["send_on"],
            "scheme_ids": [int(key) for key in data["schemes"]],
            "greeting": data["greeting"],
        }


class MonthForm(UiForm):
    """The month of a first edition."""

    month = forms.CharField(label="号(年月)", widget=forms.TextInput(attrs={"type": "month"}))

    def clean_month(self) -> date:
        """The first day of the month."""
        try:
            return date.fromisoformat(f"{self.cleaned_data['month']}-01")
        except ValueError as error:
            raise forms.ValidationError("年月を 2026-06 のように入力してください。") from error


class FileForm(UiForm):
    """A file to take in."""

    file = forms.FileField(label="ファイル", required=False)


class WordsForm(UiForm):
    """One line of words: the reason of a second copy, why it came back, what was done."""

    words = forms.CharField(label="理由", max_length=200, required=False)

    def __init__(self, *args: Any, label: str = "理由", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label = label


class ChoiceForm(UiForm):
    """How an institution wants it."""

    way = forms.ChoiceField(label="届け方", choices=Way.choices)
    email = forms.EmailField(label="メール", required=False, help_text="「メール」のときに使います。")


def grid(kind: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows for the page, with a label for each day and room for two more departments."""
    found = [dict(one) | {"label": _label(kind, one), "rest": _rest(kind, one)} for one in rows]
    if kind == Part.OUTPATIENT:
        blank = {"head": ["", ""], "cells": [""] * len(columns), "note": "", "label": "", "rest": False}
        found += [dict(blank) for _ in range(SPARE_ROWS)]
    return found


def _label(kind: str, one: Mapping[str, Any]) -> str:
    if kind == Part.DUTY:
        return tables.day_label(date.fromisoformat(one["head"][0]))
    return " ".join(one["head"])


def _rest(kind: str, one: Mapping[str, Any]) -> bool:
    return kind == Part.DUTY and tables.is_rest(date.fromisoformat(one["head"][0]))


def posted(data: Any) -> tuple[list[str], list[tables.Row]]:
    """Columns and rows as the grid posts them: ``column``, and ``h-0``, ``c-0``, ``n-0`` for each row."""
    columns = [text.strip() for text in data.getlist("column")]
    rows = []
    for number in range(tables.MOST_ROWS + SPARE_ROWS):
        head = data.getlist(f"h-{number}")
        if not head:
            break
        rows.append(tables.row(head, data.getlist(f"c-{number}"), data.get(f"n-{number}", "")))
    kept = [i for i, name in enumerate(columns) if name]
    for one in rows:
        one["cells"] = [one["cells"][i] for i in kept if i < len(one["cells"])]
    return [columns[i] for i in kept], rows
