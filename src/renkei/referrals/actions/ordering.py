"""What a system of the sender's house says besides the letter: who is to sign."""

from __future__ import annotations

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel.errors import NotAllowed, NotPossibleNow
from renkei.referrals.actions._steps import party_of
from renkei.referrals.actions.drafting import current_letter
from renkei.referrals.models import Referral
from renkei.referrals.permissions import P
from renkei.referrals.types import State


@action(P.DRAFT, says="紹介状の医師を指定")
def name_physician(actor: Actor, referral: Referral, *, person_id: int, name: str) -> Referral:
    """Who is meant to sign a draft (代行入力 names the physician); the caller has checked that they work here as one.

    確定 itself puts the name of whoever signs.
    """
    if party_of(actor, referral) != "sender":
        raise NotAllowed("not_own_letter", "医師を指定できるのは自施設の紹介状だけです。")
    if referral.state != State.DRAFT or current_letter(referral).finalised_at:
        raise NotPossibleNow("already_final", "確定済みの紹介状の医師は変えられません。")
    referral.sender_physician_id, referral.sender_physician = person_id, name
    referral.save()
    say(f"{actor.label}が紹介元の医師を{name}にしました")
    return referral
