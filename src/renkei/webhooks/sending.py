"""One attempt: claim it, send it outside any transaction, write down what came back."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from renkei.gate.context import system
from renkei.kernel import clock
from renkei.kernel.errors import DomainError
from renkei.kernel.outward import judge, send
from renkei.kernel.sealing import seal, unseal
from renkei.notices.actions import notify
from renkei.webhooks.models import Delivery, Subscription
from renkei.webhooks.rules import failures_until_stop
from renkei.webhooks.signing import headers
from renkei.webhooks.types import LEASE, MOST_ATTEMPTS, WAITS, State

PURPOSE = "webhook secret"
SECONDS = 10.0
MOST_ANSWER = 16 * 1024


def keys() -> tuple[str, str]:
    """The installation's keys for secrets at rest."""
    return settings.RENKEI_FERNET_KEY, settings.SECRET_KEY


def sealed(secret: str) -> str:
    """For the database."""
    return seal(secret, keys=keys(), purpose=PURPOSE)


def body_of(delivery: Delivery) -> bytes:
    """What goes out: which referral, what happened, when. Never a patient."""
    payload = {
        "type": delivery.kind,
        "timestamp": delivery.occurred_at.isoformat(),
        "data": {
            "event_id": delivery.event_id,
            "referral_uid": str(delivery.referral_uid),
            "referral_number": delivery.number,
            "occurred_at": delivery.occurred_at.isoformat(),
        },
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def attempt(uid: UUID | str) -> None:
    """Send one delivery that is due; nothing happens to one that another worker holds, or that is done."""
    with system("webhook: taking up"), transaction.atomic():
        delivery = _claimed(uid)
        if delivery is None:
            return
    status, says = _sent(delivery)
    with system("webhook: writing down"), transaction.atomic():
        _write_down(delivery.pk, status, says)


def _claimed(uid: UUID | str) -> Delivery | None:
    rows = Delivery._base_manager.select_related("subscription").select_for_update(
        skip_locked=True, of=("self",)
    )
    now = clock.now()
    found = rows.filter(uid=uid, state=State.WAITING, next_at__lte=now).first()
    if found is None:
        return None
    found.attempts += 1
    found.next_at = now + LEASE
    found.save(update_fields=["attempts", "next_at"])
    return found


def _sent(delivery: Delivery) -> tuple[int | None, str]:
    """Status and, where it did not arrive, why. Judged anew each time: a name may lead elsewhere by now."""
    receiver = delivery.subscription
    if not receiver.enabled:
        return None, "送信先が停止されています。"
    secret = unseal(receiver.secret, keys=keys(), purpose=PURPOSE)
    if secret is None:
        return None, "署名の鍵を読めません。鍵を作り直してください。"
    body = body_of(delivery)
    try:
        target = judge(receiver.url, internal=settings.RENKEI_INTERNAL_HOSTS)
        signed = headers(secret, delivery.event_id, int(clock.now().timestamp()), body)
        answer = send(target, "POST", body=body, headers=signed, seconds=SECONDS, most_bytes=MOST_ANSWER)
    except DomainError as error:
        return None, error.message_ja
    if 200 <= answer.status < 300:
        return answer.status, ""
    if 300 <= answer.status < 400:
        return answer.status, "転送(リダイレクト)には従いません。最終のアドレスを登録してください。"
    return answer.status, f"受け取り側が {answer.status} を返しました。"


def _write_down(pk: int, status: int | None, says: str) -> None:
    delivery = Delivery._base_manager.select_for_update().get(pk=pk)
    receiver = Subscription._base_manager.select_for_update().get(pk=delivery.subscription_id)
    now = clock.now()
    delivery.answered, delivery.says = status, says[:200]
    if not says:
        delivery.state, delivery.done_at, delivery.next_at = State.DONE, now, None
        receiver.failures = 0
    else:
        _later(delivery, now)
        receiver.failures += 1
    delivery.save()
    if says and receiver.enabled and receiver.failures >= failures_until_stop(receiver.facility_id):
        _stop(receiver, now)
    receiver.save()


def _later(delivery: Delivery, now: datetime) -> None:
    if delivery.attempts >= MOST_ATTEMPTS:
        delivery.state, delivery.next_at = State.FAILED, None
    else:
        delivery.next_at = now + WAITS[delivery.attempts - 1]


def _stop(receiver: Subscription, now: datetime) -> None:
    """The administrators are told; what waits stays and can be sent again by hand."""
    receiver.enabled, receiver.stopped_at = False, now
    waiting = Delivery._base_manager.filter(subscription=receiver, state=State.WAITING)
    waiting.update(state=State.FAILED, next_at=None)
    notify(
        receiver.facility_id,
        kind="webhook_stopped",
        text=f"外部通知「{receiver.name}」は{receiver.failures}回続けて届かなかったため停止しました。",
        url=reverse("webhooks:receiver", args=[receiver.uid]),
    )
