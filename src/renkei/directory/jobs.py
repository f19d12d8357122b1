"""What the directory does by the clock."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from renkei.directory.corporations.actions import settle_owner
from renkei.directory.corporations.queries import unsettled
from renkei.directory.imports.running import take_in
from renkei.directory.models import Facility
from renkei.directory.profiles.actions import note_reminded
from renkei.directory.profiles.queries import due_for_reminder, suspended_among
from renkei.gate.context import system
from renkei.jobs.queue import periodic
from renkei.kernel import clock
from renkei.notices.actions import notify

__all__ = ["every_morning", "every_night", "take_in"]

REMINDER = "confirm_profile"


def remind_of_confirmation() -> int:
    """Every facility that uses Renkei and did not confirm its data in time is told, and again after a further such time
    without an answer; returns how many were told."""
    told = 0
    with system("yearly confirmation of the directory") as actor, transaction.atomic():
        rows = Facility.objects.filter(Q(closed_on=None) | Q(closed_on__gt=clock.today()), uses_renkei=True)
        using = {row.pk: row for row in rows}
        for rests in suspended_among(using):
            del using[rests]
        for key in sorted(due_for_reminder(using)):
            facility = using[key]
            note_reminded(actor, facility)
            notify(
                facility.pk,
                kind=REMINDER,
                text=f"{facility.name}の掲載内容(診療時間・診療科・往診など)が今も正しいか、確認してください。",
                url=reverse("directory:facility", args=[facility.uid]),
                mail_to=facility.email or None,
            )
            told += 1
    return told


def settle_owners() -> int:
    """Moves between corporations that came into force today change the founder; returns how many."""
    with system("moves between corporations") as actor, transaction.atomic():
        rows = unsettled()
        for facility in rows:
            settle_owner(actor, facility)
    return len(rows)


@periodic("5 15 * * *")
def every_night() -> None:
    """At 0:05 in Japan, on the new day."""
    settle_owners()


@periodic("30 23 * * *")
def every_morning() -> None:
    """At 8:30 in Japan."""
    remind_of_confirmation()
