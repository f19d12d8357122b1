"""A referral's past, written move by move; what would lie after the demo's first morning is not written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from renkei.demo.model import MessagePlan, MovePlan, ReplyPlan
from renkei.kernel.clock import JST, jst
from renkei.kernel.holidays import add_business_days, is_business_day, is_year_end
from renkei.referrals.types import ReplyKind, State

DEMO_START = jst(2026, 6, 1, 8, 30)
"""Monday morning, when the desk opens."""

TARGETS: dict[str, State | None] = {
    "send": State.SENT,
    "receive": State.RECEIVED,
    "accept": State.ACCEPTED,
    "decline": State.DECLINED,
    "redirect": State.REDIRECTED,
    "offer_date": State.OFFERED,
    "confirm_date": State.BOOKED,
    "change_date": State.OFFERED,
    "arrive": State.ARRIVED,
    "no_show": State.NO_SHOW,
    "admit": State.ADMITTED,
    "discharge": State.ARRIVED,
    "send_reply": None,
    "close": State.CLOSED,
    "withdraw": State.WITHDRAWN,
    "close_without_report": State.CLOSED,
}
"""Where each move leads; ``send_reply`` keeps the state except with the final report."""


def working(day: date) -> bool:
    """A business day on which clinics write letters."""
    return is_business_day(day, also_closed=is_year_end)


def office(at: datetime) -> datetime:
    """``at`` itself in office hours (8:45–17:00 on business days), else the next morning at work."""
    day = at.date()
    if at.time() > time(17, 0):
        day += timedelta(days=1)
    if not working(day):
        day = add_business_days(day, 0, also_closed=is_year_end)
    if day != at.date() or at.time() < time(8, 45):
        return datetime.combine(day, time(8, 45 + at.minute % 15, at.second), JST)
    return at


def in_days(rng: Random, at: datetime, low: int, high: int) -> datetime:
    """A moment in office hours some business days after ``at`` (0 = later the same day)."""
    days = rng.randint(low, high)
    if days == 0:
        return office(at + timedelta(minutes=rng.randint(12, 170)))
    day = add_business_days(at.date(), days, also_closed=is_year_end)
    return datetime.combine(day, time(rng.randint(9, 16), rng.randrange(60)), JST)


def clinic_slot(rng: Random, after: datetime, low: int, high: int) -> datetime:
    """An appointment on a half hour between 9:00 and 15:30, some business days later, never on the first morning."""
    day = add_business_days(after.date(), rng.randint(low, high), also_closed=is_year_end)
    if day == DEMO_START.date():
        day = add_business_days(day, 1, also_closed=is_year_end)
    return datetime.combine(day, time(rng.choice((9, 10, 11, 13, 14, 15)), rng.choice((0, 30))), JST)


@dataclass
class Timeline:
    """Collects moves in order; a step after ``until`` ends the story where it stands."""

    until: datetime = DEMO_START
    state: State = State.DRAFT
    moves: list[MovePlan] = field(default_factory=list)
    replies: list[ReplyPlan] = field(default_factory=list)
    messages: list[MessagePlan] = field(default_factory=list)
    appointment_at: datetime | None = None
    over: bool = False

    @property
    def at(self) -> datetime:
        """The instant of the last move."""
        return self.moves[-1].at

    def go(self, name: str, at: datetime, actor: str, note: str = "") -> bool:
        """Write a move; False when the story is over."""
        if self.over or at >= self.until:
            self.over = True
            return False
        target = TARGETS[name]
        self.moves.append(MovePlan(at, name, actor, note))
        self.state = target or self.state
        return True

    def reply(self, kind: ReplyKind, at: datetime, author: str, text: str) -> bool:
        """Write a reply letter and its move; the final report moves the state."""
        if not self.go("send_reply", at, author, kind.value):
            return False
        self.replies.append(ReplyPlan(at, kind, author, text))
        if kind is ReplyKind.FINAL_REPORT:
            self.state = State.FINAL_REPLY
        return True

    def say(self, at: datetime, author: str, text: str) -> None:
        """Write a message, unless it would come after the first morning."""
        if not self.over and at < self.until:
            self.messages.append(MessagePlan(at, author, text))
