"""Forms about clients."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms

from renkei.clients.models import Client
from renkei.clients.present import scope_choices, ticked
from renkei.clients.types import ClientDraft, ClientKind, Login, NewKeys
from renkei.kernel import clock
from renkei.ui.forms import EraDateField, NoteField, UiForm

APP_LOGINS = [
    (str(Login.NONE), "なし: 端末に入れるアプリ、ブラウザーで動くアプリ"),
    (str(Login.SECRET), "合言葉: サーバーを持つアプリ(発行は登録のあと)"),
    (str(Login.KEY), "公開鍵: サーバーを持つアプリ(より安全)"),
]


class ClientForm(UiForm):
    """Who it is, whom to call, what it may do."""

    name = forms.CharField(label="名称", max_length=60, help_text="許可を求める画面に表示されます。")
    purpose = forms.CharField(
        label="何をするか", max_length=200, help_text="例: 外来の予定表に紹介患者の来院予定を表示する"
    )
    login = forms.ChoiceField(label="本人確認の方法", choices=APP_LOGINS, widget=forms.RadioSelect)
    contact_name = forms.CharField(label="担当者(会社・氏名)", max_length=80)
    contact_email = forms.EmailField(label="担当者のメール")
    contact_phone = forms.CharField(label="担当者の電話", max_length=20, required=False)
    scopes = forms.MultipleChoiceField(
        label="扱ってよい情報", widget=forms.CheckboxSelectMultiple, required=False
    )
    redirect_uris = NoteField(
        label="アプリに戻るアドレス",
        required=False,
        rows=2,
        max_length=2000,
        help_text="1行に1つ。一字一句同じときだけ戻ります。「本人確認なし」のアプリは、同じサイト(https)のページからAPIを呼べます。",
    )
    addresses = NoteField(
        label="利用できるIPアドレス",
        required=False,
        rows=2,
        max_length=1000,
        help_text="1行に1つ。例: 192.0.2.0/24。空にすると、どこからでも利用できます。",
    )
    rate_per_minute = forms.IntegerField(
        label="1分あたりの上限(回)", min_value=1, max_value=60_000, initial=600
    )

    def __init__(self, kind: ClientKind, *args: Any, client: Client | None = None, **kwargs: Any) -> None:
        if client is not None:
            fields = ("name", "purpose", "contact_name", "contact_email", "contact_phone", "rate_per_minute")
            initial = {field: getattr(client, field) for field in fields}
            initial["scopes"] = ticked(client.scopes)
            initial["redirect_uris"] = "\n".join(client.redirect_uris)
            initial["addresses"] = "\n".join(client.addresses)
            kwargs.setdefault("initial", {}).update(initial)
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.fields["scopes"].choices = scope_choices(kind)  # type: ignore[attr-defined]
        if kind is ClientKind.SYSTEM:
            del self.fields["redirect_uris"]
        if kind is ClientKind.SYSTEM or client is not None:
            del self.fields["login"]

    def draft(self) -> ClientDraft:
        """What was entered."""
        data = self.cleaned_data
        return ClientDraft(
            name=data["name"],
            purpose=data["purpose"],
            contact_name=data["contact_name"],
            contact_email=data["contact_email"],
            contact_phone=data["contact_phone"],
            scopes=tuple(data["scopes"]),
            redirect_uris=tuple(data.get("redirect_uris", "").split()),
            addresses=tuple(data["addresses"].split()),
            rate_per_minute=data["rate_per_minute"],
        )

    def chosen_login(self) -> Login:
        """Systems sign; an app's way was chosen."""
        return Login.KEY if self.kind is ClientKind.SYSTEM else Login(self.cleaned_data["login"])


class KeysForm(UiForm):
    """A pasted public key with its last day."""

    keys = NoteField(
        label="公開鍵(JWK または JWK Set)",
        rows=5,
        max_length=20_000,
        help_text="担当者から受け取ったJSONをそのまま貼ります。秘密鍵は受け取らないでください。",
    )
    expires_on = EraDateField(label="使える最後の日")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("expires_on", clock.today() + timedelta(days=365))
        super().__init__(*args, **kwargs)

    def new_keys(self) -> NewKeys:
        """What was entered."""
        return NewKeys(self.cleaned_data["keys"], self.cleaned_data["expires_on"])
