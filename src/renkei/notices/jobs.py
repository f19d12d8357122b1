"""Mails that a killed worker left behind go out after all."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from renkei.gate.context import system
from renkei.jobs.queue import enqueue, periodic
from renkei.kernel import clock
from renkei.notices.models import MailState, OutgoingMail
from renkei.notices.outbox import send

# Longer than the longest pause between two attempts (4^7 seconds).
PATIENCE = timedelta(hours=6)
FIRST_PATIENCE = timedelta(minutes=30)


@periodic("*/10 * * * *")
def pick_up_stranded() -> None:
    """Queue again what waits without a job; a mail that has one is sent once all the same (locked, then by state)."""
    with system("残された送信待ちメールの確認") as actor, transaction.atomic():
        now = clock.now()
        stranded = Q(tried_at=None, created_at__lt=now - FIRST_PATIENCE) | Q(tried_at__lt=now - PATIENCE)
        rows = OutgoingMail.objects.visible_to(actor).filter(stranded, state=MailState.QUEUED)
        for uid in rows.order_by("id").values_list("uid", flat=True)[:500]:
            enqueue(send, mail_uid=str(uid))
