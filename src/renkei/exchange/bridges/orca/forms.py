"""The connection of a house, and the number that is asked for."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.exchange.models import OrcaConnection
from renkei.ui.forms import UiForm


class ConnectionForm(UiForm):
    """Where 日レセ answers."""

    base_url = forms.CharField(label="アドレス", max_length=200, help_text="例: http://orca.example.jp:8000")
    user = forms.CharField(label="利用者名", max_length=60)
    password = forms.CharField(
        label="パスワード",
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="空のままにすると、保存されているものを使い続けます。",
    )
    enabled = forms.BooleanField(label="使う", required=False, initial=True)

    def __init__(self, *args: Any, known: OrcaConnection | None = None, **kwargs: Any) -> None:
        if known is not None:
            kwargs["initial"] = {"base_url": known.base_url, "user": known.user, "enabled": known.enabled}
        super().__init__(*args, **kwargs)


class NumberForm(UiForm):
    """日レセの患者番号."""

    number = forms.CharField(
        label="日レセの患者番号",
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.fields["number"].widget.attrs["autofocus"] = True
