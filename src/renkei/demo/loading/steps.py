"""From a planned past to the steps of the workflow's table: who, when, from where to where, in the product's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from renkei.demo.loading.people import Staff
from renkei.demo.loading.places import Places
from renkei.demo.model import MovePlan, ReferralPlan
from renkei.gate.actor import Actor
from renkei.kernel import clock, eras
from renkei.kernel.workflow import Move
from renkei.referrals.actions.replying import MEETS
from renkei.referrals.registry import kind_of
from renkei.referrals.types import REPLY_LABELS, ReplyKind, State

_WHEN = re.compile(r"(\d+)月(\d+)日.*?(\d+):(\d\d)")


@dataclass(frozen=True)
class Step:
    """One row of the history."""

    at: datetime
    name: str
    actor: Actor
    before: State
    after: State
    says: str
    note: str = ""


@dataclass
class Offer:
    """A date: offered when, for when, and what became of it."""

    starts_at: datetime
    offered_at: datetime
    status: str = "offered"
    answered_at: datetime | None = None

    def end(self, status: str, at: datetime) -> None:
        """Answered, replaced or missed."""
        self.status, self.answered_at = status, at


@dataclass
class Due:
    """A timer: whose, what, from when to when, met or not."""

    facility: str
    name: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None = None


@dataclass
class Past:
    """Everything that a referral's history leaves behind; the columns of the referral are read from here."""

    steps: list[Step] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)
    appointment_at: datetime | None = None
    reason: str = ""
    redirected_to: str = ""

    def first(self, *names: str) -> datetime | None:
        """When the first step with one of these names was made."""
        return next((s.at for s in self.steps if s.name in names), None)

    def last(self, name: str) -> datetime | None:
        """When the last step of that name was made."""
        return next((s.at for s in reversed(self.steps) if s.name == name), None)

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.steps[-1].after if self.steps else State.DRAFT


def spoken(instant: datetime) -> str:
    """``6月3日(水) 10:00``, as the timeline says it."""
    local = instant.astimezone(clock.JST)
    return f"{local.month}月{local.day}日({'月火水木金土日'[local.weekday()]}) {local:%H:%M}"


class Historian:
    """Tells the past of one plan in steps."""

    def __init__(self, plan: ReferralPlan, staff: Staff, places: Places) -> None:
        self.plan, self.staff, self.places = plan, staff, places
        self.workflow = kind_of(plan.kind).workflow
        self.past = Past()
        self.state = State.DRAFT

    def tell(self) -> Past:
        """All moves and messages in the order of time."""
        moves = [(m.at, m) for m in self.plan.moves]
        lines = [(m.at, MovePlan(m.at, "message", m.author)) for m in self.plan.messages]
        for _at, move in sorted(moves + lines, key=lambda pair: pair[0]):
            self._tell(move)
        if self.plan.back_referral_planned and self.state is State.FINAL_REPLY:
            self._tell(MovePlan(self.past.steps[-1].at + timedelta(minutes=25), "plan_back", self._desk()))
        return self.past

    def _desk(self) -> str:
        return next((m.actor for m in self.plan.moves if m.name in ("receive", "accept", "arrive")), "")

    def _tell(self, planned: MovePlan) -> None:
        name = self._name(planned)
        made = self.workflow[name]
        actor = self._actor(made, planned)
        before, self.state = self.state, State(made.target or self.state)
        says, note = self._words(name, planned, actor)
        self.past.steps.append(Step(planned.at, name, actor, before, self.state, says, note))
        self._timers(made, planned)

    def _name(self, planned: MovePlan) -> str:
        if planned.name == "close_without_report":
            return "close"
        if planned.name != "send_reply":
            return planned.name
        kind = ReplyKind(planned.note)
        if kind is ReplyKind.FINAL_REPORT:
            return "finish"
        return "notify_arrival" if kind is ReplyKind.ARRIVAL_NOTICE else "reply"

    def _actor(self, made: Move, planned: MovePlan) -> Actor:
        """The planned person on the side whose move it is, else the desk, else a colleague who may."""
        sides = {"sender": self.plan.sender, "receiver": self.plan.receiver}
        wanted = [sides[party] for party in sorted(made.by)]
        house = next((key for key in wanted if self.staff.at(planned.actor, key)), wanted[0])
        return self.staff.pick(house, str(made.permission), planned.actor, self._desk())

    def _words(self, name: str, planned: MovePlan, actor: Actor) -> tuple[str, str]:
        """The sentence and the note, as the actions write them."""
        who, house = actor.label, actor.facility_label
        if name == "send":
            to = f"{self.places.facilities[self.plan.receiver].name} {self.plan.department}".strip()
            return f"{house}が{to}へ{kind_of(self.plan.kind).label}状を送りました", ""
        if name in ("offer_date", "confirm_date", "change_date", "no_show"):
            return self._dates(name, planned, actor)
        if name in ("notify_arrival", "reply", "finish"):
            return f"{who}が{REPLY_LABELS[ReplyKind(planned.note)]}を送りました", ""
        if name == "close":
            silent = planned.name == "close_without_report"
            self.past.reason = planned.note if silent else ""
            return f"{who}が完了にしました{'(最終報告なし)' if silent else ''}", self.past.reason
        if name in ("decline", "redirect"):
            self.past.reason = planned.note
        if name == "redirect":
            self.past.redirected_to = self._elsewhere()
            to = self.places.facilities[self.past.redirected_to].name
            return f"{house}が{to}を案内しました", planned.note
        return {
            "receive": (f"{who}が受け付けました", ""),
            "accept": (f"{house}が紹介を引き受けました", ""),
            "decline": (f"{house}がお断りしました", planned.note),
            "withdraw": (f"{house}が紹介を取り下げました", planned.note),
            "arrive": (f"患者さんが{house}に来院しました", ""),
            "admit": (f"{house}に入院しました{f'({planned.note})' if planned.note else ''}", ""),
            "discharge": (f"{house}を{eras.format_era(clock.jst_date(planned.at))}に退院しました", ""),
            "message": (f"{who}が連絡を書きました", ""),
            "plan_back": (f"{who}が逆紹介を予定に入れました", ""),
        }[name]

    def _dates(self, name: str, planned: MovePlan, actor: Actor) -> tuple[str, str]:
        offers = self.past.offers
        if name == "no_show":
            offers[-1].end("missed", planned.at)
            self.past.appointment_at = None
            return "予約の日に来院がありませんでした", planned.note
        if name == "confirm_date":
            offers[-1].end("confirmed", planned.at)
            self.past.appointment_at = offers[-1].starts_at
            return f"{actor.facility_label}が{spoken(offers[-1].starts_at)}の来院を確定しました", ""
        starts_at = self._date_of(planned)
        if offers:
            offers[-1].end("replaced", planned.at)
        offers.append(Offer(starts_at, planned.at))
        if name == "offer_date":
            return f"{actor.label}が{spoken(starts_at)}を提案しました", ""
        self.past.appointment_at = None
        return f"{actor.label}が{spoken(starts_at)}への変更を申し出ました", planned.note

    def _date_of(self, planned: MovePlan) -> datetime:
        """The date that this offer named: the plan's last one, or what the note of an earlier offer says."""
        final = self._last_date()
        told = _WHEN.search(planned.note)
        moved = any(m.name == "change_date" for m in self.plan.moves)
        if planned.name == "change_date" or not moved or not told:
            return final
        month, day, hour, minute = (int(part) for part in told.groups())
        year = planned.at.year + (month < planned.at.month)
        return clock.jst(year, month, day, hour, minute)

    def _last_date(self) -> datetime:
        """The date that held; where the plan answered only after it, the one at which the patient came."""
        planned = self.plan.appointment_at
        assert planned is not None
        settled = max(
            m.at for m in self.plan.moves if m.name in ("offer_date", "change_date", "confirm_date")
        )
        came = next((m.at for m in self.plan.moves if m.name == "arrive"), None)
        if planned > settled or came is None:
            return planned
        return came.replace(second=0) + timedelta(minutes=10 - came.minute % 10)

    def _elsewhere(self) -> str:
        """Another hospital with the department that the letter asks for, else the town's hospital."""
        parties = {self.plan.sender, self.plan.receiver}
        with_it = [k.split(":")[0] for k in self.places.departments if k.endswith(f":{self.plan.department}")]
        return next(k for k in (*with_it, "H2", "H4", "H1") if k.startswith("H") and k not in parties)

    def _timers(self, made: Move, planned: MovePlan) -> None:
        self._meet(made.stops, planned.at)
        for timer in made.starts:
            amount = self.places.amount(timer.setting, self.plan.receiver)
            length = timedelta(hours=amount) if timer.setting.endswith("_hours") else timedelta(days=amount)
            owes = self.plan.sender if timer.name == "date_answer" else self.plan.receiver
            self.past.dues.append(Due(owes, timer.name, planned.at, planned.at + length))
        if planned.name == "send_reply":
            self._meet(MEETS[ReplyKind(planned.note)], planned.at)

    def _meet(self, names: tuple[str, ...], at: datetime) -> None:
        for due in self.past.dues:
            if due.met_at is None and due.name in names:
                due.met_at = at
