"""Requests that were never taken in do not stay: they expire, and what they say about a patient goes after a time.

How long is a rule of each house with its first day (``guest.open_days``, ``guest.keep_days``). The row stays, with clinic, kind,
state and the reason of a refusal: counts are what they were, and the public page still answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.urls import reverse

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import system, system_of
from renkei.gate.writing import say
from renkei.guests.models import ABOUT_PATIENT, GuestFile, GuestRequest
from renkei.guests.permissions import P
from renkei.guests.rules import number
from renkei.guests.types import NEVER_TAKEN_IN, OPEN, State
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.notices.actions import notify

BY = "システム"
AT_ONCE = 500


def expire_old() -> int:
    """Every request that lay open for longer than its house allows; returns how many expired."""
    return sum(_each("guest.open_days", OPEN, "asked_at", expire))


def blank_old() -> int:
    """Every request that was refused or expired longer ago than its house keeps them; returns how many were blanked."""
    return sum(_each("guest.keep_days", NEVER_TAKEN_IN, "decided_at", blank))


def _each(
    code: str, states: Iterable[str], since: str, do: Callable[[Actor, GuestRequest], Any]
) -> Iterator[int]:
    """Do it house by house, in the house's own trail; each request in one piece, so that a killed job goes on where it stood."""
    wanted = {"state__in": list(states), "blanked_at": None}
    with system("保存期間の確認") as actor, transaction.atomic():
        rows = GuestRequest.objects.visible_to(actor).filter(**wanted)
        houses = list(rows.order_by().values_list("facility_id", "facility__name").distinct())
    for facility_id, name in houses:
        with system_of(facility_id, name, "ゲストの依頼の保存期間") as house:
            with transaction.atomic():
                before = clock.now() - timedelta(days=number(code, facility_id))
                mine = GuestRequest.objects.visible_to(house).filter(facility_id=facility_id, **wanted)
                due = list(mine.filter(**{f"{since}__lt": before}).order_by("id")[:AT_ONCE])
            for row in due:
                do(house, row)
            yield len(due)


@action(P.HANDLE, says="ゲストの依頼を期限切れに")
def expire(actor: Actor, request: GuestRequest) -> GuestRequest:
    """Nobody took it in or refused it in time: its place is free again, its files are thrown away, the house is told."""
    if not request.is_open:
        raise NotPossibleNow("already_decided", "この依頼はすでに処理されています。")
    request.state, request.decided_at, request.decided_by = State.EXPIRED, clock.now(), BY
    request.save()
    GuestFile.objects.visible_to(actor).filter(request_uid=request.uid).update(content=b"")
    notify(
        request.facility_id,
        kind="guest_expired",
        text=f"{request.clinic}からの依頼({request.kind_label})が、処理されないまま期限切れになりました。",
        url=reverse("guests:request", args=[request.uid]),
    )
    say(
        f"{request.clinic}の依頼が期限切れになりました(受付の期限 {number('guest.open_days', request.facility_id)}日)"
    )
    return request


@action(P.HANDLE, says="ゲストの依頼の患者情報を消去")
def blank(actor: Actor, request: GuestRequest) -> GuestRequest:
    """Nothing about the patient stays, in the row or its files; state, reason and counts do. Raises ``NotPossibleNow`` for others."""
    if request.state not in NEVER_TAKEN_IN or request.blanked_at:
        raise NotPossibleNow("guest_kept", "お断り・期限切れの依頼だけを、一度だけ消去できます。")
    # By statement: the trail would write down what was there before.
    rows: Any = GuestRequest.objects.visible_to(actor).filter(pk=request.pk)
    rows.update(**ABOUT_PATIENT, blanked_at=clock.now(), version=F("version") + 1)
    files: Any = GuestFile.objects.visible_to(actor).filter(request_uid=request.uid)
    count = files.update(content=b"", name="", sha256="")
    days = number("guest.keep_days", request.facility_id)
    label = State(request.state).label
    say(f"{request.clinic}の依頼({label})の患者情報と添付{count}件を消去しました(保存期間 {days}日)")
    return request
