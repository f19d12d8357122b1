"""What an administrator says about a receiver."""

from __future__ import annotations

from typing import Any

from django import forms

from renkei.ui.forms import UiForm
from renkei.webhooks.models import Subscription
from renkei.webhooks.types import KINDS


class ReceiverForm(UiForm):
    """Name, address, events."""

    name = forms.CharField(label="名称", max_length=60)
    url = forms.CharField(label="送り先のアドレス", max_length=500, help_text="例: https://example.jp/renkei")
    kinds = forms.MultipleChoiceField(
        label="知らせる出来事", choices=list(KINDS.items()), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, receiver: Subscription | None = None, **kwargs: Any) -> None:
        if receiver is not None:
            kwargs["initial"] = {"name": receiver.name, "url": receiver.url, "kinds": receiver.kinds}
        super().__init__(*args, **kwargs)
