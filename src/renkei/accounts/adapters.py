"""Where allauth asks the house: who may log in, how often, with which words, and how secrets are kept."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from renkei.accounts import log, oidc, second_factor, throttle
from renkei.accounts.models import Person
from renkei.accounts.queries import workplaces
from renkei.accounts.rules import number
from renkei.gate.context import system
from renkei.kernel import clock

RECENT_SECONDS = 300
"""A log-in this fresh opens the second-factor pages without asking for the password once more."""

_SAYS = {
    "account/messages/password_changed.txt": "パスワードを変更しました。",
    "mfa/messages/totp_activated.txt": "認証アプリを登録しました。",
    "mfa/messages/totp_deactivated.txt": "認証アプリを解除しました。",
    "mfa/messages/webauthn_added.txt": "パスキーを登録しました。",
    "mfa/messages/webauthn_removed.txt": "パスキーを削除しました。",
    "mfa/messages/recovery_codes_generated.txt": "予備コードを作りました。",
}


def display(person: Person) -> str:
    """How allauth names a person."""
    return person.name


class AccountAdapter(DefaultAccountAdapter):
    """Log-in with a log-in id and a password; nobody signs up by themselves."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "ログインIDまたはパスワードが違います。大文字・小文字を確かめて、もう一度入力してください。",
        "incorrect_password": "パスワードが違います。もう一度入力してください。",
        "enter_current_password": "今のパスワードが違います。もう一度入力してください。",
        "too_many_login_attempts": "何度も続けて失敗したため、しばらく受け付けられません。15分ほど待ってからお試しください。",
        "incorrect_code": "番号が違います。認証アプリに今出ている番号を入力してください。一度使った番号は使えません。",
        "account_inactive": "このアカウントは停止されています。施設の管理者に連絡してください。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts come from invitations only."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse a locked log-in id before anything is hashed."""
        until = throttle.admit(str(credentials.get("username", "")))
        if until is None:
            return
        at = until.astimezone(clock.JST)
        log.refused(str(credentials.get("username", "")), "ログイン(ロック中)")
        raise ValidationError(
            f"続けて失敗したため、ロックされています。{at:%H:%M}以降にもう一度お試しください。お急ぎの場合は施設の管理者に解除を依頼してください。",
            code="locked",
        )

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The person, if the password is right and, being a one-time code, still in time."""
        person = super().authenticate(request, **credentials)
        if person is None:
            return None
        if isinstance(person, Person) and person.code_expired():
            log.refused(person.login_id, "期限の切れた一回限りの番号でのログイン")
            raise ValidationError(
                "この番号は期限が切れています。施設の管理者に、もう一度発行を依頼してください。",
                code="code_expired",
            )
        throttle.clear(str(credentials.get("username", "")))
        return person

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Open the session; a password older than the facility allows must be changed first."""
        super().login(request, user)
        assert isinstance(user, Person)
        limits = [number("password.max_age_days", facility_id) for facility_id in workplaces(user.pk)]
        days = min((limit for limit in limits if limit > 0), default=0)
        if not user.has_usable_password():
            return  # who comes through the provider or with a passkey only has none that could grow old
        if days and clock.now() - user.password_changed_at > timedelta(days=days):
            user.must_change_password = True
            user.save(update_fields=["must_change_password"])

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count and put on record; the tenth failure in a row locks."""
        login_id = str(credentials.get("username", ""))
        locks = throttle.failed(login_id)
        log.refused(login_id, "ログインの失敗(ロックしました)" if locks else "ログインの失敗")

    def clean_password(self, password: str, user: AbstractBaseUser | None = None) -> str:
        """The rules of the house, and not the password that was there before."""
        password = super().clean_password(password, user)
        if user is not None and user.pk and user.check_password(password):
            raise ValidationError(
                "今と同じパスワードは使えません。別のものにしてください。", code="password_same"
            )
        return password

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """The person chose this password: a one-time code has done its work."""
        assert isinstance(user, Person)
        user.must_change_password = False
        user.code_valid_until = None
        super().set_password(user, password)

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Only what is worth saying, in the words of the house."""
        says = _SAYS.get(message_template or "")
        if says:
            super().add_message(request, level, message=says)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not right after the log-in itself."""
        records = get_authentication_records(self.request, self.request.user)
        latest = max((float(record["at"]) for record in records), default=0.0)
        if time.time() - latest < RECENT_SECONDS:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factor: secrets are encrypted at rest."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """Encrypt with the site's key."""
        return second_factor.fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt; ``InvalidToken`` when the site's key was changed."""
        return second_factor.fernet().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        """What the authenticator app shows under the issuer."""
        return str(user.get_username())

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return str(user.get_username())

    def generate_authenticator_name(  # the name of the argument is allauth's
        self,
        user: AbstractBaseUser,
        type: Authenticator.Type,  # noqa: A002
    ) -> str:
        """``パスキー1``, ``パスキー2`` …"""
        return f"パスキー{Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1}"


class OidcAdapter(DefaultSocialAccountAdapter):
    """Log-in through the facility's own identity provider, for people who have an account here already."""

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> oidc.Provider:
        """The provider with the checks of the house."""
        return oidc.Provider(request, app=self.get_app(request, provider=provider, client_id=client_id))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """A provider opens no accounts."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Put on record what the provider could not confirm; the reason is for the operator."""
        if error != AuthError.CANCELLED:
            oidc.logger.warning("log-in by OpenID Connect refused: %.300s", exception or "unknown state")
            log.refused_before("統合認証でのログイン(確認できず)")

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the person by the claim that holds the log-in id; strangers get a page that says what to do."""
        known, login_id = sociallogin.is_existing, ""
        person = sociallogin.user if known else None
        if not known:
            apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
            login_id = _claim(sociallogin.account.extra_data, apps[0]["settings"]["login_id_claim"])
            with system("log-in through OIDC"), transaction.atomic():
                person = Person.objects.filter(login_id__iexact=login_id).first() if login_id else None
        if person is None:
            _turn_away(request, login_id, "アカウントなし", unknown=True)
        elif not person.is_active:
            _turn_away(request, person.login_id, "停止中のアカウント", inactive=True)
        elif not known:
            sociallogin.connect(request, person)


def _turn_away(request: HttpRequest, login_id: str, why: str, **context: bool) -> NoReturn:
    log.refused(login_id, f"統合認証でのログイン({why})")
    page = render(request, "socialaccount/authentication_error.html", context, status=403)
    raise ImmediateHttpResponse(page)


def _claim(data: dict[str, Any], claim: str) -> str:
    """The claim from the user info or the id token, whichever the provider filled."""
    for part in (data, data.get("userinfo"), data.get("id_token")):
        if isinstance(part, dict) and part.get(claim):
            return str(part[claim])
    return ""
