"""Gives the gate the rules of rows that two houses share: the member's side and the side of the house that issues."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.gate.actor import Actor
from renkei.gate.guard import register_model_policy
from renkei.publications.models import (
    DeliveryChoice,
    Dispatch,
    Edition,
    EditionFile,
    Leaflet,
    LeafletPicture,
    LeafletVersion,
)


def _either(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    if not actor.facility_id:
        return rows.none()
    return rows.filter(Q(facility_id=actor.facility_id) | Q(owner_id=actor.facility_id))


def _received(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """The house's own, and what was sent to the actor's house."""
    if not actor.facility_id:
        return rows.none()
    key = "pk" if rows.model is Edition else "edition_id"
    mine = Dispatch.objects.visible_to(actor).filter(edition_id=OuterRef(key), facility_id=actor.facility_id)
    return rows.filter(Q(facility_id=actor.facility_id) | Exists(mine))


def register() -> None:
    """Called when the program starts."""
    shared = (Leaflet, LeafletPicture, LeafletVersion, Dispatch, DeliveryChoice)
    for model in shared:
        register_model_policy(model, _either)
    register_model_policy(Edition, _received)
    register_model_policy(EditionFile, _received)
