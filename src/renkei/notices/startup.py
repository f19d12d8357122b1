"""Gives the gate the rules of notices and of the outbox."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from renkei.gate.actor import Actor
from renkei.gate.guard import register_model_policy
from renkei.notices import permissions
from renkei.notices.models import Notice, OutgoingMail

P = permissions.P


def _told(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """What the facility or this person is told, and what the facility has to post."""
    if not actor.facility_id:
        return rows.none()
    mine = Q(facility_id=actor.facility_id) & (Q(person_id=None) | Q(person_id=actor.person_id))
    return rows.filter(mine | Q(from_facility_id=actor.facility_id, on_paper=True))


def _mails(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    if not actor.facility_id:
        return rows.none()
    return rows.filter(facility_id=actor.facility_id, secret=False)


register_model_policy(Notice, _told)
register_model_policy(OutgoingMail, _mails)
