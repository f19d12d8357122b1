"""What happens to a membership: it ends, is renewed or not, its paper is issued again, two turn out to be one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from renkei.directory.queries import facility_by_id
from renkei.enrolments.actions.issuing import issue, last_term, list_member, prolong, void
from renkei.enrolments.actions.representing import refuse_other_signature, refuse_unless_representative
from renkei.enrolments.actions.running import own
from renkei.enrolments.events import Ended
from renkei.enrolments.models import Certificate, Enrolment, Listing, MembershipTerm, Scheme
from renkei.enrolments.periods import next_term
from renkei.enrolments.permissions import P
from renkei.enrolments.types import Renewal, manifest_of
from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.notices.actions import notify

DAY = timedelta(days=1)
FARTHEST = timedelta(days=800)


@action(P.REPRESENT, says="登録を辞退")
def withdraw(actor: Actor, enrolment: Enrolment, *, last_on: date, reason: str = "") -> Enrolment:
    """The institution leaves; ``last_on`` is its last day. Only its representative (代表者) may say so (403)."""
    _speaks_for(actor, enrolment, "withdraw", "登録を辞退")
    return _end(actor, enrolment, last_on=last_on, reason=reason.strip() or "辞退")


@action(P.HANDLE, says="用紙の辞退を登録")
def withdraw_on_paper(
    actor: Actor,
    enrolment: Enrolment,
    *,
    last_on: date,
    signed_by: str,
    reason: str = "",
    records_representative: bool = False,
) -> Enrolment:
    """The office enters a withdrawal that came on paper; ``signed_by`` must be the representative of the institution.

    ``records_representative``: none was known, and the office states that this is who represents it. Raises ``Invalid``.
    """
    own(actor, enrolment.scheme, "withdraw_on_paper", "用紙の辞退を登録")
    name, stated = refuse_other_signature(enrolment.facility_id, signed_by, records=records_representative)
    told = f"{reason.strip() or '辞退'}(用紙・代表者 {name})"
    ended = _end(actor, enrolment, last_on=last_on, reason=told)
    if stated:
        say(f"{actor.label}が{name}を代表者と確認して記録し、用紙の辞退を登録しました(最終日 {last_on})")
    return ended


@action(P.REPRESENT, says="次の期間の更新を辞退")
def object_to_renewal(actor: Actor, enrolment: Enrolment, *, objects: bool = True) -> Enrolment:
    """更新しない旨の申し出, or taking it back; the present term runs to its end."""
    _speaks_for(actor, enrolment, "object_to_renewal", "次の期間の更新を辞退")
    _refuse_ended(enrolment)
    enrolment.objects_to_renewal = objects
    enrolment.save()
    list_member(actor, enrolment)
    return enrolment


@action(P.HANDLE, says="登録証を再発行")
def reissue(actor: Actor, enrolment: Enrolment, *, reason: str) -> Certificate:
    """A new certificate with a new number; the old one is void from today."""
    own(actor, enrolment.scheme, "reissue", "登録証を再発行")
    _refuse_ended(enrolment)
    if not reason.strip():
        raise Invalid("reason_missing", "再発行の理由を入力してください。", "reason")
    today = clock.today()
    before = void(actor, enrolment, on=today, reason=clean_note(reason.strip(), 200, "reason"))
    last = last_term(actor, enrolment)
    made = issue(actor, enrolment, on=today, until=last.until_on if last else None, replaces=before)
    if made is None:
        raise NotPossibleNow("no_certificate", "この制度に登録証はありません。")
    say(f"{actor.label}が登録証 {made.number} を再発行しました")
    return made


@action(P.DECIDE, says="重複した登録をまとめる")
def join_duplicates(actor: Actor, keep: Enrolment, *, other: Enrolment) -> Enrolment:
    """Two memberships of one physician become one: ``other`` ends today and points to ``keep``; both histories stay."""
    own(actor, keep.scheme, "join_duplicates", "重複した登録をまとめる")
    if other.scheme_id != keep.scheme_id or other.pk == keep.pk:
        raise Invalid("not_alike", "同じ制度の、別の登録を選んでください。", "other")
    found = Enrolment.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=other.pk)
    _refuse_ended(found)
    found.joined_into = keep
    keep.joined_on = min(keep.joined_on, found.joined_on)
    keep.exceptions = [*keep.exceptions, *found.exceptions]
    keep.save()
    _finish(actor, found, ended_on=max(clock.today(), found.joined_on), reason="重複のためまとめました")
    list_member(actor, keep)
    return keep


@action(P.DECIDE, says="登録を更新")
def renew(actor: Actor, enrolment: Enrolment, *, on: date) -> Enrolment:
    """The next term begins, if the last one is over on ``on``; by the clock and safe to repeat.

    Who objected, whose scheme asks for a new application or has ended, is over instead; who said to leave on a later
    day has a last term until then.
    """
    rule = manifest_of(enrolment.scheme.key).term
    last = last_term(actor, enrolment)
    if last is None or last.until_on is None or last.until_on >= on:
        return enrolment
    first, leaves = last.until_on + DAY, enrolment.ended_on
    if leaves is not None and leaves <= first:
        return enrolment
    if leaves is None and (reason := _over(enrolment, first)):
        return _finish(actor, enrolment, ended_on=first, reason=reason)
    period = next_term(rule, last.until_on)
    prolong(actor, enrolment, replace(period, until_on=_sooner(period.until_on, leaves)), automatic=True)
    say(f"「{enrolment.scheme.name}」の登録を {period.until_on} まで更新しました")
    return enrolment


@action(P.HANDLE, says="更新の予告を送る")
def tell_before_renewal(actor: Actor, *, scheme: Scheme, facility_id: int, until_on: date) -> None:
    """One notice to an institution whose memberships run to ``until_on``; the terms remember that it was told."""
    terms = MembershipTerm.objects.visible_to(actor).filter(
        scheme=scheme, facility_id=facility_id, until_on=until_on, told_at=None
    )
    for term in terms:
        term.told_at = clock.now()
        term.save()
    rule = manifest_of(scheme.key).term
    goes_on = (
        "お申し出がなければ自動で更新されます"
        if rule.renewal is Renewal.AUTOMATIC
        else "更新の申請が必要です"
    )
    facility = facility_by_id(facility_id)
    notify(
        facility_id,
        kind="enrolment_renewal",
        text=f"「{scheme.name}」の登録は{until_on.year}年{until_on.month}月{until_on.day}日までです。{goes_on}。",
        url="/enrolments/",
        from_facility_id=scheme.owner_id,
        on_paper=facility is not None and not facility.uses_renkei,
    )


@action(P.DECIDE, says="閉院した施設の登録を終える")
def end_with_facility(actor: Actor, enrolment: Enrolment, *, closed_on: date | None) -> Enrolment:
    """The institution closed (廃院): its memberships end on the same day."""
    if enrolment.ended_on is not None or closed_on is None:
        return enrolment
    return _finish(actor, enrolment, ended_on=max(closed_on, enrolment.joined_on), reason="閉院")


@action(P.DECIDE, says="まとめられた医療機関の登録を移す")
def follow_joined_facility(actor: Actor, enrolment: Enrolment, *, keep_id: int) -> Enrolment:
    """Two rows of the directory were one house (重複): the membership goes on at the one that stayed, or into its twin."""
    if enrolment.ended_on is not None:
        return enrolment
    same = Enrolment.objects.visible_to(actor).filter(
        scheme=enrolment.scheme, facility_id=keep_id, ended_on=None
    )
    twin = same.filter(seat=enrolment.seat, physician_key=enrolment.physician_key).first()
    if twin is not None:
        enrolment.joined_into = twin
        today = max(clock.today(), enrolment.joined_on)
        return _finish(actor, enrolment, ended_on=today, reason="重複のためまとめました")
    before, enrolment.facility_id = enrolment.facility_id, keep_id
    enrolment.save()
    for rows in (MembershipTerm.objects, Certificate.objects, Listing.objects):
        for row in rows.visible_to(actor).filter(enrolment=enrolment, facility_id=before):
            row.facility_id = keep_id
            row.save()
    return enrolment


def _over(enrolment: Enrolment, first: date) -> str:
    """Why there is no term from ``first`` on; empty when there is one."""
    rule, scheme = manifest_of(enrolment.scheme.key).term, enrolment.scheme
    if scheme.ended_on is not None and scheme.ended_on <= first:
        return "制度の終了"
    if enrolment.objects_to_renewal:
        return "更新しない旨の申し出"
    return "期間の満了" if rule.renewal is not Renewal.AUTOMATIC else ""


def _sooner(until: date | None, leaves: date | None) -> date | None:
    """The last day of a term that a told end cuts short."""
    return min(until, leaves - DAY) if until and leaves else until


def _speaks_for(actor: Actor, enrolment: Enrolment, name: str, says: str) -> None:
    """Who may end the membership says the manifest: the representative, or any of the institution's own people."""
    if manifest_of(enrolment.scheme.key).withdraw == "staff" and actor.facility_id == enrolment.facility_id:
        return
    refuse_unless_representative(actor, enrolment.facility_id, name, says, enrolment)


def _refuse_ended(enrolment: Enrolment) -> None:
    if enrolment.ended_on is not None and enrolment.ended_on <= clock.today():
        raise NotPossibleNow("ended", "この登録は終了しています。")


def _end(actor: Actor, enrolment: Enrolment, *, last_on: date, reason: str) -> Enrolment:
    _refuse_ended(enrolment)
    today = clock.today()
    if not today - DAY <= last_on <= today + FARTHEST:
        raise Invalid("last_on", "終了日は今日から2年以内の日付にしてください。", "last_on")
    last = last_term(actor, enrolment)
    if last is not None and last.until_on is not None and last_on > last.until_on:
        if manifest_of(enrolment.scheme.key).term.renewal is not Renewal.AUTOMATIC:
            raise Invalid(
                "last_on", f"登録の期間は{last.until_on}までです。それまでの日付にしてください。", "last_on"
            )
        enrolment.objects_to_renewal = False
    say(f"{actor.label}が登録の終了を届け出ました(最終日 {last_on})")
    return _finish(actor, enrolment, ended_on=max(last_on + DAY, enrolment.joined_on), reason=reason)


def _finish(actor: Actor, enrolment: Enrolment, *, ended_on: date, reason: str) -> Enrolment:
    enrolment.ended_on, enrolment.end_reason = ended_on, clean_note(reason, 200, "reason")
    enrolment.ended_by = actor.label[:120]
    enrolment.save()
    void(actor, enrolment, on=ended_on, reason=enrolment.end_reason)
    list_member(actor, enrolment)
    emit(Ended(enrolment.pk, enrolment.scheme_id, enrolment.facility_id, ended_on.isoformat()))
    return enrolment
