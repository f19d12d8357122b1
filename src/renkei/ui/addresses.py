"""Addresses that every page writes many times: found out once per process."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.urls import get_script_prefix, reverse

_ANY = UUID(int=0)
_NOBODY = str(_ANY)


def address(name: str, uid: UUID | str = "") -> str:
    """The address of the page ``name``, with ``uid`` where it takes one. Raises ``NoReverseMatch``."""
    found = _found(name, bool(uid), get_script_prefix(), settings.ROOT_URLCONF)
    return found.replace(_NOBODY, str(uid if isinstance(uid, UUID) else UUID(uid))) if uid else found


@lru_cache(maxsize=1_000)
def _found(name: str, with_uid: bool, prefix: str, urls: str) -> str:
    return reverse(name, args=[_ANY] if with_uid else [])
