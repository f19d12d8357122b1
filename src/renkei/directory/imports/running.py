"""Long lists are taken in by a job, so that nobody waits before a white page."""

from __future__ import annotations

from django.db import transaction

from renkei.directory.imports import actions
from renkei.directory.models import FacilityImport
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import enqueue, job
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
    """Write the whole list in one transaction; a refusal is shown on its page and nothing is written."""
    with system("確認された医療機関の一覧の取り込み") as actor, transaction.atomic():
        kept = FacilityImport.objects.visible_to(actor).filter(uid=import_uid, applied_at=None).first()
        if kept is None:
            return
        try:
            with transaction.atomic():
                actions.apply(actor, kept, leave_out_bad=kept.leave_out_bad)
        except DomainError as error:
            actions.note_problem(actor, kept, problem=error.message_ja)
