"""One step of the workflow, the same for every kind: check, state, timers, history, event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from renkei.circles.queries import holds
from renkei.directory.models import Facility
from renkei.directory.queries import rule
from renkei.events.bus import emit
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed
from renkei.kernel.workflow import Move, Timer
from renkei.referrals.events import ReferralMoved
from renkei.referrals.models import Deadline, Referral, ReferralMove
from renkei.referrals.registry import kind_of
from renkei.referrals.types import State

NOT_LISTED = 0
"""Who owes the answer when the directory does not know the house that a paper went to."""


def party_of(actor: Actor, referral: Referral) -> str:
    """``sender`` or ``receiver``; raises ``NotAllowed`` for a third facility of the circle."""
    if actor.facility_id == referral.sender_id:
        return "sender"
    if actor.facility_id and actor.facility_id == referral.receiver_id:
        return "receiver"
    raise NotAllowed("third_party", "この紹介の当事者ではないため、操作できません。")


def step(
    actor: Actor, referral: Referral, name: str, *, says: str, note: str = "", **facts: Any
) -> ReferralMove:
    """Make move ``name`` of the referral's table; the caller runs inside an action that holds the lock.

    ``says`` is the sentence of the timeline and of the audit trail. Raises what ``Workflow.check`` raises.
    """
    party = party_of(actor, referral)
    made = kind_of(referral.kind).workflow.check(name, state=State(referral.state), party=party, facts=facts)
    before = referral.state
    if made.target is not None:
        referral.state = made.target
    referral.moved_at = clock.now()
    referral.save()
    _run_timers(actor, referral, made)
    say(says)
    return _tell(actor, referral, name, before, says, note)


def _tell(actor: Actor, referral: Referral, name: str, before: str, says: str, note: str) -> ReferralMove:
    """The row of the history, and the event for the modules above."""
    history = ReferralMove.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        at=clock.now(),
        name=name,
        from_state=before,
        to_state=referral.state,
        says=says,
        note=note,
        person_id=actor.person_id,
        person=actor.label,
        facility_id=actor.facility_id,
        facility_name=actor.facility_label,
    )
    emit(
        ReferralMoved(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            kind=referral.kind,
            move=name,
            state=referral.state,
            sender_id=referral.sender_id,
            receiver_id=referral.receiver_id or 0,
            actor_facility_id=actor.facility_id,
        )
    )
    return history


def _run_timers(actor: Actor, referral: Referral, made: Move) -> None:
    meet(referral, *made.stops)
    for timer in made.starts:
        answers = referral.sender_id if timer.name == "date_answer" else referral.receiver_id or NOT_LISTED
        if timer.name == "date_answer" and not holds(actor, referral.circle_id, answers):
            continue  # they were let out, or never in: nobody there could answer
        Deadline.objects.create(
            circle_id=referral.circle_id,
            patient_id=referral.patient_id,
            referral=referral,
            facility_id=answers,
            name=timer.name,
            started_at=clock.now(),
            due_at=clock.now() + length(timer, referral.receiver_id),
        )


def length(timer: Timer, facility_id: int | None) -> timedelta:
    """How long ``timer`` runs: the facility's own setting in force today, else the national default."""
    amount = float(rule(timer.setting, facility_id))
    return timedelta(hours=amount) if timer.setting.endswith("_hours") else timedelta(days=amount)


def run_again(referral: Referral, names: Iterable[str], since: datetime) -> None:
    """Timers called ``names`` that were met at ``since`` or later run on: what met them was taken back."""
    stopped = Deadline._base_manager.filter(referral=referral, name__in=list(names), met_at__gte=since)
    for deadline in stopped:
        deadline.met_at = None
        deadline.save()


def meet(referral: Referral, *names: str) -> None:
    """Stop the running timers called ``names``."""
    running = Deadline._base_manager.filter(referral=referral, name__in=names, met_at=None)
    for deadline in running:
        deadline.met_at = clock.now()
        deadline.save()


def place_of(facility: Facility | None, name: str, department: str = "") -> str:
    """How a party is called in a sentence."""
    return f"{facility.name if facility else name}{' ' + department if department else ''}"
