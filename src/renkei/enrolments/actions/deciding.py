"""The office decides: approve (with the exception where 原則 asks for it), send back, refuse."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from renkei.enrolments.actions.applying import columns, draft_of, refuse_registered
from renkei.enrolments.actions.issuing import (
    issue,
    last_term,
    list_member,
    move_terms,
    new_term,
    prolong,
    void,
)
from renkei.enrolments.actions.running import own
from renkei.enrolments.conditions.eligibility import findings
from renkei.enrolments.conditions.lapsed import lapsed_of
from renkei.enrolments.events import Decided, Joined, Moved
from renkei.enrolments.models import Application, Enrolment, Scheme, physician_key
from renkei.enrolments.periods import next_term, term_from
from renkei.enrolments.permissions import P
from renkei.enrolments.types import ApplicationKind, Finding, State, manifest_of
from renkei.enrolments.workflow import APPLICATION
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note


@action(P.DECIDE, says="申請を承認")
def approve(
    actor: Actor, application: Application, *, why: str = "", allowed_by: str = "", on: date | None = None
) -> Enrolment:
    """The application becomes a membership (or changes one) from a day on (today), with its certificate.

    Raises ``Invalid``: something mandatory is empty (the physician's name, for instance), a condition is not met, an
    exception lacks ``why`` or ``allowed_by``; ``NotPossibleNow`` when it was decided already or the physician is a member.
    """
    _office(actor, application, "approve")
    manifest = manifest_of(application.scheme.key)
    draft = draft_of(application)
    found = findings(manifest, draft, application.owner_id, application.scheme.areas)
    outside = [f for f in found if f.kind == "outside"]
    _move(
        application,
        "approve",
        {
            "missing": [f.says for f in found if f.kind == "missing"],
            "barred": [f.says for f in found if f.kind == "barred"],
            "outside": [f.says for f in outside],
            "why": why,
            "allowed_by": allowed_by,
        },
    )
    day = on or clock.today()
    exceptions = _exceptions(outside, why, allowed_by, day)
    enrolment = _BY_KIND[ApplicationKind(application.kind)](actor, application, day, exceptions)
    application.enrolment = enrolment
    _decided(actor, application, "")
    say(f"{actor.label}が{_who(application)}の申請を承認しました")
    return enrolment


@action(P.DECIDE, says="原則の例外を記録")
def allow_exception(actor: Actor, enrolment: Enrolment, *, why: str, allowed_by: str) -> Enrolment:
    """A member that a condition (原則) no longer fits stays by exception: who allowed it, and why; for the committee.

    Raises ``Invalid`` without either, ``NotPossibleNow`` when it meets every such condition.
    """
    own(actor, enrolment.scheme, "allow_exception", "原則の例外を記録")
    if not enrolment.active_on(clock.today()):
        raise NotPossibleNow("not_a_member", "登録が終了しています。")
    outside = [f for f in lapsed_of(enrolment) if f.kind == "outside"]
    if not outside:
        raise NotPossibleNow("nothing_to_allow", "例外として認める条件はありません。画面を更新してください。")
    for name, text, says in (("allowed_by", allowed_by, "例外を認めた人"), ("why", why, "例外とする理由")):
        if not text.strip():
            raise Invalid(f"{name}_missing", f"{says}を入力してください。", name)
    enrolment.exceptions = [*enrolment.exceptions, *_exceptions(outside, why, allowed_by, clock.today())]
    enrolment.save()
    say(f"{actor.label}が原則の例外を記録しました({'、'.join(f.says for f in outside)})")
    return enrolment


def _exceptions(outside: Iterable[Finding], why: str, allowed_by: str, day: date) -> list[dict[str, str]]:
    said = {
        "why": clean_note(why.strip(), 300, "why"),
        "allowed_by": clean_note(allowed_by.strip(), 120, "allowed_by"),
        "on": day.isoformat(),
    }
    return [{"rule": f.rule, "says": f.says} | said for f in outside]


@action(P.HANDLE, says="申請を差し戻し")
def send_back(actor: Actor, application: Application, *, answer: str) -> Application:
    """Back to the institution, to be completed; ``answer`` says what is missing."""
    _office(actor, application, "send_back")
    _move(application, "send_back", {"answer": answer})
    return _decided(actor, application, answer)


@action(P.DECIDE, says="申請を不承認")
def refuse(actor: Actor, application: Application, *, answer: str) -> Application:
    """Not approved; ``answer`` tells the institution why."""
    _office(actor, application, "refuse")
    _move(application, "refuse", {"answer": answer})
    return _decided(actor, application, answer)


def _office(actor: Actor, application: Application, name: str) -> None:
    own(actor, application.scheme, name, "申請を決める")


def _move(application: Application, name: str, facts: dict[str, Any]) -> None:
    found = APPLICATION.check(name, state=State(application.state), party="office", facts=facts)
    application.state = str(found.target)


def _decided(actor: Actor, application: Application, answer: str) -> Application:
    application.answer = clean_note(answer.strip(), 300, "answer")
    application.decided_at, application.decided_by = clock.now(), actor.label[:120]
    application.save()
    emit(Decided(application.pk, application.owner_id, application.facility_id, application.state))
    return application


def _who(application: Application) -> str:
    return application.physician_name or application.seat or application.facility.name


def _join(actor: Actor, application: Application, day: date, exceptions: list[dict[str, str]]) -> Enrolment:
    manifest = manifest_of(application.scheme.key)
    draft = draft_of(application)
    _refuse_at_once(actor, application)
    period = term_from(manifest.term, day)
    if period.until_on is not None and period.until_on < day:
        raise NotPossibleNow(
            "term_over",
            f"この制度の期間は{period.until_on}に終わりました。次の期間が決まるまで登録できません。",
        )
    row = Enrolment(
        scheme=application.scheme,
        owner_id=application.owner_id,
        joined_on=day,
        exceptions=exceptions,
        **columns(draft),
    )
    row.save()
    new_term(row, period)
    issue(actor, row, on=day, until=period.until_on)
    list_member(actor, row)
    emit(Joined(row.pk, row.scheme_id, row.facility_id))
    return row


def _refuse_at_once(actor: Actor, application: Application, beside: Enrolment | None = None) -> None:
    """Nobody becomes a member twice, whoever else decides at this moment: the scheme's row is taken first."""
    Scheme.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=application.scheme_id)
    refuse_registered(actor, application.scheme, draft_of(application), beside=beside)


def _change(actor: Actor, application: Application, day: date, exceptions: list[dict[str, str]]) -> Enrolment:
    row = _member(application)
    _refuse_at_once(actor, application, row)
    renamed = row.physician_name != application.physician_name or row.category != application.category
    row.physician_name, row.physician_kana = application.physician_name, application.physician_kana
    row.category, row.answers = application.category, application.answers
    row.exceptions = [*row.exceptions, *exceptions]
    row.save()
    if renamed:
        _new_certificate(actor, row, day, "登録内容の変更")
    list_member(actor, row)
    return row


def _affiliate(
    actor: Actor, application: Application, day: date, exceptions: list[dict[str, str]]
) -> Enrolment:
    """The physician moved: the certificate of the old institution is void, the membership goes on at the new one."""
    row = _member(application) if application.enrolment_id else _left_behind(actor, application)
    _refuse_at_once(actor, application, row)
    before = row.facility_id
    row.facility_id, row.exceptions = application.facility_id, [*row.exceptions, *exceptions]
    row.answers = application.answers or row.answers
    row.save()
    move_terms(actor, row, day)
    _new_certificate(actor, row, day, "所属の変更")
    list_member(actor, row, since=day)
    emit(Moved(row.pk, row.scheme_id, before, row.facility_id, day.isoformat()))
    return row


def _prolonged(
    actor: Actor, application: Application, day: date, exceptions: list[dict[str, str]]
) -> Enrolment:
    """更新: the next term follows the last one, on a new certificate."""
    row = _member(application)
    last = last_term(actor, row)
    if last is None or last.until_on is None:
        raise NotPossibleNow("no_renewal", "この登録に期限はありません。")
    period = next_term(manifest_of(row.scheme.key).term, last.until_on)
    if period.until_on is not None and period.until_on < period.from_on:
        raise NotPossibleNow(
            "term_over", "この制度の次の期間がまだ決まっていません。制度の担当者に確認してください。"
        )
    row.answers, row.category = application.answers or row.answers, application.category or row.category
    row.exceptions = [*row.exceptions, *exceptions]
    row.save()
    prolong(actor, row, period, automatic=False)
    _new_certificate(actor, row, day, "更新")
    list_member(actor, row)
    return row


def _again(actor: Actor, application: Application, day: date, exceptions: list[dict[str, str]]) -> Enrolment:
    row = _member(application)
    _new_certificate(actor, row, day, application.reason or "再発行")
    return row


def _member(application: Application) -> Enrolment:
    row: Enrolment | None = application.enrolment
    if row is None or not row.active_on(clock.today()):
        raise NotPossibleNow("not_a_member", "登録が終了しています。新しく申請してください。")
    return row


def _left_behind(actor: Actor, application: Application) -> Enrolment:
    """The membership that the physician has at the institution they come from, which the new one cannot see."""
    rows = Enrolment.objects.visible_to(actor).filter(
        scheme=application.scheme, physician_key=physician_key(application.physician_name), ended_on=None
    )
    found = list(rows.select_for_update(of=("self",))[:2])
    if len(found) != 1:
        raise NotPossibleNow(
            "no_former_membership",
            f"{application.physician_name}の元の登録を1件に決められません。重複をまとめるか、新規登録として申請してもらってください。",
        )
    only: Enrolment = found[0]
    return only


def _new_certificate(actor: Actor, row: Enrolment, day: date, reason: str) -> None:
    before = void(actor, row, on=day, reason=reason)
    last = last_term(actor, row)
    issue(actor, row, on=day, until=last.until_on if last else None, replaces=before)


_BY_KIND = {
    ApplicationKind.JOIN: _join,
    ApplicationKind.CHANGE: _change,
    ApplicationKind.MOVE: _affiliate,
    ApplicationKind.REISSUE: _again,
    ApplicationKind.RENEW: _prolonged,
}
