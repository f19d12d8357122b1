"""The sender's own numbers for a referral (依頼番号), each known once in its house."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled
from renkei.gate.context import one_after_the_other
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.referrals.models import OrderNumber, Referral

SYSTEM_LIMIT, VALUE_LIMIT = 200, 100


def keep_numbers(actor: Actor, referral: Referral, numbers: Sequence[tuple[str, str]]) -> None:
    """Keep them, as ``(system, value)``; inside an action. Raises ``Invalid`` and ``NotPossibleNow`` on ``order_number``.

    Two requests in the same instant wait for each other: the second finds the number taken.
    """
    for system, value in numbers:
        clean_system = clean_note(system, SYSTEM_LIMIT, "order_number").strip()
        clean_value = clean_note(value, VALUE_LIMIT, "order_number").strip()
        if not clean_system or not clean_value:
            raise Invalid("order_number_empty", "依頼番号には system と value が必要です。", "order_number")
        _refuse_known(actor, clean_system, clean_value)
        OrderNumber.objects.create(
            circle_id=referral.circle_id,
            patient_id=referral.patient_id,
            referral=referral,
            facility_id=actor.facility_id,
            system=clean_system,
            value=clean_value,
        )


@compiled
def _known(actor: Actor, system: str, value: str) -> QuerySet[OrderNumber]:
    rows = OrderNumber.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.filter(system=system, value=value).select_related("referral").order_by("pk")[:1]


def _refuse_known(actor: Actor, system: str, value: str) -> None:
    one_after_the_other(f"order:{actor.facility_id}:{system}|{value}")
    for known in _known(actor, system, value):
        raise NotPossibleNow(
            "order_known",
            f"依頼番号 {value} は、紹介 {known.referral.number} としてすでに登録されています。",
            "order_number",
        )
