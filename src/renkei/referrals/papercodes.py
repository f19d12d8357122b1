"""The code on a paper that comes back: 38 letters and digits that say nothing to anybody but this installation.

Ten random bytes name a row (:class:`renkei.referrals.models.PaperCode`), three say which reply the form asks for and until
when it counts, nine sign all of it. Short, so that the squares are large enough for a fax at 100 dpi.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac

from renkei.referrals.types import ReplyKind

PREFIX = "R1"
LENGTH = 38
_KEY, _BODY, _SIGNATURE = 10, 13, 9
_FIRST_DAY = date(2020, 1, 1)
_SALT = "renkei.referrals.papercode"
KINDS = ("", ReplyKind.ARRIVAL_NOTICE, ReplyKind.INTERIM_REPORT, ReplyKind.FINAL_REPORT)
"""'' stands on the cover and on the letter: it knows the referral, and asks for no kind of reply."""


@dataclass(frozen=True)
class ReadCode:
    """What a genuine code says: the ``key`` of its row, the kind of reply ('' for none), the last day it counts."""

    key: str
    kind: str
    valid_until: date


def new_key() -> str:
    """A name for a row that nobody can guess, in hex."""
    return secrets.token_bytes(_KEY).hex()


def write(key: str, kind: str, valid_until: date) -> str:
    """The text of a code."""
    days = (valid_until - _FIRST_DAY).days
    body = bytes.fromhex(key) + bytes([KINDS.index(kind)]) + days.to_bytes(2, "big")
    signed = body + _signature(body, settings.SECRET_KEY)
    return PREFIX + base64.b32encode(signed).decode().rstrip("=")


def read(text: str) -> ReadCode | None:
    """What ``text`` says, or None for anything that this installation did not sign."""
    if len(text) != LENGTH or not text.startswith(PREFIX):
        return None
    try:
        signed = base64.b32decode(text[len(PREFIX) :] + "====")
    except (binascii.Error, ValueError):
        return None
    body, signature = signed[:_BODY], signed[_BODY:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if len(signed) != _BODY + _SIGNATURE or not any(
        hmac.compare_digest(signature, _signature(body, key)) for key in keys
    ):
        return None
    if body[_KEY] >= len(KINDS):
        return None
    day = _FIRST_DAY + timedelta(days=int.from_bytes(body[_KEY + 1 :], "big"))
    return ReadCode(body[:_KEY].hex(), str(KINDS[body[_KEY]]), day)


def looks_ours(text: str) -> bool:
    """Whether a code claims to be one of these, genuine or not."""
    return text.startswith(PREFIX) and len(text) == LENGTH


def _signature(body: bytes, key: str | bytes) -> bytes:
    return salted_hmac(_SALT, body, secret=key, algorithm="sha256").digest()[:_SIGNATURE]
