"""Forms of a facility's own data; saving goes through the actions."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.directory.models import FacilityProfile
from renkei.directory.profiles.types import FLAGS, LANGUAGES
from renkei.directory.types import CareFunction
from renkei.ui.forms import EraDateField, NoteField, UiForm

_PLAIN = ("message", "website")


def _boxes(label: str, choices: list[tuple[str, str]], help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


class ProfileForm(UiForm):
    """What people look for beyond name and hours; ``values`` gives what the action takes."""

    message = forms.CharField(
        label="ひとこと", required=False, max_length=300, help_text="検索の結果に載ります。300文字まで"
    )
    website = forms.CharField(
        label="ホームページ", required=False, max_length=200, help_text="例: https://example.jp/"
    )
    flags = _boxes("できること・設備", list(FLAGS.items()))
    functions = _boxes(
        "かかりつけ医機能(2号)",
        list(CareFunction.choices),
        "都道府県に報告した機能だけを選びます(1号の要件を満たしていることが前提です)。",
    )
    languages = _boxes("日本語のほかに話せる言語", list(LANGUAGES.items()))
    listed = forms.BooleanField(
        label="公開の検索に載せる",
        required=False,
        help_text="外すと、ログインしない人の検索には出ません。連携先の画面には出ます。",
    )

    def __init__(self, *args: Any, reported: bool = False, **kwargs: Any) -> None:
        """``reported``: the function report says the functions, the profile does not ask for them."""
        super().__init__(*args, **kwargs)
        if reported:
            del self.fields["functions"]

    @classmethod
    def initial_of(cls, row: FacilityProfile) -> dict[str, Any]:
        """The present values."""
        names = (*_PLAIN, "functions", "languages", "listed")
        values = {name: getattr(row, name) for name in names}
        return values | {"flags": [name for name in FLAGS if getattr(row, name)]}

    def values(self) -> dict[str, Any]:
        """The cleaned values as ``edit_profile`` takes them."""
        values = dict(self.cleaned_data)
        chosen = values.pop("flags")
        return values | {name: name in chosen for name in FLAGS}


class ClosingDayForm(UiForm):
    """Days on which the facility is closed out of turn."""

    from_on = EraDateField(label="はじめの日", help_text="例: 2026-08-12、R8.8.12")
    until_on = EraDateField(label="おわりの日", required=False, help_text="1日だけなら空のまま")
    note = forms.CharField(
        label="理由・案内", required=False, max_length=100, help_text="例: 夏季休診。急患は○○病院へ"
    )


class SuspendForm(UiForm):
    """A facility rests for a time."""

    from_on = EraDateField(label="休止のはじめの日", help_text="例: 2026-08-12、R8.8.12")
    back_on = EraDateField(
        label="再開予定日",
        required=False,
        help_text="診療を再び始める日。この日に自動で再開します。決まっていなければ空のまま",
    )
    note = forms.CharField(
        label="理由・案内", required=False, max_length=100, help_text="例: 院長療養のため。急患は○○病院へ"
    )


class ResumeForm(UiForm):
    """A facility comes back."""

    back_on = EraDateField(
        label="再開日", help_text="診療を再び始める日。先の日付なら、その日に自動で再開します。"
    )


class NumberForm(UiForm):
    """A new institution number."""

    number = forms.CharField(
        label="新しい医療機関番号", max_length=20, help_text="10桁(都道府県2桁+点数表1桁+7桁)"
    )
    from_on = EraDateField(label="この日から", help_text="例: 2026-06-01。先の日付は登録できません")


class NoteForm(UiForm):
    """A note about another facility for one's own house."""

    text = NoteField(label="メモ", max_length=500, rows=2)
