"""allauth's forms in the dress of the house: Japanese labels, our field component, our errors."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.conf import settings
from django.forms import Field
from django.urls import reverse

from renkei.accounts.password_rules import GuidelineValidator
from renkei.ui.forms import UiMixin

_CODE: dict[str, Any] = {"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}


def _dress(field: Field, label: str, help_text: str = "", **attrs: Any) -> None:
    field.label, field.help_text = label, help_text
    field.error_messages["required"] = f"「{label}」を入力してください。"
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs.update(attrs)


class LoginForm(UiMixin, account.LoginForm):
    """Log-in id and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["login"], "ログインID", autocapitalize="none", spellcheck="false", autofocus=True)
        _dress(self.fields["password"], "パスワード")

    def oidc(self) -> dict[str, str]:
        """``name`` and ``url`` of the identity provider, empty where none is configured."""
        if not settings.OIDC_ON:
            return {}
        app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
        return {"name": app["name"], "url": reverse("openid_connect_login", args=[app["provider_id"]])}


class ChangePasswordForm(UiMixin, account.ChangePasswordForm):
    """Old and new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["oldpassword"], "今のパスワード", autofocus=True)
        _dress(self.fields["password1"], "新しいパスワード", GuidelineValidator().get_help_text())
        _dress(self.fields["password2"], "新しいパスワード(確認)", "同じものをもう一度入力します。")


class ReauthenticateForm(UiMixin, account.ReauthenticateForm):
    """The password once more before a page that guards the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["password"], "パスワード", autofocus=True)


class CodeForm(UiMixin, mfa.AuthenticateForm):
    """The number of the authenticator app, or a recovery code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["code"], "番号", "認証アプリの6桁の番号、または予備コード8桁。", **_CODE)


class CodeAgainForm(UiMixin, mfa.ReauthenticateForm):
    """The same before a page that guards the account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["code"], "番号", "認証アプリの6桁の番号、または予備コード8桁。", **_CODE)


class ActivateTotpForm(UiMixin, totp.ActivateTOTPForm):
    """The first number that the app shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["code"], "アプリに出た6桁の番号", **_CODE)


class AddKeyForm(UiMixin, webauthn.AddWebAuthnForm):
    """Name of a passkey; the credential is filled in by the browser."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["name"], "名前", "どの端末・鍵かがあとで分かる名前。")
        _dress(
            self.fields["passwordless"],
            "パスワードなしのログインにも使う",
            "指紋・顔・PINで本人を確かめられる端末だけで使えます。",
        )


class RenameKeyForm(UiMixin, webauthn.EditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self.fields["name"], "名前")
