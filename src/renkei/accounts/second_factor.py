"""The second factor (二要素認証): whether it is on, taking it away at the desk, and the key of its secrets."""

from __future__ import annotations

import base64
import hashlib

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings

_REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_on(person_id: int) -> bool:
    """Whether the person has an authenticator app or a passkey; recovery codes alone do not count."""
    return Authenticator.objects.filter(user_id=person_id, type__in=_REAL).exists()


def who_has_it(person_ids: list[int]) -> set[int]:
    """Those of ``person_ids`` who have a second factor."""
    rows = Authenticator.objects.filter(user_id__in=person_ids, type__in=_REAL)
    return set(rows.values_list("user_id", flat=True))


def remove(person_id: int) -> None:
    """Take every second factor away (phone lost, staff at the desk saw the person)."""
    Authenticator.objects.filter(user_id=person_id).delete()


def fernet() -> Fernet:
    """The key of the secrets in the database: ``RENKEI_FERNET_KEY``, else derived from ``SECRET_KEY``."""
    if settings.RENKEI_FERNET_KEY:
        return Fernet(settings.RENKEI_FERNET_KEY.encode())
    digest = hashlib.sha256(b"renkei second factor\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
