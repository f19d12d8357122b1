"""What goes out on paper waits in the print queue of the house that sends it."""

from __future__ import annotations

from renkei.notices.papers import queue_paper
from renkei.referrals.models import Referral
from renkei.referrals.registry import kind_of

PAPER_KIND = "referral"
"""The word under which ``papers/outgoing.py`` makes the sheets."""


def put_into_print_queue(referral: Referral) -> None:
    """The papers of a referral that was just sent on paper wait for the desk; inside an action."""
    title = f"{kind_of(referral.kind).label} {referral.number}"
    queue_paper(
        referral.sender_id,
        kind=PAPER_KIND,
        subject_uid=referral.uid,
        number=referral.number,
        title=title,
        to_facility_id=referral.receiver_id or 0,
        to_name=referral.receiver.name if referral.receiver else referral.receiver_name,
    )
