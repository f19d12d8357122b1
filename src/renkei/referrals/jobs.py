"""What the trunk does by the clock."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from renkei.circles.queries import periods_now
from renkei.directory.queries import rule
from renkei.gate.context import system
from renkei.jobs.queue import periodic
from renkei.kernel import clock
from renkei.referrals import actions
from renkei.referrals.models import ReplyLetter
from renkei.referrals.papers import bulk

AT_ONCE = 200


def remind_of_unread_replies() -> int:
    """Every hour: replies that lie unread for longer than the house of the sender allows; returns how many were told."""
    told = 0
    with system("unread replies") as actor, transaction.atomic():
        waiting = ReplyLetter.objects.visible_to(actor).filter(
            sent_at__lt=clock.now() - timedelta(days=1),
            first_read_at=None,
            told_again_at=None,
            taken_back_at=None,
        )
        # A sender outside the circle gets the reply on paper and has nothing to open here.
        reads = periods_now(actor).filter(
            circle_id=OuterRef("circle_id"), facility_id=OuterRef("referral__sender_id")
        )
        waiting = waiting.filter(Exists(reads))
        for reply in waiting.select_related("referral").order_by("sent_at")[:AT_ONCE]:
            days = float(rule("reply.unread_days", reply.referral.sender_id))
            if reply.sent_at is not None and reply.sent_at < clock.now() - timedelta(days=days):
                actions.tell_unread(actor, reply.referral, reply=reply)
                told += 1
    return told


@periodic("10 * * * *")
def every_hour() -> None:
    """At ten past."""
    remind_of_unread_replies()
    bulk.forget_old()
