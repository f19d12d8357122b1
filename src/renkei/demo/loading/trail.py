"""The audit trail of the past: drafts, 確定, every move, and who opened what; so that the access history is true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.backends.utils import CursorWrapper

from renkei.audit.models import AuditEntry, Outcome
from renkei.demo.loading.steps import Past
from renkei.demo.loading.table import Table
from renkei.demo.loading.written import Written
from renkei.gate.actor import Actor
from renkei.referrals import actions
from renkei.referrals.registry import kind_of

_ACTION_OF = {
    "notify_arrival": "send_reply",
    "reply": "send_reply",
    "finish": "send_reply",
    "message": "post_message",
    "plan_back": "plan_back_referral",
}
READING = "referrals.views.one"
SUBJECT = "referrals.referral"


def action_name(move: str) -> str:
    """The action that makes a move, as the trail calls it."""
    function: Any = getattr(actions, _ACTION_OF.get(move, move))
    return str(function.action_name)


class Trail:
    """Collects entries and writes them in the order of time; the database numbers them."""

    def __init__(self, cursor: CursorWrapper) -> None:
        self.table = Table(cursor, AuditEntry, numbered=False)

    def _add(self, actor: Actor, at: datetime, outcome: Outcome, action: str, says: str, **more: Any) -> None:
        self.table.add(
            at=at,
            outcome=outcome,
            action=action,
            says=says[:200],
            actor_kind=actor.kind.value,
            person_id=actor.person_id,
            actor_label=actor.label,
            facility_id=actor.facility_id,
            facility_label=actor.facility_label,
            **more,
        )

    def tell(self, made: Written, past: Past, author: Actor, typist: Actor) -> None:
        """The entries of a referral's whole history."""
        plan = made.plan
        about = {"patient_ids": [made.patient_id], "subject": SUBJECT, "subject_id": made.referral_id}
        label = kind_of(plan.kind).label
        says = f"{typist.label}が{label}状の下書きを始めました"
        self._add(typist, plan.created_at, Outcome.DONE, action_name("draft"), says, **about)
        if made.finalised_at:
            behalf = f"(代行入力: {typist.label})" if typist.person_id != author.person_id else ""
            says = f"{author.label}が紹介状を確定しました{behalf}"
            self._add(author, made.finalised_at, Outcome.DONE, action_name("finalise"), says, **about)
        for step in past.steps:
            if step.name == "receive":
                keys = {"referral_id": made.referral_id, "patient_id": made.patient_id}
                self.read(step.actor, step.at - timedelta(seconds=40), keys, "紹介を閲覧")
            self._add(step.actor, step.at, Outcome.DONE, action_name(step.name), step.says, **about)

    def read(self, actor: Actor, at: datetime, about: Mapping[str, int], says: str) -> None:
        """Somebody opened the page of a referral."""
        shown = {"referrals.Referral": [about["referral_id"]]}
        self._add(actor, at, Outcome.READ, READING, says, patient_ids=[about["patient_id"]], shown=shown)

    def write(self) -> int:
        """COPY everything in the order of time."""
        self.table.sort("at")
        return self.table.write()
