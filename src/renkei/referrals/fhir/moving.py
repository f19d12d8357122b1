"""Moves of a referral by PUT of its Task: the wanted state, the move that leads there, the action of the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from renkei.fhirkit.bundles import Resource, text_of
from renkei.gate.actor import Actor
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.referrals import actions
from renkei.referrals.fhir import ordering, reading, words
from renkei.referrals.models import Referral
from renkei.referrals.types import State

TYPE = "Task"
S = State
ELEMENTS = {
    "reason": f"{TYPE}.statusReason",
    "starts_at": f"{TYPE}.executionPeriod.start",
    "to": f"{TYPE}.owner",
    "note": f"{TYPE}.statusReason",
    **dict.fromkeys(("purpose", "diagnoses", "receiver", "basis"), f"{TYPE}.focus"),
}


@dataclass(frozen=True)
class MoveCommand:
    """What a Task says; ``state`` is empty where ``businessStatus`` holds no code of ours."""

    status: str
    state: str
    reason: str
    starts: Any
    owner: Any
    focus: Any


def from_fhir(resource: Resource) -> MoveCommand:
    """Plain values of a Task. Raises ``Invalid`` naming the element."""
    reading.refuse_modifiers(resource)
    status = text_of(resource.get("status"))
    if status not in words.MEANT:
        raise Invalid("task_status", f"status は {'、'.join(words.MEANT)} のいずれかです。", f"{TYPE}.status")
    told = reading.codes(resource.get("businessStatus"), words.STATE)
    if told and told[0] not in set(State):
        raise Invalid(
            "business_status",
            f"businessStatus は {'、'.join(State)} のいずれかです。",
            f"{TYPE}.businessStatus",
        )
    period = resource.get("executionPeriod")
    return MoveCommand(
        status=status,
        state=told[0] if told else "",
        reason=reading.words(resource.get("statusReason")),
        starts=period.get("start") if isinstance(period, dict) else None,
        owner=resource.get("owner"),
        focus=resource.get("focus"),
    )


def wanted(row: Referral, command: MoveCommand) -> State:
    """Where the client wants the referral. What it left as it read it asks for nothing.

    Raises ``Invalid`` where ``status`` and ``businessStatus`` ask for different things.
    """
    now, by_status = State(row.state), words.MEANT[command.status]
    status_moved = command.status != words.TASK_STATUS[now]
    if command.state and command.state != now:
        target = State(command.state)
        if status_moved and words.TASK_STATUS[target] != command.status:
            raise Invalid(
                "two_wishes",
                f"status は {words.TASK_STATUS[target]} のはずです。businessStatus と食い違っています。",
                f"{TYPE}.status",
            )
        return target
    return by_status if status_moved else now


def create(actor: Actor, command: MoveCommand) -> Referral:
    """The Task of a draft: send it, or put it before the physician. Asked again it is the same Task."""
    referral = reading.referral_of(actor, command.focus, f"{TYPE}.focus")
    if command.status not in ("requested", "draft"):
        raise Invalid("task_new", "登録するときの status は requested です。", f"{TYPE}.status")
    if referral.sender_id != actor.facility_id:
        raise NotPossibleNow(
            "not_own_letter", "Task を登録できるのは紹介元です。紹介先は PUT で動かします。", f"{TYPE}.focus"
        )
    return ordering.submit(actor, referral) if command.status == "requested" else referral


def update(actor: Actor, row: Referral, command: MoveCommand) -> Referral:
    """Make the move that leads to the wanted state; no change asked for is no change."""
    target = wanted(row, command)
    now = State(row.state)
    if target == now:
        return row
    if now is S.DRAFT and target is S.SENT:
        return ordering.submit(actor, row)
    return _mover(actor, row, now, target)(actor, row, command)


Mover = Callable[[Actor, Referral, MoveCommand], Referral]


def _mover(actor: Actor, row: Referral, now: State, target: State) -> Mover:
    """The action behind the arrow from ``now`` to ``target``; the workflow table has the last word."""
    sender = row.sender_id == actor.facility_id
    found = _EXACT.get((now, target, sender)) or _EXACT.get((now, target, None)) or _TO.get(target)
    if found is None:
        raise NotPossibleNow(
            "no_such_move",
            f"「{words.LABELS[now]}」から「{words.LABELS[target]}」へは Task では動かせません。"
            "返書は Communication で送り、訂正は画面で行います。",
            f"{TYPE}.businessStatus",
        )
    return found


def _offer(actor: Actor, row: Referral, command: MoveCommand) -> Referral:
    at = reading.moment(command.starts, f"{TYPE}.executionPeriod.start")
    if at is None:
        raise Invalid("date_missing", "提案する日時が必要です。", f"{TYPE}.executionPeriod.start")
    if row.state == S.BOOKED:
        return actions.change_date(actor, row, starts_at=at, note=command.reason)
    return actions.offer_date(actor, row, starts_at=at)


def _redirect(actor: Actor, row: Referral, command: MoveCommand) -> Referral:
    to = reading.facility_of(command.owner, f"{TYPE}.owner")
    return actions.redirect(actor, row, to=to, reason=command.reason)


def _close(actor: Actor, row: Referral, command: MoveCommand) -> Referral:
    if row.sender_id == actor.facility_id and not row.electronic:
        return actions.close_paper(actor, row, reason=command.reason)
    return actions.close(actor, row, reason=command.reason)


def _told(reason: str) -> Mover:
    """An action that takes the reason under the name ``reason``."""
    return lambda actor, row, command: getattr(actions, reason)(actor, row, reason=command.reason)


def _plain(name: str) -> Mover:
    """An action that takes nothing more."""
    return lambda actor, row, command: getattr(actions, name)(actor, row)


_TO: dict[State, Mover] = {
    S.RECEIVED: _plain("receive"),
    S.ACCEPTED: _plain("accept"),
    S.DECLINED: _told("decline"),
    S.REDIRECTED: _redirect,
    S.OFFERED: _offer,
    S.BOOKED: _plain("confirm_date"),
    S.ARRIVED: _plain("arrive"),
    S.ADMITTED: _plain("admit"),
    S.NO_SHOW: lambda actor, row, command: actions.no_show(actor, row, note=command.reason),
    S.CLOSED: _close,
    S.WITHDRAWN: _told("withdraw"),
}
_EXACT: dict[tuple[State, State, bool | None], Mover] = {
    (S.OFFERED, S.ACCEPTED, True): _told("refuse_date"),
    (S.OFFERED, S.ACCEPTED, False): _told("cancel_date"),
    (S.BOOKED, S.ACCEPTED, None): _told("cancel_date"),
    (S.ADMITTED, S.ARRIVED, None): _plain("discharge"),
    (S.DRAFT, S.WITHDRAWN, None): _plain("discard"),
}
