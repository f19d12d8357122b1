"""締め and what follows from it: closing and opening months, how is counted, and the report of a year."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Max

from renkei.directory.models import Rule
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.indicators.actions.months import hold
from renkei.indicators.figures import closings, figures
from renkei.indicators.models import BackReferral, MonthClosing, MonthlyFigure, Report, Visit
from renkei.indicators.permissions import P
from renkei.indicators.registry import all_indicators, definition_names, options_of
from renkei.indicators.reporting.content import content_of
from renkei.indicators.rules import OPTIONS, PREFIX
from renkei.indicators.types import Option, Period, month_of, next_month
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow


def _label(month: date) -> str:
    return f"{month.year}年{month.month}月"


@action(P.CLOSE, says="月を締め")
def close_month(actor: Actor, *, month: date) -> MonthClosing:
    """Keep the figures of a month that is over, with the definitions in force; afterwards nothing changes them.

    Raises ``NotPossibleNow`` for a month that is not over or is closed already.
    """
    month = month_of(month)
    if next_month(month) > clock.today():
        says = f"{_label(month)}はまだ終わっていません。{_label(next_month(month))}1日から締められます。"
        raise NotPossibleNow("month_not_over", says)
    hold(actor.facility_id, alone=True)
    if month in closings(actor, [month]):
        raise NotPossibleNow("month_closed", f"{_label(month)}はもう締められています。")
    found = figures(actor, Period(month, month))
    closing = MonthClosing.objects.create(
        facility_id=actor.facility_id, month_on=month, closed_at=clock.now(), closed_by=actor.label[:120]
    )
    MonthlyFigure.objects.bulk_create(
        MonthlyFigure(
            facility_id=actor.facility_id,
            closing=closing,
            month_on=month,
            indicator=indicator.key,
            counts=dict(found[indicator.key].months[0].counts),
            definition=found[indicator.key].months[0].definition.to_json(),
        )
        for indicator in all_indicators()
        if indicator.closes
    )
    say(f"{actor.label}が{_label(month)}の集計を締めました")
    return closing


@action(P.REOPEN, says="月の締めを解除")
def reopen_month(actor: Actor, closing: MonthClosing, *, reason: str) -> MonthClosing:
    """Open a closed month again; corrections that came meanwhile count from now on. The kept figures stay as history."""
    if not reason.strip():
        raise Invalid("reason", "締めを解除する理由を入力してください。", "reason")
    if closing.reopened_at is not None:
        raise NotPossibleNow("month_open", f"{_label(closing.month_on)}の締めはもう解除されています。")
    hold(actor.facility_id, alone=True)
    closing.reopened_at, closing.reopened_by = clock.now(), actor.label[:120]
    closing.reopen_reason = reason.strip()[:200]
    closing.save()
    for model, day in ((Visit, "visit_on"), (BackReferral, "issued_on")):
        rows = model.objects.visible_to(actor).filter(facility_id=closing.facility_id, late=True)
        ends = {f"{day}__gte": closing.month_on, f"{day}__lt": next_month(closing.month_on)}
        rows.filter(**ends).update(late=False)
    say(f"{actor.label}が{_label(closing.month_on)}の締めを解除しました: {closing.reopen_reason}")
    return closing


@action(P.DEFINE, says="指標の数え方を変更")
def define(actor: Actor, *, definition: str, values: dict[str, Any], valid_from: date, reason: str) -> Rule:
    """Set what a house may decide about a definition, from a month on. A new version; closed months keep theirs.

    Raises ``Invalid`` for an unknown definition, an option that is none, a day that begins no month, or no reason.
    """
    options = {o.name: o for o in options_of(definition)} if definition in definition_names() else {}
    if not options:
        raise Invalid("definition", "この定義は施設では変更できません。", "definition")
    if valid_from.day != 1:
        raise Invalid("valid_from", "数え方は月の初日から変えられます。1日を選んでください。", "valid_from")
    if not reason.strip():
        raise Invalid("reason", "変更の理由を入力してください(例: 県の指導による)。", "reason")
    chosen = {name: _checked(options, name, value) for name, value in values.items()}
    made = Rule(
        code=f"{PREFIX}{definition}{OPTIONS}",
        jurisdiction=f"facility:{actor.facility_id}",
        params={"value": chosen},
        valid_from=valid_from,
        source=reason.strip()[:200],
    )
    made.save()
    say(f"{actor.label}が指標の数え方を{_label(valid_from)}から変更しました: {reason.strip()[:100]}")
    return made


def _checked(options: dict[str, Option], name: str, value: Any) -> Any:
    option = options.get(name)
    if option is None:
        raise Invalid("option", "この項目は施設では変更できません。", name)
    allowed: tuple[Any, ...] = tuple(v for v, _label in option.choices) or (True, False)
    if value not in allowed:
        raise Invalid("option", f"「{option.label}」の値を選び直してください。", name)
    return value


@action(P.REPORT, says="業務報告書を作成")
def make_report(actor: Actor, *, fiscal_year: int) -> Report:
    """業務報告書 of a fiscal year with the figures as they are now; an earlier one stays beside it.

    Raises ``NotPossibleNow`` before the fiscal year is over.
    """
    period = Period.fiscal(fiscal_year)
    if period.until > clock.today():
        says = f"{fiscal_year}年度はまだ終わっていません。{period.until.year}年4月1日から作成できます。"
        raise NotPossibleNow("year_not_over", says)
    before = Report.objects.visible_to(actor).filter(fiscal_year=fiscal_year)
    number = (before.aggregate(last=Max("number"))["last"] or 0) + 1
    made = Report.objects.create(
        facility_id=actor.facility_id,
        fiscal_year=fiscal_year,
        number=number,
        content=content_of(actor, period),
        made_at=clock.now(),
        made_by=actor.label[:120],
    )
    say(f"{actor.label}が{fiscal_year}年度の業務報告書(第{number}版)を作成しました")
    return made
