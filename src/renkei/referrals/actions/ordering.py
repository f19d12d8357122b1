"""What a system of the sender's house says besides the letter: its own number for the order, and who is to sign."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled
from renkei.gate.context import one_after_the_other
from renkei.gate.writing import say
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.referrals.actions._steps import party_of
from renkei.referrals.actions.drafting import current_letter
from renkei.referrals.models import OrderNumber, Referral
from renkei.referrals.permissions import P
from renkei.referrals.types import State

SYSTEM_LIMIT, VALUE_LIMIT = 200, 100


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


@action(P.DRAFT, says="依頼番号を記録")
def number_order(actor: Actor, referral: Referral, *, numbers: Sequence[tuple[str, str]]) -> Referral:
    """Keep the sender's own numbers, as ``(system, value)``. Raises ``Invalid`` on ``order_number`` for a known one.

    Two requests in the same instant wait for each other: the second finds the number taken.
    """
    if party_of(actor, referral) != "sender":
        raise NotAllowed("not_own_letter", "依頼番号を付けられるのは自施設の紹介状だけです。")
    for system, value in numbers:
        clean_system = clean_note(system, SYSTEM_LIMIT, "order_number").strip()
        clean_value = clean_note(value, VALUE_LIMIT, "order_number").strip()
        if not clean_system or not clean_value:
            raise Invalid("order_number_empty", "依頼番号には system と value が必要です。", "order_number")
        _refuse_known(actor, referral, clean_system, clean_value)
        OrderNumber.objects.create(
            circle_id=referral.circle_id,
            patient_id=referral.patient_id,
            referral=referral,
            facility_id=actor.facility_id,
            system=clean_system,
            value=clean_value,
        )
    say(f"{actor.label}が依頼番号を記録しました")
    return referral


@compiled
def _known(actor: Actor, system: str, value: str) -> QuerySet[OrderNumber]:
    rows = OrderNumber.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.filter(system=system, value=value).select_related("referral").order_by("pk")[:1]


def _refuse_known(actor: Actor, referral: Referral, system: str, value: str) -> None:
    one_after_the_other(f"order:{actor.facility_id}:{system}|{value}")
    for known in _known(actor, system, value):
        raise NotPossibleNow(
            "order_known",
            f"依頼番号 {value} は、紹介 {known.referral.number} としてすでに登録されています。",
            "order_number",
        )
