"""Random tokens, and the digests that are kept of them."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime

from renkei.kernel import clock

TOKEN = re.compile(r"[A-Za-z0-9_-]{20,200}")


def fresh() -> str:
    """256 random bits, safe in a URL. Shown once; only :func:`digest` is kept."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What the database keeps. Plain SHA-256: 256 random bits need no slow hash, and every request computes it."""
    return hashlib.sha256(token.encode()).hexdigest()


def real_now() -> datetime:
    """The machine's time: lives of tokens do not follow the demo region's calendar, which can be moved."""
    return clock.now() - clock.offset()
