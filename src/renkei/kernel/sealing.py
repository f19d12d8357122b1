"""Secrets that the product must be able to read again (keys of receivers, passwords of other systems), encrypted at rest."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


def seal(secret: str, *, keys: tuple[str, str], purpose: str) -> str:
    """``secret`` as a token for the database; ``keys`` are (own Fernet key or "", the installation's secret key)."""
    return _fernet(keys, purpose).encrypt(secret.encode()).decode()


def unseal(token: str, *, keys: tuple[str, str], purpose: str) -> str | None:
    """What was sealed for this ``purpose``; None when the keys are others (a restored database without its key)."""
    try:
        return _fernet(keys, purpose).decrypt(token.encode()).decode()
    except InvalidToken:
        return None


def _fernet(keys: tuple[str, str], purpose: str) -> Fernet:
    own, general = keys
    digest = hashlib.sha256(f"renkei {purpose}\0{own or general}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
