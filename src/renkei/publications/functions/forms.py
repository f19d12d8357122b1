"""Forms of the report, made from the year's items, and of what public bodies write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from renkei.directory.queries import look_up_facility
from renkei.directory.types import CareFunction
from renkei.kernel.errors import DomainError
from renkei.publications.functions.types import Answers, AreaClass, Item, Kind, Mark
from renkei.publications.models import LocalCase
from renkei.ui.forms import EraDateField, NoteField, TypeAheadField, UiForm
from renkei.ui.types import Choice


def names_of(item: Item) -> list[str]:
    """The fields of an item: one, or as many as institutions may be named."""
    if item.kind is not Kind.FACILITIES:
        return [item.key]
    return [f"{item.key}_{n}" for n in range(1, item.most + 1)]


def _institution(number: int) -> forms.Field:
    return TypeAheadField(
        label=f"医療機関 {number}", url="directory:suggest", lookup=look_up_facility, required=False
    )


def _field(item: Item) -> forms.Field:
    coded = [(o.code, f"{o.code}　{o.label}") for o in item.options]
    common: dict[str, Any] = {"label": item.label, "required": False, "help_text": item.note}
    if item.kind is Kind.CHOICE:
        return forms.ChoiceField(choices=coded, widget=forms.RadioSelect, **common)
    if item.kind is Kind.CHOICES:
        return forms.MultipleChoiceField(choices=coded, widget=forms.CheckboxSelectMultiple, **common)
    mode = "numeric" if item.kind is Kind.COUNT else "decimal"
    box = forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"})
    return forms.CharField(widget=box, max_length=12, **common)


class PartForm(UiForm):
    """One part of a report. Nothing is required here: a draft may be kept half answered."""

    def __init__(self, *args: Any, items: Sequence[Item], known: Answers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = tuple(items)
        for item in self.items:
            value = known.get(item.key)
            if item.kind is not Kind.FACILITIES:
                self.fields[item.key] = _field(item)
                self.fields[item.key].initial = value
                continue
            for number, name in enumerate(names_of(item), start=1):
                made = _institution(number)
                if value and number <= len(value):
                    made.initial = Choice(value[number - 1]["uid"], value[number - 1]["name"])
                self.fields[name] = made

    def answers(self) -> dict[str, Any]:
        """What was answered, by the key of the item; institutions by their uids."""
        found: dict[str, Any] = {}
        for item in self.items:
            values = [self.cleaned_data.get(name) for name in names_of(item)]
            if item.kind is Kind.FACILITIES:
                found[item.key] = [v.code for v in values if v is not None]
            else:
                found[item.key] = values[0]
        return found

    def take(self, error: DomainError) -> None:
        """A refusal at an item that has several fields goes to the first of them."""
        if error.field not in self.fields and f"{error.field}_1" in self.fields:
            error.field = f"{error.field}_1"
        super().take(error)


class ReturnForm(UiForm):
    """Why a report goes back."""

    reason = NoteField(label="差し戻しの理由", max_length=300, rows=2)


class MeasureForm(UiForm):
    """課題 → 原因 → 方策 → 実施 → 検証."""

    issue = NoteField(label="課題", max_length=300, rows=2)
    cause = NoteField(label="原因", max_length=300, rows=2, required=False)
    measure = NoteField(label="方策", max_length=300, rows=2, required=False)
    owner = forms.CharField(
        label="担当", max_length=120, required=False, help_text="例: 市医師会・市健康づくり課"
    )
    due_on = EraDateField(label="期限", required=False)
    done_on = EraDateField(label="実施日", required=False)
    result = NoteField(label="検証・結果", max_length=300, rows=2, required=False)


class FigureForm(UiForm):
    """Population and size of one area."""

    area = forms.ChoiceField(label="地域")
    year = forms.CharField(label="年", max_length=4, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    population = forms.CharField(
        label="人口(人)", max_length=12, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    km2 = forms.CharField(
        label="面積(km²)", max_length=12, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    printed_class = forms.ChoiceField(
        label="資料に印刷された分類",
        choices=[("", "印刷されていない"), *AreaClass.choices],
        required=False,
        help_text="計算した分類とは別に、資料のとおりに残します。",
    )
    source = forms.CharField(label="出典", max_length=200, required=False)

    def __init__(self, *args: Any, places: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].choices = list(places)  # type: ignore[attr-defined]


class FileForm(UiForm):
    """A CSV of figures."""

    file = forms.FileField(
        label="CSVファイル", help_text="UTF-8かShift_JIS。1行でも誤りがあれば登録しません。"
    )


class ReferenceForm(UiForm):
    """The form of a year as edited text."""

    text = forms.CharField(
        label="様式(TOML)",
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}),
        max_length=200_000,
    )
    from_on = EraDateField(label="この日から")
    note = forms.CharField(label="変更の理由", max_length=200)


class CaseForm(UiForm):
    """One initiative of the casebook."""

    who = forms.CharField(label="取組の中心", max_length=80)
    place = forms.CharField(label="所在", max_length=40, required=False)
    kind = forms.CharField(label="類型", max_length=20)
    summary = NoteField(label="概要", max_length=200, rows=2)
    other = forms.CharField(label="その他の印", max_length=60, required=False)
    other_certain = forms.BooleanField(label="その他の印の読み取りが確か", required=False)
    printed_class = forms.ChoiceField(
        label="資料に印刷された分類", choices=[("", "-"), *AreaClass.choices], required=False
    )
    area_name = forms.CharField(label="二次医療圏", max_length=40, required=False)
    population = forms.IntegerField(label="二次医療圏の人口(人)", min_value=0, required=False)
    km2 = forms.DecimalField(label="二次医療圏の面積(km²)", max_digits=9, decimal_places=2, required=False)
    figures_source = forms.CharField(label="人口・面積の出典", max_length=200, required=False)

    def __init__(self, *args: Any, row: LocalCase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.initial = getattr(row, name)
        for code, label in CareFunction.choices:
            self.fields[f"mark_{code}"] = forms.ChoiceField(
                label=f"{label}の印",
                choices=[("", "印なし"), *((m.value, f"{m.label} {_SAYS[m]}") for m in Mark)],
                required=False,
                initial=row.marks.get(code, ""),
            )

    def values(self) -> Mapping[str, Any]:
        """As the action takes them."""
        found = dict(self.cleaned_data)
        marks = {code: found.pop(f"mark_{code}") for code in CareFunction.values}
        return found | {"marks": marks}


_SAYS = {Mark.SURE: "読み取れた", Mark.LIKELY: "内容から推定", Mark.UNREAD: "有無を読み取れない"}
