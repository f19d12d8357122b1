"""Forms of leaflets."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.publications.leaflets.rack import MOST_COPIES
from renkei.publications.leaflets.texts import FIELDS
from renkei.publications.models import WordKind
from renkei.ui.forms import EraDateField, NoteField, UiForm


class TextsForm(UiForm):
    """The text blocks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for block in FIELDS:
            field = NoteField(
                label=block.label,
                max_length=block.limit,
                rows=min(block.lines, 5),
                required=False,
                help_text=block.help_text,
            )
            self.fields[block.key] = field


class PictureForm(UiForm):
    """The photo."""

    picture = forms.FileField(
        label="写真",
        required=False,
        help_text="外観や診察室など、横長のPNGかJPEG(10MBまで)。治療前後の写真は載せられません。",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )


class ApproveForm(UiForm):
    """Why a flagged wording may stand."""

    reason = NoteField(
        label="認める理由",
        max_length=300,
        rows=2,
        required=False,
        help_text="注意が必要な表現があるときは必ず入力します。例: 「完全」は予約制の説明で、治療効果を述べていない。",
    )


class ReturnForm(UiForm):
    """What to change."""

    answer = NoteField(label="直してほしいところ", max_length=300, rows=2, required=False)


class PlaceForm(UiForm):
    """The place in the rack."""

    district = forms.CharField(label="地区", max_length=40, required=False)
    copies = forms.IntegerField(label="置く部数", min_value=0, max_value=MOST_COPIES)
    left = forms.IntegerField(label="残り", min_value=0, max_value=MOST_COPIES)


class WordForm(UiForm):
    """A wording of the house's own."""

    word = forms.CharField(label="ことば", max_length=40, required=False)
    kind = forms.ChoiceField(label="種類", choices=WordKind.choices, initial=WordKind.EXAGGERATED)
    forbids = forms.BooleanField(
        label="理由があっても承認できない", required=False, help_text="外すと、理由を入力すれば承認できます。"
    )
    except_for = forms.CharField(
        label="除くことば",
        required=False,
        max_length=200,
        help_text="「、」で区切ります。例: 完全予約制、完全個室",
    )
    advice = forms.CharField(label="直し方", max_length=200, required=False)
    source = forms.CharField(
        label="根拠", max_length=200, required=False, help_text="指針の箇所、院内の取り決めなど"
    )
    valid_from = EraDateField(label="はじまり", required=False, help_text="空のときは今日から")

    def values(self) -> dict[str, Any]:
        """As the action takes them."""
        data = dict(self.cleaned_data)
        data["except_for"] = data["except_for"].replace(",", "、").split("、")
        return data
