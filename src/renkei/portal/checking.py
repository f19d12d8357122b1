"""Recomputes the seals of the trail: every night, and when an auditor asks."""

from __future__ import annotations

from django.db import transaction

from renkei.audit.chain import Verdict, verify
from renkei.audit.models import Outcome
from renkei.audit.trail import Line, record
from renkei.gate.context import system
from renkei.jobs.queue import job
from renkei.kernel.errors import NotPossibleNow

CHECKED = "portal.checking.check_for"


@job(retries=1)
def check_for(facility_id: int, facility_label: str) -> None:
    """Verify and tell the facility that asked, in its own trail."""
    with system("checking the seals"), transaction.atomic():
        found = verify()
        record(
            Line(
                outcome=Outcome.DONE,
                action=CHECKED,
                says=sentence(found),
                actor_kind="system",
                actor_label="システム",
                facility_id=facility_id,
                facility_label=facility_label,
            )
        )


def check() -> None:
    """Verify; a broken chain becomes a failed job, where the system administrator and ``renkei doctor`` see it."""
    with system("checking the seals"):
        found = verify()
    if not found.holds:
        raise NotPossibleNow("trail_broken", sentence(found))


def sentence(found: Verdict) -> str:
    """The verdict as a person would say it."""
    if found.holds:
        return f"封印の確認: 正常({found.seals} 封印、{found.entries:,} 件)"
    return f"封印の確認: 異常。封印 {found.broken_at} が合いません。{found.problem}控えから調べてください。"
