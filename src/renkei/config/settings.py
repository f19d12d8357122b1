"""Django settings. Everything that differs between machines comes from the environment (see README, "for real")."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

from renkei.config.people import *  # noqa: F403
from renkei.config.tiles import checked

SRC = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("RENKEI_DATA", "data")).resolve()


def _on(name: str, default: str = "") -> bool:
    return os.environ.get(name, default).lower() in {"1", "true", "yes", "on"}


DEMO = _on("RENKEI_DEMO")
DEBUG = _on("RENKEI_DEBUG")
SECRET_KEY = os.environ.get("RENKEI_SECRET_KEY", "")
if not SECRET_KEY and (DEBUG or DEMO or _on("RENKEI_TEST")):
    SECRET_KEY = "only-for-demo-and-tests-never-for-real-use"  # noqa: S105
ALLOWED_HOSTS = os.environ.get("RENKEI_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("RENKEI_ORIGINS", "").split(",") if o]
BEHIND_TLS = _on("RENKEI_TLS")


def database(url: str) -> dict[str, Any]:
    """Django's settings of one connection from a libpq URL.

    A dead network is noticed after seconds, not after the kernel's quarter of an hour, and a web process gives a slow
    statement up after ``RENKEI_STATEMENT_SECONDS`` (0: never), so that a stuck database does not take every thread.
    Statements that are made once (``gate.compiled``) are prepared, with one plan for all values (ADR 0012).
    """
    parts = conninfo_to_dict(url)
    patience = 1000 * int(os.environ.get("RENKEI_STATEMENT_SECONDS", "0"))
    return {
        "ENGINE": "renkei.gate.backend",
        "NAME": parts.get("dbname", "renkei"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": "renkei",
            "connect_timeout": 5,
            "tcp_user_timeout": 15_000,
            "prepare_threshold": 5,
            "options": "-c plan_cache_mode=force_generic_plan"
            + (f" -c statement_timeout={patience} -c lock_timeout={patience}" if patience else ""),
        },
        "TEST": {"NAME": parts.get("dbname", "renkei")},
    }


_url = os.environ.get("DATABASE_URL", "postgresql://renkei_app@/renkei")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {**database(_url), "ATOMIC_REQUESTS": True},
    # A second connection of the same role: what was refused stays on record when the request rolls back.
    "trail": database(_url),
}
if "DATABASE_OWNER_URL" in os.environ:
    DATABASES["owner"] = database(os.environ["DATABASE_OWNER_URL"])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MODULES = [
    "audit",
    "jobs",
    "files",
    "events",
    "letters",
    "gate",
    "ui",
    "notices",
    "directory",
    "terms",
    "accounts",
    "clients",
    "enrolments",
    "patients",
    "circles",
    "referrals",
    "guests",
    "publications",
    "exchange",
    "api",
    "indicators",
    "webhooks",
    "schemes",
    "demo",
    "portal",
]
INSTALLED_APPS = [
    *[f"renkei.{name}" for name in MODULES if (SRC / name / "apps.py").exists()],
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    # The demo region lives in June 2026 and its clock can be moved; first, so that everything below sees one time.
    *(["renkei.demo.clock.DemoClockMiddleware"] if DEMO else []),
    # Calls with a token need no session, CSRF check or log-in: they are answered before those are made.
    "renkei.api.door.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "renkei.accounts.middleware.ActorMiddleware",
    "renkei.gate.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "renkei.portal.urls"
WSGI_APPLICATION = "renkei.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "renkei.portal.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# language, time
LANGUAGE_CODE = "ja"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

# files
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or _on("RENKEI_TEST")
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
COMPARE_COMPILED = _on("RENKEI_COMPARE_COMPILED")
"""Every use of a statement made once is compared with what Django would make (``gate.compiled``): in the tests."""
WHITENOISE_USE_FINDERS = DEBUG or _on("RENKEI_TEST")
# Tests make a client, and with it the middleware, hundreds of times: files are looked up when one is asked for.
WHITENOISE_AUTOREFRESH = DEBUG or _on("RENKEI_TEST")
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# the browser
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The map of the public search: a tile server as https://host/{z}/{x}/{y}.png, or nothing for a plain grid without any
# request to elsewhere. Its terms decide what has to stand beside the map. Only a page with a map may ask it.
RENKEI_TILES = checked(os.environ.get("RENKEI_TILES", ""))
RENKEI_TILES_ATTRIBUTION = os.environ.get("RENKEI_TILES_ATTRIBUTION", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# other systems: hosts inside the house that webhooks and bridges may reach, as "host" or "host:port"
RENKEI_INTERNAL_HOSTS = frozenset(
    host.strip().lower() for host in os.environ.get("RENKEI_INTERNAL_HOSTS", "").split(",") if host.strip()
)

# mail: the demo and tests keep it in the outbox page
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("RENKEI_SMTP_HOST")
    else "django.core.mail.backends.dummy.EmailBackend"
)
EMAIL_HOST = os.environ.get("RENKEI_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("RENKEI_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("RENKEI_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("RENKEI_SMTP_PASSWORD", "")
EMAIL_USE_TLS = _on("RENKEI_SMTP_TLS", "1")
DEFAULT_FROM_EMAIL = os.environ.get("RENKEI_MAIL_FROM", "renkei@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("RENKEI_LOG", "WARNING")},
}
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
