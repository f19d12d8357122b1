"""Gives the gate the rule of people's rows: one's own, and those of one's facility."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from renkei.accounts import log, permissions
from renkei.accounts.models import Membership
from renkei.directory.types import register_people
from renkei.gate.actor import Actor, current
from renkei.gate.guard import Scope, register_model_policy, register_policy

P = permissions.P


def _own(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(person_id=actor.person_id) if actor.person_id else rows.none()


def _own_or_colleagues(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    mine = Q(person_id=actor.person_id) if actor.person_id else Q(pk__in=[])
    if actor.facility_id:
        mine |= Q(facility_id=actor.facility_id)
    return rows.filter(mine)


def _people(facility_id: int) -> list[tuple[int, str]]:
    rows = Membership.objects.visible_to(current()).filter(facility_id=facility_id).select_related("person")
    there = [m.person for m in rows if m.in_force() and m.person.is_active]
    return [(p.pk, f"{p.name}({p.login_id})") for p in sorted(there, key=lambda p: (p.kana, p.pk))]


register_people(_people)
register_policy(Scope.PERSON, _own)
register_model_policy(Membership, _own_or_colleagues)

log.listen()
