"""Every night all entries are made anew: a day that came or went (a profile of tomorrow, a facility that closed) needs no event."""

from __future__ import annotations

from django.db import connection, transaction

from renkei.gate.context import system
from renkei.jobs.queue import periodic
from renkei.publications.search.actions import AT_ONCE, refresh


def refresh_everything() -> int:
    """All facilities, ``AT_ONCE`` in a transaction; returns how many entries changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM directory_facility ORDER BY id")
        keys = [row[0] for row in cursor.fetchall()]
    made = 0
    for start in range(0, len(keys), AT_ONCE):
        with system("nightly entries of the search") as actor, transaction.atomic():
            made += refresh(actor, keys[start : start + AT_ONCE])
    return made


@periodic("40 17 * * *")
def every_night() -> None:
    """At 2:40 in Japan."""
    refresh_everything()
