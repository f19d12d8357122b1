"""What happens to referrals becomes deliveries, for receivers of houses that may open the referral at that moment."""

from __future__ import annotations

from renkei.events.bus import subscribe
from renkei.gate.actor import current
from renkei.jobs.queue import enqueue
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.referrals.events import MessagePosted, ReferralMoved, ReplySent
from renkei.referrals.queries import opens_for
from renkei.webhooks.models import Delivery, Subscription
from renkei.webhooks.queueing import deliver
from renkei.webhooks.types import OF_MOVE


@subscribe(ReferralMoved)
def on_move(event: ReferralMoved) -> None:
    """A step of the workflow."""
    if kind := OF_MOVE.get(event.move):
        _queue(kind, event.referral_uid, event.number, {event.sender_id, event.receiver_id})


@subscribe(ReplySent)
def on_reply(event: ReplySent) -> None:
    """A reply went out."""
    _queue("reply.sent", event.referral_uid, event.number, {event.sender_id, event.receiver_id})


@subscribe(MessagePosted)
def on_message(event: MessagePosted) -> None:
    """One side wrote to the other."""
    houses = {event.to_facility_id, event.from_facility_id}
    _queue("message.posted", event.referral_uid, event.number, houses)


def _queue(kind: str, referral_uid: str, number: str, houses: set[int]) -> None:
    """One delivery for each receiver that wants ``kind``; both sides get the same event id."""
    wanted = Subscription._base_manager.filter(
        facility_id__in=houses - {0}, enabled=True, kinds__contains=[kind]
    )
    receivers = list(wanted.order_by("id"))
    opens = {h: opens_for(current(), referral_uid, h) for h in {r.facility_id for r in receivers}}
    event_id, now = f"evt_{uuid7().hex}", clock.now()
    for receiver in receivers:
        if not opens[receiver.facility_id]:
            continue
        made = Delivery(
            facility_id=receiver.facility_id,
            subscription=receiver,
            event_id=event_id,
            kind=kind,
            referral_uid=referral_uid,
            number=number,
            occurred_at=now,
            next_at=now,
        )
        made.save()
        enqueue(deliver, delivery_uid=str(made.uid))
