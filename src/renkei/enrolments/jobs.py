"""Work of the night: terms turn, institutions are told before, memberships of closed institutions end."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from renkei.enrolments import actions, queries, turning
from renkei.enrolments.models import Enrolment
from renkei.enrolments.types import manifest_of
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import periodic
from renkei.kernel import clock


@periodic("5 15 * * *")
def turn_terms() -> None:
    """Every night at 0:05 in Japan: what ended yesterday goes on or is over; who closed is a member no more."""
    with system("登録期間の更新") as actor:
        today = clock.today()
        with transaction.atomic():
            _leave_closed(actor, today)
        turn(actor, today)


def _leave_closed(actor: Actor, today: date) -> None:
    for row in turning.of_closed_facilities(actor, today):
        if row.facility.joined_to_id is not None:
            actions.follow_joined_facility(actor, row, keep_id=row.facility.joined_to_id)
        else:
            actions.end_with_facility(actor, row, closed_on=row.facility.closed_on)


def turn(actor: Actor, today: date) -> int:
    """Renew whatever is due, one term after the other, also after nights in which nothing ran; gives how many."""
    count = after = 0
    while True:
        # Outside a transaction the database is told of nobody and shows nothing, not even to the worker.
        with transaction.atomic():
            found = turning.due_for_renewal(actor, today, after)
            for row in found:
                _catch_up(actor, row, today)
        if not found:
            return count
        count += len(found)
        after = found[-1].pk


def _catch_up(actor: Actor, row: Enrolment, today: date) -> None:
    current = actions.renew(actor, row, on=today)
    while (current.ended_on is None or current.ended_on > today) and turning.is_due(actor, current, today):
        current = actions.renew(actor, current, on=today)


@periodic("10 22 * * *")
def tell_before() -> None:
    """Every morning at 7:10 in Japan: institutions whose term ends within so many days are told, each once a term."""
    with system("更新の予告") as actor, transaction.atomic():
        today = clock.today()
        for scheme in queries.running(today):
            last = today + timedelta(days=manifest_of(scheme.key).term.notice_days)
            for facility_id, until_on in turning.untold(actor, scheme, today, last):
                actions.tell_before_renewal(actor, scheme=scheme, facility_id=facility_id, until_on=until_on)
