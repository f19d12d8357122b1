"""Work of the night: counters of failed log-ins and sessions that ended are forgotten."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command

from renkei.accounts import throttle
from renkei.jobs.queue import periodic
from renkei.kernel import clock


@periodic("20 18 * * *")
def tidy_log_ins() -> None:
    """Every night at 3:20 in Japan."""
    throttle.forget(clock.now() - timedelta(days=1))
    call_command("clearsessions")
