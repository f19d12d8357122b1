"""Receivers: named, judged, switched, their secret made; a delivery sent again."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.jobs.queue import enqueue
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.outward import judge
from renkei.kernel.text import clean_note
from renkei.webhooks import queries
from renkei.webhooks.models import Delivery, Subscription
from renkei.webhooks.permissions import P
from renkei.webhooks.queueing import deliver
from renkei.webhooks.sending import sealed
from renkei.webhooks.signing import new_secret
from renkei.webhooks.types import KINDS, State

MOST_RECEIVERS = 20


@action(P.MANAGE, says="外部通知の送信先を登録")
def subscribe(actor: Actor, *, name: str, url: str, kinds: Sequence[str]) -> tuple[Subscription, str]:
    """A new receiver and its secret, which is given here and never again. Raises ``Invalid`` at the field."""
    if len(queries.receivers(actor)) >= MOST_RECEIVERS:
        raise Invalid("too_many", f"送信先は{MOST_RECEIVERS}件までです。使わないものを停止してください。")
    secret = new_secret()
    row = Subscription(facility_id=actor.facility_id, secret=sealed(secret), created_by=actor.label[:120])
    _fill(row, name, url, kinds).save()
    say(f"{actor.label}が外部通知「{row.name}」を登録しました")
    return row, secret


@action(P.MANAGE, says="外部通知の送信先を変更")
def change(
    actor: Actor, receiver: Subscription, *, name: str, url: str, kinds: Sequence[str]
) -> Subscription:
    """What waits goes to the new address."""
    _fill(receiver, name, url, kinds).save()
    return receiver


def _fill(row: Subscription, name: str, url: str, kinds: Sequence[str]) -> Subscription:
    row.name = clean_note(name.strip(), 60, "name")
    if not row.name:
        raise Invalid("missing", "「名称」を入力してください。", "name")
    row.url = url.strip()
    judge(row.url, internal=settings.RENKEI_INTERNAL_HOSTS, field="url")
    if not kinds or set(kinds) - set(KINDS):
        raise Invalid("kinds", "知らせる出来事を1つ以上選んでください。", "kinds")
    row.kinds = [kind for kind in KINDS if kind in kinds]
    return row


@action(P.MANAGE, says="外部通知の鍵を作り直す")
def renew_secret(actor: Actor, receiver: Subscription) -> str:
    """The old one counts no more; the new one is given here and never again."""
    secret = new_secret()
    receiver.secret = sealed(secret)
    receiver.save()
    return secret


@action(P.MANAGE, says="外部通知を停止・再開")
def switch(actor: Actor, receiver: Subscription, *, enabled: bool) -> Subscription:
    """Stop sending, or begin again with the count of failures at nothing."""
    receiver.enabled = enabled
    receiver.stopped_at = None if enabled else clock.now()
    receiver.failures = 0
    receiver.save()
    say(f"{actor.label}が外部通知「{receiver.name}」を{'再開' if enabled else '停止'}しました")
    return receiver


@action(P.MANAGE, says="外部通知を再送")
def resend(actor: Actor, delivery: Delivery) -> Delivery:
    """The same event with the same id once more, at once."""
    if not delivery.subscription.enabled:
        raise NotPossibleNow("stopped", "送信先が停止されています。再開してから送り直してください。")
    delivery.state, delivery.attempts, delivery.next_at = State.WAITING, 0, clock.now()
    delivery.done_at = None
    delivery.save()
    enqueue(deliver, delivery_uid=str(delivery.uid))
    return delivery
