"""Addresses of log-in and of people. Every page of allauth that the house uses is named here; no other one exists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as key
from allauth.socialaccount import views as social
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from renkei.accounts import member_views, oidc, views
from renkei.gate.pages import public_page

BEFORE = "ログインの途中。だれであるかはこの画面が確かめる"
SELF = "ログインした本人の認証の設定だけを扱う(未ログインはログイン画面へ)"


def _door(route: str, view: Callable[..., Any], name: str, reason: str) -> URLPattern:
    return path(route, public_page(reason)(view), name=name)


log_in = [
    _door("login/", account.login, "account_login", BEFORE),
    _door("logout/", account.logout, "account_logout", BEFORE),
    _door("inactive/", account.account_inactive, "account_inactive", BEFORE),
    _door("reauthenticate/", account.reauthenticate, "account_reauthenticate", SELF),
    _door("password/change/", account.password_change, "account_change_password", SELF),
    # allauth sends people without a password here; in this house an administrator gives the first one.
    _door("password/none/", views.no_password, "account_set_password", SELF),
    _door("2fa/", factor.index, "mfa_index", SELF),
    _door("2fa/authenticate/", factor.authenticate, "mfa_authenticate", BEFORE),
    _door("2fa/reauthenticate/", factor.reauthenticate, "mfa_reauthenticate", SELF),
    _door("2fa/totp/activate/", totp.activate_totp, "mfa_activate_totp", SELF),
    _door("2fa/totp/deactivate/", totp.deactivate_totp, "mfa_deactivate_totp", SELF),
    _door("2fa/recovery-codes/", recovery.view_recovery_codes, "mfa_view_recovery_codes", SELF),
    _door(
        "2fa/recovery-codes/generate/", recovery.generate_recovery_codes, "mfa_generate_recovery_codes", SELF
    ),
    _door(
        "2fa/recovery-codes/download/", recovery.download_recovery_codes, "mfa_download_recovery_codes", SELF
    ),
    _door("2fa/passkeys/", key.list_webauthn, "mfa_list_webauthn", SELF),
    _door("2fa/passkeys/add/", key.add_webauthn, "mfa_add_webauthn", SELF),
    _door("2fa/passkeys/reauthenticate/", key.reauthenticate_webauthn, "mfa_reauthenticate_webauthn", SELF),
    _door("2fa/passkeys/<int:pk>/remove/", key.remove_webauthn, "mfa_remove_webauthn", SELF),
    _door("2fa/passkeys/<int:pk>/edit/", key.edit_webauthn, "mfa_edit_webauthn", SELF),
    _door("2fa/passkeys/login/", key.login_webauthn, "mfa_login_webauthn", BEFORE),
]
through_oidc = [
    _door("oidc/<str:provider_id>/login/", oidc.log_in, "openid_connect_login", BEFORE),
    _door("oidc/<str:provider_id>/login/callback/", oidc.callback, "openid_connect_callback", BEFORE),
    _door("oidc/cancelled/", social.login_cancelled, "socialaccount_login_cancelled", BEFORE),
    _door("oidc/error/", social.login_error, "socialaccount_login_error", BEFORE),
]
people = [
    path("me/", views.me, name="me"),
    path("me/shortcuts/", views.shortcuts, name="shortcuts"),
    path("me/sessions/end/", views.end_sessions, name="end_sessions"),
    path("me/join/", views.join, name="join"),
    path("switch/", views.switch, name="switch"),
    path("invitation/", views.enter_code, name="enter_code"),
    path("invitation/<str:code>/", views.invitation, name="invitation"),
    path("members/", member_views.members, name="members"),
    path("members/invite/", member_views.invite, name="invite"),
    path("members/invitations/<uuid:uid>/renew/", member_views.renew, name="renew_invitation"),
    path("members/invitations/<uuid:uid>/withdraw/", member_views.withdraw, name="withdraw_invitation"),
    path("members/invitations/<uuid:uid>/letter/", member_views.print_invitation, name="print_invitation"),
    path("members/<uuid:uid>/", member_views.member, name="member"),
    path("members/<uuid:uid>/end/", member_views.end, name="end_membership"),
    path("members/<uuid:uid>/unlock/", member_views.unlock, name="unlock"),
    path("members/<uuid:uid>/password/", member_views.reset_password, name="reset_password"),
    path("members/<uuid:uid>/password/letter/", member_views.print_password, name="print_password"),
    path("members/<uuid:uid>/second-factor/", member_views.remove_second_factor, name="remove_second_factor"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    *log_in,
    *(through_oidc if settings.OIDC_ON else []),
    path("", include((people, "accounts"))),
]
