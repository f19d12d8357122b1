"""What the clock starts."""

from __future__ import annotations

from renkei.jobs.queue import periodic
from renkei.portal import checking


@periodic("10 18 * * *")
def check_trail_every_night() -> None:
    """03:10 in Japan."""
    checking.check()
