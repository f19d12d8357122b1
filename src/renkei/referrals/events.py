"""What happened to a referral, for whoever lies above or beside. Ids and plain values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReferralMoved:
    """A step of the workflow was made by ``actor_facility_id``."""

    referral_id: int
    referral_uid: str
    number: str
    kind: str
    move: str
    state: str
    sender_id: int
    receiver_id: int
    actor_facility_id: int


@dataclass(frozen=True)
class ReplySent:
    """A reply of ``reply_kind`` went to the sender."""

    referral_id: int
    referral_uid: str
    number: str
    reply_kind: str
    sender_id: int
    receiver_id: int


@dataclass(frozen=True)
class ReplyUnread:
    """A reply has lain unread for longer than the sender's house allows."""

    referral_id: int
    referral_uid: str
    number: str
    reply_kind: str
    sender_id: int
    receiver_id: int


@dataclass(frozen=True)
class MessagePosted:
    """One side wrote to the other."""

    referral_id: int
    referral_uid: str
    number: str
    to_facility_id: int
    from_facility_id: int


@dataclass(frozen=True)
class ReplyReminded:
    """Somebody asked for an overdue answer."""

    referral_id: int
    referral_uid: str
    number: str
    deadline: str
    facility_id: int
    by_facility_id: int
