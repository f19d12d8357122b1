"""The table of moves of the trunk (rules B.5). Buttons, diagram, timers and random walks come from here."""

from __future__ import annotations

from typing import Any

from renkei.kernel.workflow import Facts, Move, Timer, Workflow, move
from renkei.referrals.permissions import P
from renkei.referrals.types import State

SENDER = frozenset({"sender"})
RECEIVER = frozenset({"receiver"})
EITHER = SENDER | RECEIVER
S = State

LABELS = {
    S.DRAFT: "下書き",
    S.SENT: "受付待ち",
    S.RECEIVED: "受付済",
    S.ACCEPTED: "日程調整中",
    S.OFFERED: "日程提案中",
    S.BOOKED: "予約確定",
    S.ARRIVED: "来院済",
    S.ADMITTED: "入院中",
    S.NO_SHOW: "未来院",
    S.FINAL_REPLY: "最終報告済",
    S.CLOSED: "完了",
    S.DECLINED: "お断り",
    S.REDIRECTED: "転送済",
    S.WITHDRAWN: "取り下げ",
}


def purpose_given(facts: Facts) -> str:
    """紹介目的 is mandatory (様式11)."""
    return "" if str(facts.get("purpose") or "").strip() else "紹介目的を入力してください。"


def diagnosis_given(facts: Facts) -> str:
    """傷病名 is mandatory (様式11)."""
    return "" if facts.get("diagnoses") else "傷病名を1つ以上入力してください。"


def receiver_given(facts: Facts) -> str:
    """A letter fee needs a named destination (rules B.4), and so does sending."""
    return "" if facts.get("receiver") else "紹介先の医療機関を選んでください。"


def consent_or_notice(facts: Facts) -> str:
    """A reservation (留保) beats the posted notice: then nothing is shared electronically (rules I.3)."""
    if facts.get("basis") == "refusal" and facts.get("electronic"):
        return "患者さんが共有を留保しています。電子送信はできません。紙に印刷して渡してください。"
    return ""


def finalised(facts: Facts) -> str:
    """Only a letter that a physician finalised (確定) leaves the house (真正性, rules I.1)."""
    return (
        ""
        if facts.get("finalised")
        else "医師が確定していない紹介状は送信できません。医師に確定を依頼してください。"
    )


def final_report_or_reason(facts: Facts) -> str:
    """No case closes without a final report, or a reason why there is none."""
    if facts.get("final_report") or str(facts.get("reason") or "").strip():
        return ""
    return "最終報告を送っていません。報告せずに完了するときは理由を入力してください。"


def future_date(facts: Facts) -> str:
    """A date can only be offered ahead of now."""
    return "" if facts.get("in_future") else "過ぎた日時は提案できません。これからの日時を選んでください。"


def sent_on_paper(facts: Facts) -> str:
    """Only what went out on paper is answered on paper and ended by the sender."""
    says = "電子送信した紹介は、紹介先が返書を送り、完了にします。紙の返書は登録できません。"
    return says if facts.get("electronic") else ""


purpose_given.field = "purpose"  # type: ignore[attr-defined]
diagnosis_given.field = "diagnoses"  # type: ignore[attr-defined]
receiver_given.field = "receiver"  # type: ignore[attr-defined]
consent_or_notice.field = "basis"  # type: ignore[attr-defined]
final_report_or_reason.field = "reason"  # type: ignore[attr-defined]
future_date.field = "starts_at"  # type: ignore[attr-defined]

ACCEPT = Timer("accept", "referral.accept_hours")
ANSWER = Timer("date_answer", "referral.date_answer_hours")
ARRIVAL = Timer("arrival_notice", "reply.arrival_notice_days")
FIRST = Timer("first_report", "reply.first_report_days")
INTERIM = Timer("interim_report", "reply.interim_report_days")
DISCHARGE = Timer("discharge_report", "reply.discharge_report_days")
FINAL = Timer("final_report", "reply.final_report_days")
REPLIES = ("arrival_notice", "first_report", "interim_report", "discharge_report", "final_report")
ALL_TIMERS = ("accept", "date_answer", *REPLIES)

_OPEN = {S.RECEIVED, S.ACCEPTED, S.OFFERED, S.BOOKED}
_SEEN = {S.ARRIVED, S.ADMITTED}

_ANSWERED = {S.FINAL_REPLY, S.CLOSED, S.WITHDRAWN}


def _paper(name: str, sources: set[State], target: State | None, **how: Any) -> Move:
    """A move of a referral that went out on paper: nobody but the sender's house can make it."""
    how = {"permission": P.FILE_PAPER} | how
    return move(name, sources, target, by=SENDER, needs=(sent_on_paper,), **how)


PAPER_MOVES = frozenset(
    {
        "close_paper",
        "close_answered",
        "paper_arrive",
        "paper_reply",
        "paper_finish",
        "paper_undo_all",
        "paper_undo_finish",
        "paper_undo",
        "paper_noted",
    }
)
"""Moves of a referral that went out on paper: the sender's house files what comes back by fax or post."""

REFERRAL = Workflow(
    "referral",
    State,
    start=S.DRAFT,
    labels=LABELS,
    ends=frozenset({S.CLOSED, S.DECLINED, S.REDIRECTED, S.WITHDRAWN}),
    moves=(
        move(
            "send",
            {S.DRAFT},
            S.SENT,
            by=SENDER,
            permission=P.SEND,
            label="送信する",
            needs=(purpose_given, diagnosis_given, receiver_given, consent_or_notice, finalised),
            starts=(ACCEPT,),
        ),
        move("discard", {S.DRAFT}, S.WITHDRAWN, by=SENDER, permission=P.DRAFT, label="下書きを破棄"),
        move(
            "withdraw",
            {S.SENT, *_OPEN},
            S.WITHDRAWN,
            by=SENDER,
            permission=P.SEND,
            label="取り下げる",
            asks=("reason",),
            stops=ALL_TIMERS,
        ),
        move(
            "receive",
            {S.SENT},
            S.RECEIVED,
            by=RECEIVER,
            permission=P.RECEIVE,
            label="受け付ける",
            stops=("accept",),
        ),
        move(
            "accept",
            {S.SENT, S.RECEIVED},
            S.ACCEPTED,
            by=RECEIVER,
            permission=P.RECEIVE,
            label="引き受ける",
            stops=("accept",),
        ),
        move(
            "decline",
            {S.SENT, S.RECEIVED, S.ACCEPTED},
            S.DECLINED,
            by=RECEIVER,
            permission=P.DECIDE,
            label="お断り",
            asks=("reason",),
            stops=ALL_TIMERS,
        ),
        move(
            "redirect",
            {S.SENT, S.RECEIVED, S.ACCEPTED},
            S.REDIRECTED,
            by=RECEIVER,
            permission=P.DECIDE,
            label="別の施設へ",
            asks=("reason",),
            stops=ALL_TIMERS,
        ),
        move(
            "offer_date",
            {S.SENT, S.RECEIVED, S.ACCEPTED, S.OFFERED, S.NO_SHOW},
            S.OFFERED,
            by=RECEIVER,
            permission=P.SCHEDULE,
            label="日程を提案",
            needs=(future_date,),
            starts=(ANSWER,),
            stops=("accept",),
        ),
        move(
            "confirm_date",
            {S.OFFERED},
            S.BOOKED,
            by=EITHER,
            permission=P.SCHEDULE,
            label="日程を確定",
            stops=("date_answer",),
        ),
        move(
            "refuse_date",
            {S.OFFERED},
            S.ACCEPTED,
            by=SENDER,
            permission=P.SCHEDULE,
            label="別の日を希望",
            asks=("reason",),
            stops=("date_answer",),
        ),
        move(
            "change_date",
            {S.BOOKED},
            S.OFFERED,
            by=EITHER,
            permission=P.SCHEDULE,
            label="日程を変更",
            needs=(future_date,),
            starts=(ANSWER,),
        ),
        move(
            "cancel_date",
            {S.OFFERED, S.BOOKED},
            S.ACCEPTED,
            by=EITHER,
            permission=P.SCHEDULE,
            label="予約を取り消す",
            asks=("reason",),
            stops=("date_answer",),
        ),
        move(
            "arrive",
            {S.RECEIVED, S.ACCEPTED, S.OFFERED, S.BOOKED, S.NO_SHOW},
            S.ARRIVED,
            by=RECEIVER,
            permission=P.REPORT_ARRIVAL,
            label="来院",
            starts=(ARRIVAL, FIRST, FINAL),
            stops=("accept", "date_answer"),
        ),
        move(
            "no_show",
            {S.BOOKED, S.OFFERED},
            S.NO_SHOW,
            by=RECEIVER,
            permission=P.REPORT_ARRIVAL,
            label="来院なし",
            stops=("date_answer",),
        ),
        move(
            "admit",
            {S.ARRIVED},
            S.ADMITTED,
            by=RECEIVER,
            permission=P.REPORT_ARRIVAL,
            label="入院",
            starts=(INTERIM,),
            stops=("final_report",),
        ),
        move(
            "discharge",
            {S.ADMITTED},
            S.ARRIVED,
            by=RECEIVER,
            permission=P.REPORT_ARRIVAL,
            label="退院",
            starts=(DISCHARGE, FINAL),
            stops=("interim_report",),
        ),
        move(
            "notify_arrival",
            _SEEN | {S.FINAL_REPLY},
            None,
            by=RECEIVER,
            permission=P.DRAFT_REPLY,
            label="来院報告を送る",
        ),
        move(
            "reassign",
            {S.SENT, *_OPEN, S.NO_SHOW},
            None,
            by=RECEIVER,
            permission=P.RECEIVE,
            label="別の科へ",
        ),
        _paper(
            "close_paper",
            {S.SENT, S.ARRIVED},
            S.CLOSED,
            permission=P.SEND,
            label="紙の紹介を完了",
            asks=("reason",),
            stops=ALL_TIMERS,
        ),
        _paper(
            "close_answered",
            {S.FINAL_REPLY},
            S.CLOSED,
            permission=P.SEND,
            label="完了にする",
            stops=ALL_TIMERS,
        ),
        _paper(
            "paper_arrive",
            {S.SENT},
            S.ARRIVED,
            label="紙の返書(来院・中間)を登録",
            starts=(ARRIVAL, FIRST, FINAL),
            stops=("accept",),
        ),
        _paper("paper_reply", {S.ARRIVED, *_ANSWERED}, None, label="紙の返書を登録"),
        _paper(
            "paper_finish",
            {S.SENT, S.ARRIVED},
            S.FINAL_REPLY,
            label="紙の最終報告を登録",
            stops=("accept", *REPLIES),
        ),
        _paper(
            "paper_undo_all",
            {S.ARRIVED, S.FINAL_REPLY},
            S.SENT,
            label="紙の返書の登録を取り消す",
            stops=REPLIES,
        ),
        _paper("paper_undo_finish", {S.FINAL_REPLY}, S.ARRIVED, label="紙の最終報告の登録を取り消す"),
        _paper("paper_noted", {S.SENT, S.ARRIVED, *_ANSWERED}, None, label="誤登録の記録を残す"),
        _paper("paper_undo", {S.SENT, S.ARRIVED, *_ANSWERED}, None, label="紙の返書の登録を取り消す"),
        move("reply", _SEEN, None, by=RECEIVER, permission=P.REPLY, label="返書を送る"),
        move(
            "finish",
            _SEEN | {S.NO_SHOW},
            S.FINAL_REPLY,
            by=RECEIVER,
            permission=P.REPLY,
            label="最終報告を送る",
            stops=REPLIES,
        ),
        move(
            "close",
            {S.RECEIVED, S.ACCEPTED, S.OFFERED, S.BOOKED, S.NO_SHOW, S.FINAL_REPLY, *_SEEN},
            S.CLOSED,
            by=RECEIVER,
            permission=P.CLOSE,
            label="完了にする",
            needs=(final_report_or_reason,),
            stops=ALL_TIMERS,
        ),
        move(
            "message",
            {s for s in S if s is not S.DRAFT},
            None,
            by=EITHER,
            permission=P.MESSAGE,
            label="連絡を書く",
        ),
        move(
            "remind",
            {s for s in S if s not in (S.DRAFT, S.CLOSED, S.WITHDRAWN)},
            None,
            by=EITHER,
            permission=P.MESSAGE,
            label="返書を催促",
        ),
        move(
            "correct",
            {S.SENT, *_OPEN, *_SEEN, S.NO_SHOW},
            None,
            by=SENDER,
            permission=P.FINALISE,
            label="訂正版を出す",
            asks=("reason",),
        ),
        move(
            "plan_back", _SEEN | {S.FINAL_REPLY}, None, by=RECEIVER, permission=P.DRAFT, label="逆紹介を予定"
        ),
    ),
)
