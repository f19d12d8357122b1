"""Work of the night: counters of guests' tries are forgotten, requests expire and are blanked."""

from __future__ import annotations

from datetime import timedelta

from renkei.guests import keeping, rates
from renkei.jobs.queue import periodic
from renkei.kernel import clock


@periodic("25 18 * * *")
def tidy_tries() -> None:
    """Every night at 3:25 in Japan."""
    rates.forget(clock.now() - timedelta(days=1))


@periodic("35 18 * * *")
def tidy_requests() -> None:
    """Every night at 3:35 in Japan."""
    keeping.expire_old()
    keeping.blank_old()
