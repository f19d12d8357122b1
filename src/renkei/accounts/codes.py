"""Codes that are shown or printed once: invitations and one-time passwords. Easy to read aloud, hard to guess."""

from __future__ import annotations

import hashlib
import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_DIGITS = "23456789"


def fresh() -> str:
    """``k7mp-x3qa-9rtb-w4hd``: 16 characters without look-alikes (about 79 bits), letters and digits in each part."""
    parts: list[str] = []
    while len(parts) < 4:
        part = "".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4))
        if any(c in _LETTERS for c in part) and any(c in _DIGITS for c in part):
            parts.append(part)
    return "-".join(parts)


def digest(code: str) -> str:
    """What is kept of an invitation's code; typed spaces, hyphens and capitals do not matter."""
    plain = "".join(c for c in code.lower() if c.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
