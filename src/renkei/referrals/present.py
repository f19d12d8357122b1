"""View models: every label, tone and allowed button is decided here; templates hold no permission logic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from renkei.gate.actor import Actor
from renkei.kernel import clock, eras
from renkei.patients.models import Patient
from renkei.referrals.models import Deadline, Referral, ReferralMove
from renkei.referrals.queries import Whole
from renkei.referrals.registry import kind_of
from renkei.referrals.types import REPLY_LABELS, State, Urgency
from renkei.referrals.workflow import LABELS, PAPER_MOVES
from renkei.ui.addresses import address
from renkei.ui.types import Moment, Row, Shown, Tone

SEX = {"male": "男", "female": "女", "other": "その他", "unknown": "不明"}
URGENCY = {Urgency.ROUTINE: "通常", Urgency.SOON: "早め", Urgency.URGENT: "至急"}
TONES = {
    State.DRAFT: Tone.NEUTRAL,
    State.SENT: Tone.INFO,
    State.RECEIVED: Tone.INFO,
    State.ACCEPTED: Tone.WARNING,
    State.OFFERED: Tone.WARNING,
    State.BOOKED: Tone.SUCCESS,
    State.ARRIVED: Tone.SUCCESS,
    State.ADMITTED: Tone.SUCCESS,
    State.NO_SHOW: Tone.DANGER,
    State.FINAL_REPLY: Tone.NEUTRAL,
    State.CLOSED: Tone.NEUTRAL,
    State.DECLINED: Tone.DANGER,
    State.REDIRECTED: Tone.PURPLE,
    State.WITHDRAWN: Tone.NEUTRAL,
}
STEPS = ("送信", "受付", "日程", "来院", "返書", "完了")
STEP_OF = {
    State.DRAFT: 0,
    State.SENT: 1,
    State.RECEIVED: 2,
    State.ACCEPTED: 2,
    State.OFFERED: 2,
    State.BOOKED: 3,
    State.NO_SHOW: 3,
    State.ARRIVED: 4,
    State.ADMITTED: 4,
    State.FINAL_REPLY: 5,
    State.CLOSED: 6,
    State.DECLINED: 1,
    State.REDIRECTED: 1,
    State.WITHDRAWN: 0,
}
STOPPED = {State.DECLINED, State.REDIRECTED, State.WITHDRAWN, State.NO_SHOW}
DEADLINES = {
    "accept": "受付",
    "date_answer": "日程の返事",
    **{kind.value: label for kind, label in REPLY_LABELS.items()},
}
WEEKDAYS = "月火水木金土日"


def day_and_time(instant: datetime) -> str:
    """``6/5(金) 10:00`` in Japan."""
    local = instant.astimezone(clock.JST)
    return f"{local.month}/{local.day}({WEEKDAYS[local.weekday()]}) {local:%H:%M}"


def span(length: timedelta) -> str:
    """``3時間``, ``2日``: the largest unit that people say."""
    hours = abs(length).total_seconds() / 3600
    if hours < 1:
        return f"{int(hours * 60)}分"
    return f"{int(hours)}時間" if hours < 48 else f"{int(hours // 24)}日"


def person_line(patient: Patient) -> str:
    """``スズキ イチロウ・昭和34年(67)・男``: the small grey line under the name."""
    era = eras.format_era(patient.birth_on).split("年")[0] + "年"
    return f"{patient.kana}・{era}({patient.age()})・{SEX.get(patient.sex, '不明')}"


def person_full(patient: Patient) -> str:
    """``スズキ イチロウ 昭和34年3月4日(67歳) 男``."""
    return f"{patient.kana}　{eras.format_era(patient.birth_on)}({patient.age()}歳) {SEX.get(patient.sex, '不明')}"


@dataclass(frozen=True)
class ListRow(Shown):
    """One row of the desk, the clinic's page or the search."""

    uid: str
    url: str
    number: str
    name: str
    line: str
    urgent: bool
    at: datetime
    other: str
    other_detail: str
    to: str
    purpose: str
    wish: str
    state: str
    tone: Tone
    note: str
    version: int
    unread: bool = False


def list_row(actor: Actor, referral: Referral, *, tab: str = "") -> ListRow:
    """A referral as one row; ``tab`` lets the badge say what matters in that list.

    A draft of one's own house opens where it is written, for those who may; everything else opens to be read.
    """
    own_draft = referral.state == State.DRAFT and referral.sender_id == actor.facility_id
    opens = "edit" if own_draft and actor.may("referral.draft") else "show"
    received = referral.receiver_id == actor.facility_id
    other = referral.sender.name if received else _receiver(referral)
    label, tone, note = _badge(referral, tab)
    return ListRow(
        uid=str(referral.uid),
        url=address(f"referrals:{opens}", referral.uid),
        number=referral.number,
        name=referral.patient.name,
        line=person_line(referral.patient),
        urgent=referral.urgency == Urgency.URGENT,
        at=referral.sent_at or referral.created_at,
        other=other,
        other_detail=referral.sender_physician if received else referral.receiver_physician,
        to=referral.receiver_department or "(科の指定なし)",
        purpose=referral.purpose or "(紹介目的 未入力)",
        wish=_wish(referral),
        state=label,
        tone=tone,
        note=note,
        version=referral.version,
        unread=bool(getattr(referral, "unread", False)),
    )


def _receiver(referral: Referral) -> str:
    if referral.receiver is not None:
        return referral.receiver.name
    return referral.receiver_name or "(宛先 未定)"


def _wish(referral: Referral) -> str:
    if referral.wish:
        return referral.wish
    days = [d for d in (referral.wish_from, referral.wish_until) if d]
    return "〜".join(f"{d.month}/{d.day}" for d in days) if days else "いつでも"


def _badge(referral: Referral, tab: str) -> tuple[str, Tone, str]:
    state = State(referral.state)
    due = getattr(referral, "due_at", None)
    if tab in ("overdue", "late") and due is not None:
        return f"返書遅れ {span(clock.now() - due)}", Tone.DANGER, LABELS[state]
    if tab == "back":
        return "逆紹介の予定", Tone.PURPLE, LABELS[state]
    if state is State.BOOKED and referral.appointment_at:
        local = referral.appointment_at.astimezone(clock.JST)
        today = local.date() == clock.today()
        text = f"本日 {local:%H:%M}" if today else day_and_time(referral.appointment_at)
        return text, Tone.SUCCESS, "来院予定"
    if not referral.electronic and state is State.SENT:
        return "紙で送付", Tone.PURPLE, "印刷して渡す"
    waited = span(clock.now() - referral.moved_at)
    notes = {
        State.SENT: f"{waited}前に到着",
        State.RECEIVED: "日程の提案へ",
        State.ACCEPTED: f"{waited}経過",
        State.OFFERED: "相手の返事待ち",
        State.FINAL_REPLY: "返書済",
        State.NO_SHOW: "連絡を確認",
    }
    return LABELS[state], TONES[state], notes.get(state, "")


@dataclass(frozen=True)
class Button:
    """A move that this person may make now: ``ask`` opens a dialog first, otherwise one press is enough."""

    move: str
    label: str
    key: str
    primary: bool
    ask: bool
    danger: bool = False


ONE_PRESS = {"receive", "accept", "confirm_date", "arrive", "discharge", "plan_back"}
KEYS = {
    "receive": "A",
    "accept": "U",
    "offer_date": "D",
    "confirm_date": "C",
    "arrive": "V",
    "no_show": "N",
    "admit": "H",
    "discharge": "H",
    "reassign": "E",
    "decline": "X",
    "redirect": "T",
    "change_date": "D",
    "close": "F",
    "message": "M",
    "plan_back": "B",
    "withdraw": "W",
}
# How a clerk reads the buttons after the filled one: the day's work first, sending away last.
ORDER = (
    "receive",
    "offer_date",
    "change_date",
    "confirm_date",
    "arrive",
    "accept",
    "admit",
    "discharge",
    "reassign",
    "plan_back",
)
LATE = ("no_show", "redirect", "close")
DANGEROUS = {"decline", "withdraw", "cancel_date", "discard"}
NEXT_STEP = {
    ("receiver", State.SENT): "receive",
    ("receiver", State.RECEIVED): "offer_date",
    ("receiver", State.ACCEPTED): "offer_date",
    ("receiver", State.BOOKED): "arrive",
    ("receiver", State.NO_SHOW): "offer_date",
    ("receiver", State.FINAL_REPLY): "close",
    ("sender", State.OFFERED): "confirm_date",
}
# These have pages or places of their own.
ELSEWHERE = {"remind", "reply", "finish", "notify_arrival", "message", "send", "discard", "correct"}


def buttons(actor: Actor, referral: Referral) -> list[Button]:
    """The open moves of the table for this actor, the next step first and filled."""
    party = "sender" if actor.facility_id == referral.sender_id else "receiver"
    state = State(referral.state)
    first = NEXT_STEP.get((party, state), "")
    moves = kind_of(referral.kind).workflow.open_moves(state, party, actor.permissions)
    if not referral.electronic:
        moves = [m for m in moves if m.name in {"close_paper", "withdraw"}]
    else:
        moves = [m for m in moves if m.name not in PAPER_MOVES]
    made = [
        Button(
            m.name,
            m.label,
            KEYS.get(m.name, ""),
            m.name == first,
            m.name not in ONE_PRESS,
            m.name in DANGEROUS,
        )
        for m in moves
        if m.name not in ELSEWHERE
    ]
    return sorted(made, key=lambda b: (not b.primary, b.danger, _place(b.move)))


def _place(move: str) -> int:
    """Where a move stands among the outlined buttons; unknown ones between the work and the sending away."""
    if move in ORDER:
        return ORDER.index(move)
    return len(ORDER) + (1 + LATE.index(move) if move in LATE else 0)


@dataclass(frozen=True)
class Detail:
    """The panel beside the list and the head of the referral's page."""

    referral: Referral
    party: str
    badge: str
    tone: Tone
    steps: Sequence[str]
    step: int
    stopped: bool
    who: str
    rows: Sequence[Row]
    buttons: Sequence[Button]
    moments: Sequence[Moment]
    deadlines: Sequence[str]
    can_reply: bool
    can_message: bool
    can_remind: bool
    can_back_refer: bool
    can_write_again: bool
    sender_reads: bool


def detail(actor: Actor, referral: Referral, whole: Whole) -> Detail:
    """Everything that the panel shows; ``whole`` passed the gate."""
    state = State(referral.state)
    label, tone, _note = _badge(referral, "")
    received = actor.facility_id == referral.receiver_id
    seen = state in (State.ARRIVED, State.ADMITTED, State.FINAL_REPLY, State.CLOSED)
    return Detail(
        referral=referral,
        party="receiver" if received else "sender",
        badge=label,
        tone=tone,
        steps=STEPS,
        step=STEP_OF[state],
        stopped=state in STOPPED,
        who=person_full(referral.patient),
        rows=_facts(referral, whole),
        buttons=buttons(actor, referral),
        moments=moments(whole.moves),
        deadlines=[deadline_line(d) for d in whole.deadlines],
        can_reply=received
        and state in (State.ARRIVED, State.ADMITTED, State.NO_SHOW)
        and actor.may("referral.draft_reply"),
        can_message=state is not State.DRAFT and actor.may("referral.message"),
        can_remind=any(d.due_at < clock.now() for d in whole.deadlines),
        can_back_refer=received and seen and actor.may("referral.draft"),
        can_write_again=not received
        and state in (State.DECLINED, State.REDIRECTED, State.WITHDRAWN)
        and referral.sent_at is not None
        and actor.may("referral.draft"),
        sender_reads=whole.sender_reads,
    )


def _facts(referral: Referral, whole: Whole) -> list[Row]:
    sender = " ".join(
        x for x in (referral.sender.name, referral.sender_department, referral.sender_physician) if x
    )
    receiver = " ".join(
        x for x in (_receiver(referral), referral.receiver_department, referral.receiver_physician) if x
    )
    rows = [
        Row("紹介元", sender),
        Row("宛先", receiver),
        Row(kind_of(referral.kind).purpose_label, referral.purpose or "未入力"),
        Row("傷病名", referral.diagnosis or "未入力"),
        Row("希望", _wish(referral)),
        Row("共有の根拠", referral.get_basis_display()),
    ]
    if referral.urgency != Urgency.ROUTINE:
        rows.insert(2, Row("緊急度", URGENCY[Urgency(referral.urgency)]))
    if referral.appointment_at:
        rows.append(Row("来院日時", day_and_time(referral.appointment_at)))
    elif offered := next((o for o in whole.offers if o.status == "offered"), None):
        rows.append(Row("提案中", day_and_time(offered.starts_at)))
    if referral.receiver_patient:
        rows.append(Row("患者番号", referral.receiver_patient.local_number or "(未設定)"))
    if referral.close_reason:
        rows.append(Row("理由", referral.close_reason))
    return rows


def moments(moves: Sequence[ReferralMove]) -> list[Moment]:
    """The timeline, newest first: the sentences of the moves, the same that the audit trail holds."""
    alarming = {"decline", "no_show", "withdraw"}
    return [
        Moment(says=m.says, at=m.at, detail=m.note, tone=Tone.DANGER if m.name in alarming else Tone.NEUTRAL)
        for m in reversed(moves)
    ]


def deadline_line(deadline: Deadline) -> str:
    """``最終報告の期限まで 3日`` or ``…の期限を 2日 過ぎています``."""
    name = DEADLINES.get(deadline.name, deadline.name)
    left = deadline.due_at - clock.now()
    if left.total_seconds() >= 0:
        return f"{name}の期限まで あと{span(left)}"
    return f"{name}の期限を {span(left)} 過ぎています"
