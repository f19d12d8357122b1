"""Lock-out (アカウントロック): counts failed log-ins per log-in id, the same for every web process.

``admit`` stands before any hashing. It holds the counter's row until the request ends, so that guesses fired at the same
instant come one after the other and the limit cannot be overrun.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from renkei.accounts.models import LoginAttempt
from renkei.accounts.rules import number
from renkei.gate.context import system
from renkei.kernel import clock


def _digest(login_id: str) -> str:
    return hashlib.sha256(login_id.strip().lower().encode()).hexdigest()


def realm(*words: str) -> str:
    """The counter of something else than a person. No log-in id holds the mark between the words."""
    return "\x00".join(("", *words))


def admit(login_id: str) -> datetime | None:
    """None when a try is allowed, else until when the log-in id is locked."""
    with system("log-in throttle") as actor, transaction.atomic():
        LoginAttempt.objects.visible_to(actor).get_or_create(login_digest=_digest(login_id))
        row = LoginAttempt.objects.visible_to(actor).select_for_update().get(login_digest=_digest(login_id))
        return row.locked_until if row.locked_until and row.locked_until > clock.now() else None


def failed(login_id: str, *, times: int = 1) -> bool:
    """Count a failure; True when this one locked the log-in id. ``times`` the usual number of failures are let pass."""
    now = clock.now()
    minutes = number("login.lock_minutes")
    with system("log-in throttle") as actor, transaction.atomic():
        row = LoginAttempt.objects.visible_to(actor).select_for_update().get(login_digest=_digest(login_id))
        fresh = row.last_failed_at is None or now - row.last_failed_at > timedelta(minutes=minutes)
        row.failures = 1 if fresh else row.failures + 1
        row.last_failed_at = now
        locks = row.failures >= times * number("login.failures_until_lock")
        row.locked_until = now + timedelta(minutes=minutes) if locks else None
        row.failures = 0 if locks else row.failures
        row.save()
        return locks


def clear(login_id: str) -> None:
    """After a good log-in, or when an administrator unlocks."""
    with system("log-in throttle") as actor, transaction.atomic():
        LoginAttempt.objects.visible_to(actor).filter(login_digest=_digest(login_id)).delete()


def locked(login_ids: list[str]) -> set[str]:
    """Which of ``login_ids`` are locked right now."""
    by_digest = {_digest(login_id): login_id for login_id in login_ids}
    with system("who is locked") as actor, transaction.atomic():
        rows = LoginAttempt.objects.visible_to(actor).filter(
            login_digest__in=list(by_digest), locked_until__gt=clock.now()
        )
        return {by_digest[row.login_digest] for row in rows}


def standing(login_ids: list[str]) -> dict[str, datetime | None]:
    """Those of ``login_ids`` that failed lately, and until when each is locked (None: not). Nobody waits for anybody."""
    by_digest = {_digest(login_id): login_id for login_id in login_ids}
    with system("who is locked") as actor, transaction.atomic():
        rows = LoginAttempt.objects.visible_to(actor).filter(login_digest__in=list(by_digest))
        now = clock.now()
        return {
            by_digest[row.login_digest]: row.locked_until
            if row.locked_until and row.locked_until > now
            else None
            for row in rows
        }


def forget(before: datetime) -> int:
    """Delete counters whose last failure lies before that instant; returns how many."""
    with system("forgetting failed log-ins") as actor, transaction.atomic():
        old = LoginAttempt.objects.visible_to(actor).filter(last_failed_at__lt=before)
        return int(old.delete()[0])
