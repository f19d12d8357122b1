"""What people do on the pages of the machinery."""

from __future__ import annotations

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.jobs import queries as jobs
from renkei.jobs.queue import enqueue
from renkei.portal import queries
from renkei.portal.checking import check_for
from renkei.portal.permissions import P


@action(P.OPERATE, says="失敗した処理をやり直す")
def retry_job(actor: Actor, *, number: int) -> None:
    """Put a failed job into the queue again. Raises ``NotFound`` and ``NotPossibleNow``."""
    jobs.retry(number)


@action(P.VIEW_TRAIL, says="監査証跡を書き出し")
def export_trail(actor: Actor, *, asked: queries.TrailFilter) -> list[queries.TrailLine]:
    """At most 10,000 lines of the house's trail, newest first; taking them out is on record itself."""
    return queries.lines(queries.trail(actor, asked)[: queries.MOST_EXPORTED])


@action(P.VIEW_TRAIL, says="監査証跡の封印の確認を依頼")
def request_check(actor: Actor) -> None:
    """Have the worker recompute every seal; the answer becomes a line of this house's trail."""
    enqueue(check_for, facility_id=actor.facility_id, facility_label=actor.facility_label)
