"""Reference codes (受付番号): what a guest reads out and types to see where the request stands."""

from __future__ import annotations

import re
import secrets

from django.core import signing

from renkei.kernel.text import to_plain_number

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0, O, 1, I and L: the code is read out on the telephone."""
LENGTH = 10
_SALT = "renkei.guests.code"
FORM_SECONDS = 12 * 60 * 60


def new_code() -> str:
    """``K7QMX4XTPF``: 49 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """``K7QMX-4XTPF``."""
    return f"{code[:5]}-{code[5:]}"


def read(text: str) -> str:
    """A code as typed: any width and case, with or without the hyphen. May be no code at all."""
    return re.sub(r"[\s-]", "", to_plain_number(text)).upper()[:LENGTH]


def ticket(code: str, facility_id: int) -> str:
    """The code for the form that is being filled in: the form sent twice is one request."""
    return signing.dumps([code, facility_id], salt=_SALT)


def from_ticket(text: str, facility_id: int) -> str:
    """The code of a form; a new one when the form is too old or not ours."""
    try:
        code, house = signing.loads(text, salt=_SALT, max_age=FORM_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return new_code()
    return str(code) if house == facility_id else new_code()
