"""Schemes, applications and members as the screens show them: words, tones, links; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from renkei.directory.models import ClosingDay
from renkei.directory.profiles.queries import suspended_among
from renkei.directory.profiles.types import back
from renkei.enrolments.models import Application, Certificate, Enrolment, MembershipTerm, Scheme
from renkei.enrolments.queries import is_good
from renkei.enrolments.types import (
    Enrols,
    Manifest,
    Renewal,
    State,
    TermKind,
    TermRule,
    manifest_of,
)
from renkei.kernel import clock
from renkei.kernel.eras import format_both
from renkei.ui.types import Row, Tab, Tone

TONES = {
    State.SUBMITTED: Tone.INFO,
    State.RETURNED: Tone.WARNING,
    State.APPROVED: Tone.SUCCESS,
    State.REFUSED: Tone.DANGER,
    State.CANCELLED: Tone.NEUTRAL,
}
_KINDS = {
    TermKind.FISCAL_YEAR: "年度末(3月31日)まで",
    TermKind.OPEN: "期限なし",
}
_RENEWALS = {
    Renewal.AUTOMATIC: "申し出がなければ自動で更新",
    Renewal.APPLICATION: "更新には申請が必要",
    Renewal.NONE: "更新なし",
}


@dataclass(frozen=True)
class Line:
    """One row of a list: who, in which words the state is told."""

    row: Application | Enrolment
    who: str
    category: str
    state: str
    tone: Tone
    suspended: str = ""


def term_words(rule: TermRule) -> str:
    """How long, and how it goes on."""
    if rule.kind is TermKind.FROM_ISSUE:
        years, months = divmod(rule.months, 12)
        long = f"発行日から{years}年" if not months else f"発行日から{rule.months}か月"
    elif rule.kind is TermKind.FIXED:
        long = f"{_day(rule.until_on)}まで" if rule.until_on else "定めた日まで"
    else:
        long = _KINDS[rule.kind]
    return long if rule.kind is TermKind.OPEN else f"{long}・{_RENEWALS[rule.renewal]}"


def who(row: Application | Enrolment) -> str:
    """The member as a list names it."""
    if row.physician_name:
        return f"{row.seat} {row.physician_name}".strip()
    if row.organization is not None:
        return str(row.organization.name)
    if manifest_of(row.scheme.key).enrols in (Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY):
        return "(医師名なし)"
    return row.seat or row.facility.name


def category(row: Application | Enrolment) -> str:
    """The word of its category."""
    found = manifest_of(row.scheme.key).category(row.category)
    return found.label if found else ""


def application_line(row: Application) -> Line:
    """An application in a list."""
    state = State(row.state)
    return Line(row, who(row), category(row), str(state.label), TONES[state])


def member_lines(rows: Iterable[Enrolment]) -> list[Line]:
    """Members in a list; who rests (休止中) today is asked for all of them at once."""
    shown = list(rows)
    resting = suspended_among({row.facility_id for row in shown})
    return [member_line(row, resting=resting.get(row.facility_id)) for row in shown]


def member_line(row: Enrolment, on: date | None = None, *, resting: ClosingDay | None = None) -> Line:
    """A member in a list; ``resting`` is the suspension of its institution."""
    day = on or clock.today()
    if row.ended_on is None:
        state, tone = ("更新しない", Tone.WARNING) if row.objects_to_renewal else ("登録中", Tone.SUCCESS)
    elif row.ended_on <= day:
        state, tone = "終了", Tone.NEUTRAL
    else:
        state, tone = "終了予定", Tone.WARNING
    there = row.ended_on is None or row.ended_on > day
    rests = f"休止中({back(resting.until_on)})" if resting is not None and there else ""
    return Line(row, who(row), category(row), state, tone, rests)


def said(row: Application | Enrolment) -> list[Row]:
    """What the application says, field by field; empty ones too, so that nothing seems cut off."""
    manifest = manifest_of(row.scheme.key)
    rows = [Row("医療機関", row.facility.name, reverse("directory:facility", args=[row.facility.uid]))]
    if row.organization is not None:
        rows.append(Row("法人", row.organization.name))
    if manifest.enrols in (Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY, Enrols.SEAT):
        rows.append(Row("医師の氏名", row.physician_name or "―"))
        rows.append(Row("フリガナ", row.physician_kana or "―"))
    if manifest.categories:
        rows.append(Row("区分", category(row) or "―"))
    rows += [Row(f.label, _answer(f.kind, str(row.answers.get(f.key) or ""))) for f in manifest.fields]
    return rows


def _answer(kind: str, text: str) -> str:
    if kind == "date" and text:
        return format_both(date.fromisoformat(text))
    return text or "―"


def exceptions(row: Enrolment) -> list[dict[str, str]]:
    """Conditions that were not met, who allowed it and why; the day in words."""
    return [dict(said) | {"on": _day(date.fromisoformat(said["on"]))} for said in row.exceptions]


def term_rows(rows: Iterable[MembershipTerm]) -> list[Row]:
    """The history of terms."""
    return [
        Row(
            f"第{number}期",
            f"{span(t.from_on, t.until_on)}{'(自動更新)' if t.automatic else ''}",
        )
        for number, t in enumerate(rows, 1)
    ]


def span(first: date, last: date | None) -> str:
    """``2026年6月1日 〜 2027年3月31日``."""
    return f"{_day(first)} 〜 {_day(last) if last else '期限なし'}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True)
class CertificateLine:
    """A certificate with the word whether it counts."""

    certificate: Certificate
    period: str
    state: str
    tone: Tone
    good: bool


def certificate_line(row: Certificate, on: date | None = None) -> CertificateLine:
    """Good, void or over."""
    day = on or clock.today()
    good = is_good(row, day)
    if good:
        state, tone = "有効", Tone.SUCCESS
    elif row.voided_on is not None and row.voided_on <= day:
        state, tone = f"無効({row.void_reason})", Tone.DANGER
    elif day < row.valid_from:
        state, tone = f"{_day(row.valid_from)}から有効", Tone.INFO
    else:
        state, tone = "期限切れ", Tone.NEUTRAL
    return CertificateLine(row, span(row.valid_from, row.valid_until), state, tone, good)


def about(manifest: Manifest) -> list[Row]:
    """What a scheme is, for whoever thinks of joining."""
    rows = [
        Row("登録の単位", str(manifest.enrols.label)),
        Row("期間", term_words(manifest.term)),
        Row("手順", " → ".join(manifest.steps)),
    ]
    conditions = [f"{rule.label}{'(原則)' if rule.principle else ''}" for rule in manifest.eligibility]
    if conditions:
        rows.append(Row("条件", "、".join(conditions)))
    if manifest.benefits:
        rows.append(Row("登録すると", "、".join(manifest.benefits)))
    rights = {"representative": "医療機関の代表者", "staff": "本人または医療機関の職員"}
    rows.append(Row("変更・辞退", rights[manifest.withdraw]))
    return rows


def tabs(scheme: Scheme, at: str, waiting: int) -> list[Tab]:
    """The pages of an office about one scheme."""
    pages = (
        ("applications", "申請"),
        ("members", "名簿"),
        ("renewals", "更新の予告"),
        ("exceptions", "例外と重複"),
        ("settings", "案内と区域"),
    )
    return [
        Tab(
            label,
            reverse(f"enrolments:{name}", args=[scheme.uid]),
            name == at,
            waiting if name == "applications" else None,
        )
        for name, label in pages
    ]
