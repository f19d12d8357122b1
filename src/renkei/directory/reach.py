"""Whose directory data somebody may change: their own house's, their corporation's, or everybody's."""

from __future__ import annotations

from datetime import date

from django.db.models import Q, QuerySet

from renkei.directory.models import Facility, Ownership
from renkei.directory.permissions import P
from renkei.gate.actions import refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed

OTHER_FACILITY_SAYS = "ほかの施設の情報は変更できません。その施設かシステム管理者に依頼してください。"

OWNED_SAYS = "この施設は法人に属しています。開設者は「所属する法人を変える」から変えてください。"


def in_force(day: date) -> QuerySet[Ownership]:
    """Who owns what on ``day``."""
    return Ownership.objects.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)


def same_corporation(one_id: int, other_id: int, day: date | None = None) -> bool:
    """Whether one corporation is recorded as running both on that day (today).

    Only a recorded ownership (参加法人) counts: a founder of the same name, such as 個人, is no corporation.
    """
    now = in_force(day or clock.today())
    owner = now.filter(facility_id=one_id).values("organization_id")
    return now.filter(facility_id=other_id, organization_id__in=owner).exists()


def has_owner(facility_id: int) -> bool:
    """Whether a corporation runs the facility today or will: then its founder (開設者) follows those periods."""
    return Ownership.objects.filter(facility_id=facility_id).exclude(until_on__lte=clock.today()).exists()


def may_change(actor: Actor, facility: Facility, *, own_only: bool = False) -> bool:
    """Whether the actor may change this facility's directory data; ``own_only`` leaves out the rest of the corporation."""
    if actor.may(P.EDIT_ALL):
        return True
    if not actor.may(P.EDIT_OWN) or actor.facility_id is None:
        return False
    if actor.facility_id == facility.pk:
        return True
    return not own_only and actor.may(P.EDIT_CORPORATION) and same_corporation(actor.facility_id, facility.pk)


def require_reach(actor: Actor, facility: Facility, name: str, *, own_only: bool = False) -> None:
    """``NotAllowed`` for anybody else's facility; the refusal of the action ``name`` stays on record."""
    if not may_change(actor, facility, own_only=own_only):
        refuse(actor, f"directory.{name}", "ほかの施設の情報を変更", facility)
        raise NotAllowed("other_facility", OTHER_FACILITY_SAYS)
