"""The past of the demo speaks as the actions speak: the same story told and done gives the same lines."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from renkei.demo.loading.people import Staff
from renkei.demo.loading.places import Places
from renkei.demo.loading.steps import Historian
from renkei.demo.model import MessagePlan, MovePlan, ReferralPlan, ReplyPlan
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import actions, queries
from renkei.referrals.models import Deadline, Referral, ReferralMove
from renkei.referrals.types import Diagnosis, LetterContent, ReplyKind, State, Urgency
from testing.cast import Cast
from testing.database import arranging

START = clock.jst(2026, 6, 1, 9, 0)
VISIT, LATER = clock.jst(2026, 6, 5, 10, 0), clock.jst(2026, 6, 8, 13, 30)
CONTENT = LetterContent(purpose="ご高診をお願いします。", diagnoses=(Diagnosis("2型糖尿病"),))
NOTICE, FINAL = ReplyKind.ARRIVAL_NOTICE, ReplyKind.FINAL_REPORT

# hours after START, move, who, note, arguments of the action
STORY: tuple[tuple[int, str, str, str, dict[str, Any]], ...] = (
    (1, "send", "aoki", "", {}),
    (2, "receive", "sato", "", {}),
    (3, "accept", "sato", "", {}),
    (4, "offer_date", "sato", "6月5日 10:00", {"starts_at": VISIT}),
    (5, "confirm_date", "kimura", "", {}),
    (6, "change_date", "kimura", "ご都合", {"starts_at": LATER, "note": "ご都合"}),
    (7, "confirm_date", "sato", "", {}),
    (172, "arrive", "sato", "", {}),
    (173, "send_reply", "takahashi", NOTICE.value, {}),
    (174, "admit", "sato", "5東病棟", {"ward": "5東病棟"}),
    (300, "discharge", "sato", "", {}),
    (301, "send_reply", "takahashi", FINAL.value, {}),
    (330, "close", "sato", "", {}),
)
LINE = (8, "kimura", "当日の朝食はとってもよいでしょうか。")


def _plan() -> ReferralPlan:
    at = {hours: START + timedelta(hours=hours) for hours in range(400)}
    moves = tuple(MovePlan(at[h], move, f"{who}.x", note) for h, move, who, note, _ in STORY)
    replies = tuple(
        ReplyPlan(m.at, ReplyKind(m.note), m.actor, "受診されました。")
        for m in moves
        if m.name == "send_reply"
    )
    return ReferralPlan(
        key="R1",
        kind="referral",
        scenario="",
        sender="C1",
        physician="aoki.x",
        entered_by="",
        receiver="H1",
        department="糖尿病内科",
        assigned="takahashi.x",
        patient="P1",
        urgency=Urgency.ROUTINE,
        wish="",
        basis="posted_notice",
        on_paper=False,
        created_at=START,
        content=CONTENT,
        state=State.CLOSED,
        moves=moves,
        replies=replies,
        appointment_at=LATER,
        messages=(MessagePlan(at[LINE[0]], f"{LINE[1]}.x", LINE[2]),),
    )


def _done(cast: Cast) -> Referral:
    """The story, done by the people of the cast."""
    with clock.frozen(START):
        aoki = cast.actor("aoki")
        with acting(aoki):
            made = actions.draft(aoki, cast.patient("suzuki"))
            facility = cast.facility("H1")
            actions.write(aoki, made, content=CONTENT, receiver=facility, receiver_department="糖尿病内科")
            actions.finalise(aoki, queries.one(aoki, made.uid))
    message = (LINE[0], "post_message", LINE[1], "", {"text": LINE[2]})
    for hours, move, who, note, given in sorted((*STORY, message), key=lambda step: step[0]):
        _do(cast, made, START + timedelta(hours=hours), move, who, note, given)
    return made


def _do(
    cast: Cast, made: Referral, at: datetime, move: str, who: str, note: str, given: dict[str, Any]
) -> None:
    actor = cast.actor(who)
    with clock.frozen(at), acting(actor):
        if move == "send_reply":
            referral = queries.one(actor, made.uid)
            given = {"reply": actions.write_reply(actor, referral, kind=note, text="受診されました。")}
        getattr(actions, move)(actor, queries.one(actor, made.uid), **given)


def test_a_told_past_has_the_lines_dates_and_timers_of_the_same_story_done(cast: Cast) -> None:
    made = _done(cast)
    houses = {
        "C1": [cast.actor("aoki"), cast.actor("kimura")],
        "H1": [cast.actor("sato"), cast.actor("takahashi")],
    }
    names = {"aoki": "C1", "kimura": "C1", "sato": "H1", "takahashi": "H1"}
    staff = Staff(houses, {(f"{who}.x", key): cast.actor(who) for who, key in names.items()}, {})
    with arranging():
        moves = list(ReferralMove._base_manager.filter(referral=made).order_by("id"))
        deadlines = list(Deadline._base_manager.filter(referral=made).order_by("id"))
    lengths = {
        "referral.accept_hours": 24.0,
        "referral.date_answer_hours": 48.0,
        "reply.arrival_notice_days": 3.0,
        "reply.first_report_days": 14.0,
        "reply.interim_report_days": 60.0,
        "reply.discharge_report_days": 14.0,
        "reply.final_report_days": 30.0,
    }
    places = Places(cast.facilities, {}, {(setting, ""): length for setting, length in lengths.items()})
    past = Historian(_plan(), staff, places).tell()
    told = [(s.at, s.name, s.before, s.after, s.says, s.note, s.actor.label) for s in past.steps]
    assert told == [(m.at, m.name, m.from_state, m.to_state, m.says, m.note, m.person) for m in moves]
    facilities = {key: cast.facility(key).pk for key in ("C1", "H1")}
    timers = sorted((d.name, facilities[d.facility], d.started_at, d.due_at, d.met_at) for d in past.dues)
    assert timers == sorted((d.name, d.facility_id, d.started_at, d.due_at, d.met_at) for d in deadlines)
