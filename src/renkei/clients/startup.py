"""Gives the gate the rule of connections, and makes the permissions and the first scopes known."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from renkei.clients import permissions
from renkei.clients.models import AppGrant
from renkei.clients.types import register_scope
from renkei.gate.actor import Actor
from renkei.gate.guard import register_model_policy
from renkei.notices.types import NoticeKind, register_kind
from renkei.ui.types import Tone

P = permissions.P


def _own_or_house(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    mine = Q(person_id=actor.person_id) if actor.person_id else Q(pk__in=[])
    if actor.facility_id:
        mine |= Q(facility_id=actor.facility_id)
    return rows.filter(mine)


register_model_policy(AppGrant, _own_or_house)
register_kind(
    NoticeKind("client_key", "連携の鍵の期限", "連携システムの鍵の期限が近づいています", Tone.WARNING)
)
register_kind(
    NoticeKind("client_misuse", "連携の停止", "アプリの連携を安全のために停止しました", Tone.DANGER)
)
# The directory lies below: its words are given here. Everything above registers its own.
for resource, label in (
    ("Organization", "医療機関"),
    ("Practitioner", "医師・職員"),
    ("PractitionerRole", "所属"),
    ("Location", "場所"),
    ("HealthcareService", "診療科"),
):
    register_scope(resource, "rs", "directory.view", label=label)
