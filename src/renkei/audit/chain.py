"""Hash chain over the trail: a removed, changed or added line shows.

Writers take a shared advisory lock inside the insert trigger and never wait for each other. The sealer asks for the
exclusive lock without queueing, so it never makes a writer wait either: when it gets it, every number up to the
highest one is committed or gone, and that batch is closed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connections, transaction

from renkei.audit.models import AuditSeal
from renkei.kernel import clock

LOCK = 7203001
BATCH = 10_000
GENESIS = "0" * 64

# The line of version 1: every column, in a text form that does not depend on session settings.
_LINE = """json_build_array(1, id, extract(epoch from at)::numeric(20,6)::text, outcome, action, says, actor_kind,
 person_id, actor_label, facility_id, facility_label, patient_ids, subject, subject_id, shown, changes, reason,
 request_id, address)::text"""
_DIGEST = f"""SELECT count(*), max(id), encode(sha256(convert_to(
  %s || E'\\n' || coalesce(string_agg(line, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')
 FROM (SELECT id, {_LINE} AS line FROM audit_auditentry WHERE id > %s AND id <= %s ORDER BY id LIMIT %s) lines"""


@dataclass(frozen=True)
class Verdict:
    """The result of a verification; ``broken_at`` names the first seal that does not hold."""

    seals: int
    entries: int
    unsealed: int
    broken_at: int | None = None
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether every seal fits its lines and its predecessor."""
        return self.broken_at is None


def _digest(previous: str, after: int, upto: int, *, limit: int, using: str) -> tuple[int, int, str]:
    with connections[using].cursor() as cursor:
        cursor.execute(_DIGEST, [previous, after, upto, limit])
        count, last, digest = cursor.fetchone()
    return int(count), int(last or after), str(digest)


def _closed_upto(using: str) -> int | None:
    """The highest number below which no insert can still be open, or None when writers are busy."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute("SELECT coalesce(max(id), 0) FROM audit_auditentry")
        return int(cursor.fetchone()[0])


def seal(*, using: str = "default", tries: int = 100, pause: float = 0.05) -> int:
    """Close and chain everything written so far; returns how many lines were sealed (0 when writers were busy)."""
    upto: int | None = None
    for attempt in range(tries):
        with transaction.atomic(using=using):
            upto = _closed_upto(using)
        if upto is not None:
            break
        if attempt + 1 < tries:
            time.sleep(pause)
    if upto is None:
        return 0
    sealed = 0
    while (done := _seal_batch(upto, using)) > 0:
        sealed += done
    return sealed


def _seal_batch(upto: int, using: str) -> int:
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK + 1])
        last = AuditSeal.objects.using(using).order_by("-last_entry").first()
        after, previous = (last.last_entry, last.digest) if last else (0, GENESIS)
        if upto <= after:
            return 0
        count, highest, digest = _digest(previous, after, upto, limit=BATCH, using=using)
        if count:
            AuditSeal.objects.using(using).create(
                first_entry=after + 1,
                last_entry=highest,
                entry_count=count,
                previous_digest=previous,
                digest=digest,
                sealed_at=clock.now(),
            )
        return count


def verify(*, using: str = "default") -> Verdict:
    """Recompute every seal; needs a role that sees the whole trail (owner or worker).

    In one transaction: outside of one the database shows the worker no line of the trail.
    """
    with transaction.atomic(using=using):
        return _verify(using)


def _verify(using: str) -> Verdict:
    previous, after, entries, number = GENESIS, 0, 0, 0
    for found in AuditSeal.objects.using(using).order_by("last_entry").iterator():
        number += 1
        if found.previous_digest != previous or found.first_entry != after + 1:
            return Verdict(number, entries, 0, found.pk, "前の封印とつながっていません。")
        count, highest, digest = _digest(previous, after, found.last_entry, limit=BATCH + 1, using=using)
        if (count, highest, digest) != (found.entry_count, found.last_entry, found.digest):
            return Verdict(number, entries, 0, found.pk, "記録の数または内容が封印と違います。")
        previous, after, entries = found.digest, found.last_entry, entries + count
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_auditentry WHERE id > %s", [after])
        unsealed = int(cursor.fetchone()[0])
    return Verdict(number, entries, unsealed)
