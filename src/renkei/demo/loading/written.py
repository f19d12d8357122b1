"""The keys of a referral that was written: what the trail and the attachments need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from renkei.demo.model import ReferralPlan
from renkei.gate.actor import Actor


@dataclass(frozen=True)
class Written:
    """The keys of a referral that was written; later ones and the attachments refer to it."""

    plan: ReferralPlan
    referral_id: int
    circle_id: int
    patient_id: int
    number: str
    sender: Actor
    receiver: Actor | None
    finalised_at: datetime | None
