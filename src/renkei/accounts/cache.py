"""The cache that all web processes share: counters of attempts and second-factor codes already used.

It lives on the second connection, outside the request's transaction: what was counted stays counted when the request
rolls back, and no request holds a counter's row while it works.
"""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache

from renkei.audit.trail import TRAIL_CONNECTION

_USED_CODE = "allauth.mfa.totp.used"
_USED_CODE_SECONDS = 150
"""Longer than a code is accepted (its own 30 seconds and one step to each side), so that none is accepted twice."""


class SharedCache(DatabaseCache):
    """Django's database cache; codes once used are remembered as long as they could be accepted."""

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store ``value`` unless ``key`` is there; True when it was stored."""
        if str(key).startswith(_USED_CODE):
            timeout = _USED_CODE_SECONDS
        return super().add(key, value, timeout, version)


class CacheRouter:
    """Sends the cache's table to the second connection."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """The second connection for the cache, no opinion on anything else."""
        return TRAIL_CONNECTION if model._meta.app_label == "django_cache" else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """As for reading."""
        return self.db_for_read(model)
