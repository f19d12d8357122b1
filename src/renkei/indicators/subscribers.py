"""What happens to referrals becomes events to count; being told twice changes nothing."""

from __future__ import annotations

from renkei.events.bus import subscribe
from renkei.gate.actor import Actor, current
from renkei.indicators import actions
from renkei.referrals.events import ReferralMoved, ReplySent
from renkei.referrals.models import Referral

COUNTED = "referral"
GIVEN_BACK = "back_referral"
FINAL = "final_report"


def _referral(actor: Actor, referral_id: int) -> Referral:
    rows = Referral.objects.visible_to(actor).select_related("sender", "receiver_patient", "patient")
    return rows.get(pk=referral_id)


@subscribe(ReferralMoved)
def count_move(event: ReferralMoved) -> None:
    """An arrival is a visit of the receiver; a letter given back is a back-referral of the sender."""
    if event.kind == COUNTED and event.move == "arrive":
        actions.record_arrival(current(), _referral(current(), event.referral_id))
    if event.kind == GIVEN_BACK and event.move in ("send", "withdraw"):
        actions.record_back_referral(current(), _referral(current(), event.referral_id))


@subscribe(ReplySent)
def count_reply(event: ReplySent) -> None:
    """The final report ends the waiting of the clinic."""
    if event.reply_kind == FINAL:
        actions.record_reply(current(), _referral(current(), event.referral_id))
