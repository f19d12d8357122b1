"""A request as the screens show it: words, tones and the step that comes next; nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from renkei.guests.codes import shown
from renkei.guests.models import GuestRequest
from renkei.guests.types import NEVER_TAKEN_IN, TONES, Identity, State, Told
from renkei.kernel import clock, eras
from renkei.ui.types import Row, Tab, Tone

STEPS = ("依頼", "電話", "受付", "連絡")
SEXES = {"male": "男", "female": "女", "other": "その他", "unknown": "不明"}


@dataclass(frozen=True)
class Line:
    """One row of the list."""

    request: GuestRequest
    state: str
    tone: Tone
    code: str
    unknown: bool
    needs_physician: bool


def line(row: GuestRequest) -> Line:
    """The row with its words."""
    state = State(row.state)
    return Line(
        request=row,
        state=state.label,
        tone=TONES[state],
        code=shown(row.code),
        unknown=row.sender_id is None,
        needs_physician=row.physician_check and not row.identity,
    )


def tabs(done: bool, count: int) -> list[Tab]:
    """What waits, what is done."""
    url = reverse("guests:requests")
    return [Tab("受付待ち", url, not done, count), Tab("処理済み", f"{url}?tab=done", done)]


def step_number(row: GuestRequest) -> int:
    """Index in ``STEPS`` of what comes next."""
    if row.state == State.WAITING:
        return 1
    if row.state == State.CONFIRMED:
        return 2
    return 4 if row.told_at or row.state in NEVER_TAKEN_IN else 3


def steps_of(row: GuestRequest) -> set[str]:
    """Which forms stand on the page."""
    if row.state == State.WAITING:
        return {"call", "refuse"}
    if row.state == State.CONFIRMED:
        missing = row.physician_check and not row.identity
        return {"identify", "refuse"} if missing else {"accept", "refuse"}
    has_date = row.referral is not None and row.referral.appointment_at is not None
    return {"tell"} if has_date and not row.told_at else set()


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def typed(row: GuestRequest) -> list[Row]:
    """What the guest typed, as it came; of a blanked request, who asked and for what kind of thing."""
    asked = [
        Row("依頼の種類", row.kind_label),
        Row("医療機関", f"{row.clinic}({row.institution_number})"),
        Row("医師", row.physician),
    ]
    if row.blanked_at:
        return [*asked, Row("患者", f"{_at(row.blanked_at)}に消去しました(保存期間の終了)")]
    age = eras.age_on(row.born, clock.today())
    wish = "〜".join(d for d in (_day(row.wish_from), _day(row.wish_until)) if d)
    return [
        *asked,
        Row("患者", f"{row.patient_name}({row.patient_kana})"),
        Row("生年月日", f"{eras.format_both(row.born)}({age}歳)・{SEXES.get(row.sex, '不明')}"),
        Row("患者の電話", row.patient_phone),
        Row("希望の診療科", row.department or "決めていない"),
        Row("希望日", wish or "指定なし"),
        Row("ほかの希望", row.wish),
        Row("目的・経過", row.purpose),
    ]


def checked(row: GuestRequest) -> list[Row]:
    """What the desk found out and did."""
    found: list[Row] = []
    if row.called_at:
        source = f"(調べた先: {row.number_source})" if row.number_source else "(名簿の番号)"
        found.append(Row("折り返し電話", f"{_at(row.called_at)} {row.called_number}{source}"))
        found.append(Row("確認した相手", f"{row.confirmed_with}(記録: {row.called_by})"))
        if row.call_note:
            found.append(Row("メモ", row.call_note))
    if row.identified_at:
        number = f" {row.identity_number}" if row.identity_number else ""
        found.append(Row("医師確認", f"{Identity(row.identity).label}{number}"))
        found.append(Row("確かめた内容", f"{row.identity_note}(記録: {row.identified_by})"))
    if row.refuse_reason:
        found.append(Row("お断りの理由", f"{row.refuse_reason}(記録: {row.decided_by})"))
    if row.referral is not None:
        url = reverse("referrals:show", args=[row.referral.uid])
        found.append(Row("紹介", row.referral.number, url))
        at = row.referral.appointment_at
        found.append(Row("来院日時", _at(at) if at else "未定"))
    if row.told_at:
        found.append(Row("日程の連絡", f"{_at(row.told_at)} {Told(row.told).label}で{row.told_to}へ"))
    return found


def _at(instant: datetime) -> str:
    local = instant.astimezone(clock.JST)
    return f"{local.month}月{local.day}日({'月火水木金土日'[local.weekday()]}) {local:%H:%M}"
