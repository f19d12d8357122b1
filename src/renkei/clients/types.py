"""Words about systems and apps that cross the fence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db import models

from renkei.clients.scopes import (
    label_of,
    narrow,
    parse,
    permissions_of,
    register_scope,
    scope_word,
    vocabulary,
)
from renkei.fhirkit.server.refusals import TooMany as Throttled
from renkei.fhirkit.server.refusals import Unauthorised

__all__ = [
    "BearerRefused",
    "ClientDraft",
    "ClientKind",
    "Ended",
    "Login",
    "NewKeys",
    "TokenKind",
    "TooMany",
    "label_of",
    "narrow",
    "parse",
    "permissions_of",
    "register_facility_limit",
    "register_scope",
    "scope_word",
    "vocabulary",
    "within_limits",
]


class ClientKind(models.TextChoices):
    """A system acts in its facility's name; an app acts in the name of the person who let it in."""

    SYSTEM = "system", "システム(電子カルテなど)"
    APP = "app", "アプリ(人が使う)"


class Login(models.TextChoices):
    """How a client proves who it is (OAuth 2.0 ``token_endpoint_auth_method``)."""

    KEY = "private_key_jwt", "公開鍵(署名)"
    SECRET = "client_secret_basic", "合言葉(シークレット)"
    NONE = "none", "なし(端末のアプリ。PKCEで守る)"


class Ended(models.TextChoices):
    """Why a connection ended."""

    PERSON = "person", "本人が停止"
    FACILITY = "facility", "施設が停止"
    CLIENT = "client", "アプリが返却"
    REUSED = "reused", "不正の疑い(使用済みの番号が再び使われた)"


class TokenKind(models.TextChoices):
    """What a token opens."""

    ACCESS = "access", "アクセストークン"
    REFRESH = "refresh", "更新トークン"


class BearerRefused(Unauthorised):
    """An unknown, expired or withdrawn token (HTTP 401; RFC 6750 ``invalid_token``)."""


class TooMany(Throttled):
    """More requests than the client's limit (HTTP 429). ``retry_after_seconds`` goes into ``Retry-After``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            f"1分あたりの回数の上限を超えました。{retry_after_seconds}秒ほど待ってから送ってください。",
            retry_after_seconds,
        )


@dataclass(frozen=True)
class ClientDraft:
    """What an administrator says about a client."""

    name: str
    purpose: str
    contact_name: str
    contact_email: str
    contact_phone: str = ""
    scopes: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    rate_per_minute: int = 600


@dataclass(frozen=True)
class NewKeys:
    """A pasted JWK set (or one JWK) and the last day on which its keys count."""

    text: str
    expires_on: date


FacilityLimit = Callable[[int], frozenset[str] | None]
_limits: list[FacilityLimit] = []


def register_facility_limit(limit: FacilityLimit) -> None:
    """The floor above says what a facility's enrolment allows its clients: permissions, or None for no limit.

    Asked at most once per token and cache period; it must answer without a transaction of its own.
    """
    _limits.append(limit)


def within_limits(facility_id: int, permissions: frozenset[str]) -> frozenset[str]:
    """``permissions`` less what the facility's enrolment does not allow. Words of scopes are not touched."""
    for limit in _limits:
        allowed = limit(facility_id)
        if allowed is not None:
            permissions = frozenset(p for p in permissions if p in allowed or p.startswith("fhir:"))
    return permissions
