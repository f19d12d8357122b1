"""Forms of the import; saving goes through the actions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms

from renkei.directory.imports.columns import COLUMNS
from renkei.directory.imports.mapping import Columns
from renkei.directory.imports.tables import Table
from renkei.directory.types import FacilityKind
from renkei.kernel.identifiers import PREFECTURES
from renkei.ui.forms import UiForm

UNUSED = ("", "使わない")
SAMPLES = 3


class ImportForm(UiForm):
    """A list of facilities."""

    file = forms.FileField(
        label="ファイル",
        help_text="CSV(UTF-8かShift_JIS)かXLSX。10MB・10,000行まで。",
        widget=forms.FileInput(
            attrs={
                "accept": ".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        ),
    )


def _choices() -> Sequence[Any]:
    groups = [
        (group, [(column.field, column.name) for column in columns])
        for group, columns in groupby(COLUMNS, key=lambda column: column.group)
    ]
    merged: dict[str, list[tuple[str, str]]] = {}
    for group, columns in groups:
        merged.setdefault(group, []).extend(columns)
    return [UNUSED, *merged.items()]


class ColumnsForm(UiForm):
    """For each column of the list what it means, with samples of what stands in it; ``columns`` gives the answer."""

    kind = forms.ChoiceField(
        label="種別(列がないとき)",
        required=False,
        choices=[("", "列で決める"), *FacilityKind.choices],
        help_text="歯科だけの一覧のように、全部の行が同じ種別のときに選びます。",
    )
    prefecture = forms.ChoiceField(
        label="都道府県(7桁のコードのとき)",
        required=False,
        choices=[("", "住所で決める"), *((f"{n:02d}", name) for n, name in enumerate(PREFECTURES, start=1))],
    )
    uses_renkei = forms.BooleanField(
        label="新しい施設はRenkeiを使っている",
        required=False,
        help_text="外すと、紙・FAXで連絡する施設として登録します。",
    )
    save_as = forms.CharField(
        label="この対応を残す名前",
        required=False,
        max_length=60,
        help_text="例: 県の医療機関一覧。次に同じ列のファイルを選ぶと、この対応が出ます。",
    )

    def __init__(self, *args: Any, table: Table, proposed: Columns, save_as: str = "", **kwargs: Any) -> None:
        initial = {
            "kind": proposed.kind,
            "prefecture": proposed.prefecture,
            "uses_renkei": proposed.uses_renkei,
            "save_as": save_as,
        }
        super().__init__(*args, initial=initial, **kwargs)
        choices = _choices()
        self.heads = [(n, head) for n, head in enumerate(table.heads) if head]
        self.samples = {n: _samples(table, n) for n, _head in self.heads}
        for n, head in self.heads:
            self.fields[f"column_{n}"] = forms.ChoiceField(
                label=f"「{head}」の意味",
                choices=choices,
                required=False,
                initial=proposed.fields.get(head, ""),
            )

    def lines(self) -> list[tuple[str, list[str], Any]]:
        """Heading, samples and the bound choice of each column."""
        return [(head, self.samples[n], self[f"column_{n}"]) for n, head in self.heads]

    def rest(self) -> list[Any]:
        """The fields below the table."""
        return [self[name] for name in ("kind", "prefecture", "uses_renkei", "save_as")]

    def columns(self) -> Columns:
        """What was chosen."""
        said = self.cleaned_data
        fields = {head: said[f"column_{n}"] for n, head in self.heads}
        return Columns(fields, said["kind"], said["prefecture"], said["uses_renkei"])


def _samples(table: Table, at: int) -> list[str]:
    found = [cells[at].strip()[:40] for _, cells in table.rows[:200] if at < len(cells)]
    return list(dict.fromkeys(text for text in found if text))[:SAMPLES]
