"""Where sessions live: Django's own table, read by a statement that is made once (``SESSION_ENGINE``)."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db.models import QuerySet

from renkei.gate.actor import ANONYMOUS, Actor
from renkei.gate.compiled import fetch


class SessionStore(db.SessionStore):
    """Django's sessions in the database; every request reads one."""

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        found = fetch(ANONYMOUS, "session", self._with_key, str(self.session_key))
        # Sessions end by the machine's clock, not by the demo's.
        if found and found[0].expire_date.timestamp() > time.time():
            return found[0]
        self._session_key: str | None = None
        return None

    def _with_key(self, nobody: Actor, key: str) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model._default_manager.filter(session_key=key)
        return rows
