"""Receivers of the house and what became of their deliveries."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from renkei.gate.actor import Actor
from renkei.kernel.errors import NotFound
from renkei.webhooks.models import Delivery, Subscription


def receivers(actor: Actor) -> list[Subscription]:
    """Every receiver of the actor's facility."""
    return list(Subscription.objects.visible_to(actor))


def receiver(actor: Actor, uid: UUID | str) -> Subscription:
    """One of them. Raises ``NotFound``."""
    found = Subscription.objects.visible_to(actor).filter(uid=uid).first()
    if found is None:
        raise NotFound("webhook_unknown", "この送信先は見つかりません。一覧から選び直してください。")
    return found


def deliveries(actor: Actor, of: Subscription) -> QuerySet[Delivery]:
    """Its deliveries, newest first."""
    rows: QuerySet[Delivery] = Delivery.objects.visible_to(actor).filter(subscription=of)
    return rows


def delivery(actor: Actor, of: Subscription, uid: UUID | str) -> Delivery:
    """One delivery. Raises ``NotFound``."""
    found = deliveries(actor, of).filter(uid=uid).first()
    if found is None:
        raise NotFound("delivery_unknown", "この送信は見つかりません。一覧から選び直してください。")
    return found
