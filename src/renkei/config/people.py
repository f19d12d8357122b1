"""Settings of people who log in: passwords, second factor, sessions, throttling, OIDC. Imported by ``settings``."""

from __future__ import annotations

import os
from typing import Any

AUTH_USER_MODEL = "accounts.Person"
SESSION_ENGINE = "renkei.accounts.session_store"
AUTHENTICATION_BACKENDS = ["renkei.accounts.backends.PersonBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "renkei.accounts.password_rules.GuidelineValidator"},
    {"NAME": "renkei.accounts.password_rules.NotThePersonValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
# The words of third-party forms follow this list, not the browser: the product speaks Japanese.
LANGUAGES = [("ja", "日本語")]

# Counters and used codes must be one for all web processes; see accounts/cache.py.
CACHES = {
    "default": {
        "BACKEND": "renkei.accounts.cache.SharedCache",
        "LOCATION": "renkei_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
DATABASE_ROUTERS = ["renkei.accounts.cache.CacheRouter"]

ACCOUNT_ADAPTER = "renkei.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login_id"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_USER_DISPLAY = "renkei.accounts.adapters.display"
# A whole hospital may come from one address: the limit per address is wide, the lock per person is our own table.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    "login_failed": "300/m/ip,10/900s/key",
    "change_password": "10/m/user",
}
ACCOUNT_FORMS = {
    "login": "renkei.accounts.login_forms.LoginForm",
    "change_password": "renkei.accounts.login_forms.ChangePasswordForm",
    "reauthenticate": "renkei.accounts.login_forms.ReauthenticateForm",
}
# How many proxies of one's own stand before the web processes: the address in the trail and the limits is taken there.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("RENKEI_PROXIES", "0"))

MFA_ADAPTER = "renkei.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Renkei"
MFA_TOTP_TOLERANCE = 1
MFA_RATE_LIMITS = {"webauthn_login": "300/m/ip"}
MFA_FORMS = {
    "authenticate": "renkei.accounts.login_forms.CodeForm",
    "reauthenticate": "renkei.accounts.login_forms.CodeAgainForm",
    "activate_totp": "renkei.accounts.login_forms.ActivateTotpForm",
    "add_webauthn": "renkei.accounts.login_forms.AddKeyForm",
    "edit_webauthn": "renkei.accounts.login_forms.RenameKeyForm",
}
# Key of the second factors' secrets in the database; without it one is derived from SECRET_KEY.
RENKEI_FERNET_KEY = os.environ.get("RENKEI_FERNET_KEY", "")

SOCIALACCOUNT_ADAPTER = "renkei.accounts.adapters.OidcAdapter"
SOCIALACCOUNT_STORE_TOKENS = False


def oidc(environment: dict[str, str] | os._Environ[str]) -> dict[str, Any]:
    """allauth's provider settings from ``RENKEI_OIDC_URL``, ``_CLIENT_ID``, ``_SECRET``, ``_NAME`` and ``_CLAIM``.

    Empty without a URL: then no address of OIDC log-in exists. ``_CLAIM`` names the claim that holds the log-in id.
    """
    if not environment.get("RENKEI_OIDC_URL"):
        return {}
    app = {
        "provider_id": "oidc",
        "name": environment.get("RENKEI_OIDC_NAME") or "統合認証",
        "client_id": environment.get("RENKEI_OIDC_CLIENT_ID", ""),
        "secret": environment.get("RENKEI_OIDC_SECRET", ""),
        "settings": {
            "server_url": environment["RENKEI_OIDC_URL"],
            "oauth_pkce_enabled": True,
            "login_id_claim": environment.get("RENKEI_OIDC_CLAIM") or "preferred_username",
        },
    }
    return {"openid_connect": {"APPS": [app]}}


SOCIALACCOUNT_PROVIDERS = oidc(os.environ)
OIDC_ON = bool(SOCIALACCOUNT_PROVIDERS)
