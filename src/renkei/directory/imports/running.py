"""Long lists are taken in by a job, so that nobody waits before a white page."""

from __future__ import annotations

from uuid import UUID

from django.db import connections, transaction

from renkei.audit.trail import TRAIL_CONNECTION
from renkei.directory.imports import actions
from renkei.directory.models import FacilityImport, ImportProgress
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.kernel.errors import DomainError

AT_ONCE = 100
"""Rows that are written while the person waits."""


def run(actor: Actor, kept: FacilityImport, *, leave_out_bad: bool = False) -> FacilityImport:
    """Take the list in: at once when it is short, else by :func:`take_in`. The same refusals either way."""
    rows = kept.summary.get("new", 0) + kept.summary.get("change", 0)
    if rows <= AT_ONCE:
        actions.apply(actor, kept, leave_out_bad=leave_out_bad)
    else:
        with transaction.atomic():
            actions.begin(actor, kept, leave_out_bad=leave_out_bad)
            enqueue(take_in, import_uid=str(kept.uid))
    return kept


@job(retries=2)
def take_in(import_uid: str) -> None:
    """Write the whole list in one transaction; a refusal is shown on its page and nothing is written.

    A worker that is killed leaves nothing behind, and the list is begun again: ``jobs.take_up_abandoned``.
    """
    with system("確認された医療機関の一覧の取り込み") as actor, transaction.atomic():
        kept = FacilityImport.objects.visible_to(actor).filter(uid=import_uid, applied_at=None).first()
        if kept is None:
            return
        try:
            with transaction.atomic():
                actions.apply(
                    actor, kept, leave_out_bad=kept.leave_out_bad, tell=lambda done: tell(kept.uid, done)
                )
        except DomainError as error:
            actions.note_problem(actor, kept, problem=error.message_ja)


def tell(import_uid: UUID, done: int) -> None:
    """Say how far the job is, on the second connection: its own transaction shows nothing before the end."""
    with transaction.atomic(using=TRAIL_CONNECTION), connections[TRAIL_CONNECTION].cursor() as cursor:
        cursor.execute(
            "UPDATE directory_importprogress SET done = %s, changed_at = %s WHERE import_uid = %s",
            [done, clock.now(), import_uid],
        )


def done(actor: Actor, kept: FacilityImport) -> int:
    """How many rows the job has written so far."""
    found = ImportProgress.objects.visible_to(actor).filter(import_uid=kept.uid).first()
    return found.done if found else 0
