"""How a reply (返書) is shown on the referral's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from renkei.referrals.models import ReplyLetter
from renkei.referrals.present import day_and_time
from renkei.referrals.types import REPLY_LABELS, ReplyKind


@dataclass(frozen=True)
class ReplyView:
    """One reply as listed on the referral's page."""

    uid: str
    label: str
    author: str
    at: datetime | None
    text: str
    plan: str
    prescriptions: str
    draft: bool
    read: str
    on_paper: bool


def reply_view(reply: ReplyLetter, *, on_paper: bool = False) -> ReplyView:
    """A reply with its read mark; ``on_paper`` where the sender cannot open it here."""
    read = "印刷して送付" if on_paper else "未読"
    if reply.first_read_at:
        read = f"{day_and_time(reply.first_read_at)} {reply.first_read_by} 既読"
    return ReplyView(
        uid=str(reply.uid),
        label=REPLY_LABELS[ReplyKind(reply.kind)],
        author=reply.author or reply.entered_by,
        at=reply.sent_at,
        text=reply.text,
        plan=reply.plan,
        prescriptions=reply.prescriptions,
        draft=reply.sent_at is None,
        read=read if reply.sent_at else "",
        on_paper=on_paper and reply.sent_at is not None,
    )
