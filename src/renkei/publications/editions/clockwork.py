"""What editions do by the clock."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.kernel import clock
from renkei.notices.outbox import mail_states
from renkei.notices.paper_queries import states_about
from renkei.publications.editions import sending
from renkei.publications.models import Dispatch, Edition, EditionState, Sending, Way

LATE = timedelta(days=7)


def plan_months() -> int:
    """Every night: the next month of each house that issues, and a word on the day of sending; returns what was made."""
    made = 0
    with system("monthly editions") as actor, transaction.atomic():
        rows = Edition.objects.visible_to(actor)
        for owner_id in rows.order_by().values_list("facility_id", flat=True).distinct():
            made += len(sending.schedule(actor, owner_id=owner_id))
        # A night without the program must not swallow the word; months long past are nobody's errand any more.
        late = clock.today() - LATE
        due = rows.filter(send_on__gt=late, send_on__lte=clock.today()).exclude(state=EditionState.SENT)
        for edition in due.filter(Q(reminded_on=None) | Q(reminded_on__lt=F("send_on"))):
            sending.remind(actor, edition)
    return made


def follow_up() -> int:
    """Every ten minutes: which mails and faxes went out, and which did not; returns how many changed."""
    done = 0
    with system("sent editions") as actor, transaction.atomic():
        rows = Dispatch.objects.visible_to(actor).filter(state=Sending.WAITING).exclude(way=Way.POST)
        waiting: dict[int, list[Dispatch]] = {}
        for row in rows:
            waiting.setdefault(row.owner_id, []).append(row)
        for owner_id, lines in waiting.items():
            done += sending.follow(actor, owner_id=owner_id, states=_states(actor, lines))
    return done


def _states(actor: Actor, rows: list[Dispatch]) -> dict[UUID, tuple[str, str]]:
    mails = {row.mail_uid: row.uid for row in rows if row.mail_uid is not None}
    found = {mails[uid]: state for uid, state in mail_states(actor, mails).items()}
    faxes = [row.uid for row in rows if row.way == Way.FAX]
    return found | states_about(actor, sending.FAX_KIND, faxes)
