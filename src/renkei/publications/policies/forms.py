"""The form of a document."""

from __future__ import annotations

from django import forms

from renkei.publications.policies.actions import MOST_CHARACTERS
from renkei.publications.policies.types import PolicyKind
from renkei.ui.forms import NoteField, UiForm


class DocumentForm(UiForm):
    """Title and text; one paragraph or item a line, so that versions compare line by line."""

    title = forms.CharField(label="題名", max_length=120)
    text = NoteField(
        label="本文",
        max_length=MOST_CHARACTERS,
        rows=18,
        help_text="1項目を1行に書くと、版の違いが行ごとに分かります。",
    )


class NewDocumentForm(DocumentForm):
    """A first version."""

    kind = forms.ChoiceField(label="種類", choices=PolicyKind.choices, widget=forms.RadioSelect)
    field_order = ("kind", "title", "text")
