"""What the rooms do by the clock."""

from __future__ import annotations

from renkei.jobs.queue import periodic
from renkei.publications.editions import clockwork
from renkei.publications.leaflets.printing import make_bundle
from renkei.publications.search import jobs as search_jobs

__all__ = ["every_ten_minutes", "make_bundle", "search_jobs", "shortly_after_midnight"]


@periodic("20 15 * * *")
def shortly_after_midnight() -> None:
    """At 0:20 in Japan."""
    clockwork.plan_months()


@periodic("*/10 * * * *")
def every_ten_minutes() -> None:
    """What became of mails and faxes."""
    clockwork.follow_up()
