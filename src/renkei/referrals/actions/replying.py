"""Replies (返書) of five kinds, the close, and the way back to the clinic (逆紹介)."""

from __future__ import annotations

from datetime import timedelta

from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow, Stale
from renkei.kernel.text import clean_note
from renkei.patients.actions import adopt
from renkei.referrals.actions._steps import meet, party_of, step
from renkei.referrals.actions.drafting import NOTE_LIMIT, SIGNING_ROLES, current_letter, draft, write
from renkei.referrals.events import ReplyReminded, ReplySent, ReplyUnread
from renkei.referrals.models import Deadline, Referral, ReplyLetter
from renkei.referrals.permissions import P
from renkei.referrals.types import REPLY_LABELS, LetterContent, ReplyKind, State

# A later report tells what an earlier one would have told.
MEETS = {
    ReplyKind.ARRIVAL_NOTICE: ("arrival_notice",),
    ReplyKind.FIRST_REPORT: ("arrival_notice", "first_report"),
    ReplyKind.INTERIM_REPORT: ("arrival_notice", "first_report", "interim_report"),
    ReplyKind.DISCHARGE_REPORT: ("arrival_notice", "first_report", "interim_report", "discharge_report"),
    ReplyKind.FINAL_REPORT: tuple(k.value for k in ReplyKind),
}
# Clerks may send what holds no medical judgement; everything else is a physician's letter.
WITHOUT_PHYSICIAN = {ReplyKind.ARRIVAL_NOTICE}
REMIND_AGAIN = timedelta(hours=20)


def _fresh(actor: Actor, referral: Referral, reply: ReplyLetter) -> ReplyLetter:
    """The reply as it is now; the referral's lock is held, so nobody else writes or sends it meanwhile.

    Raises ``NotAllowed`` for another house's or another referral's reply, ``Stale`` when somebody saved in between.
    """
    found = ReplyLetter.objects.visible_to(actor).filter(pk=reply.pk, referral=referral).first()
    if found is None or found.facility_id != actor.facility_id:
        raise NotAllowed("wrong_party", "この紹介の返書ではありません。")
    if reply.expected_version not in (None, found.version) and not found.sent_at:
        raise Stale("stale", "ほかの人が先に返書を保存しました。最新の内容を確認してください。")
    return found


@action(P.DRAFT_REPLY, says="返書の下書きを保存")
def write_reply(
    actor: Actor,
    referral: Referral,
    *,
    kind: str,
    text: str,
    plan: str = "",
    prescriptions: str = "",
    reply: ReplyLetter | None = None,
) -> ReplyLetter:
    """Write or rewrite a draft of a reply; anybody at the receiver's desk may, a physician sends it."""
    if party_of(actor, referral) != "receiver":
        raise NotAllowed("wrong_party", "返書を書けるのは紹介先です。")
    known = _fresh(actor, referral, reply) if reply is not None else None
    if known is not None and known.sent_at:
        raise NotPossibleNow(
            "reply_sent", "送信済みの返書は書き換えられません。続報として新しい返書を書いてください。"
        )
    row = known or ReplyLetter(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        facility_id=actor.facility_id,
    )
    row.kind = ReplyKind(kind)
    row.text = clean_note(text, NOTE_LIMIT, "text")
    row.plan = clean_note(plan, NOTE_LIMIT, "plan")
    row.prescriptions = clean_note(prescriptions, NOTE_LIMIT, "prescriptions")
    row.entered_by_id, row.entered_by = actor.person_id, actor.label
    row.save()
    say(f"{actor.label}が{REPLY_LABELS[ReplyKind(row.kind)]}の下書きを書きました")
    return row


@action(P.DRAFT_REPLY, says="返書を送信")
def send_reply(actor: Actor, referral: Referral, *, reply: ReplyLetter) -> ReplyLetter:
    """Send a reply to the sender. All but the arrival notice need a physician; the final report ends the loop."""
    reply = _fresh(actor, referral, reply)
    kind = ReplyKind(reply.kind)
    if reply.sent_at:
        raise NotPossibleNow("reply_sent", "この返書は送信済みです。")
    if not reply.text.strip():
        raise Invalid("text_missing", "返書の本文を入力してください。", "text")
    if kind not in WITHOUT_PHYSICIAN and not actor.roles & SIGNING_ROLES:
        raise NotAllowed(
            "not_a_physician",
            f"{REPLY_LABELS[kind]}を送信できるのは医師です。下書きを保存して医師に依頼してください。",
        )
    if kind is ReplyKind.FINAL_REPORT:
        referral.final_report_at = clock.now()
    says = f"{actor.label}が{REPLY_LABELS[kind]}を送りました"
    step(actor, referral, _move_of(kind, referral), says=says)
    meet(referral, *MEETS[kind])
    reply.author_id, reply.author, reply.sent_at = actor.person_id, actor.label, clock.now()
    reply.save()
    emit(
        ReplySent(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            reply_kind=kind,
            sender_id=referral.sender_id,
            receiver_id=referral.receiver_id or 0,
        )
    )
    return reply


def _move_of(kind: ReplyKind, referral: Referral) -> str:
    if kind is ReplyKind.FINAL_REPORT:
        return "finish"
    return "notify_arrival" if kind is ReplyKind.ARRIVAL_NOTICE else "reply"


@action(P.VIEW, says="返書を確認", adds=True)
def read_reply(actor: Actor, referral: Referral, *, reply: ReplyLetter) -> ReplyLetter:
    """The sender's side opened a reply: the unread mark goes, and the receiver sees that it was read."""
    if party_of(actor, referral) != "sender" or reply.first_read_at or not reply.sent_at:
        return reply
    reply.first_read_at, reply.first_read_by = clock.now(), actor.label
    reply.save()
    say(f"{actor.label}が{REPLY_LABELS[ReplyKind(reply.kind)]}を読みました")
    return reply


@action(P.VIEW, says="未読の返書を再通知")
def tell_unread(actor: Actor, referral: Referral, *, reply: ReplyLetter) -> ReplyLetter:
    """Tell the sender's house once more about a reply that nobody opened (S43); run by the hourly job."""
    reply.told_again_at = clock.now()
    reply.save()
    emit(
        ReplyUnread(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            reply_kind=reply.kind,
            sender_id=referral.sender_id,
            receiver_id=referral.receiver_id or 0,
        )
    )
    say(f"{REPLY_LABELS[ReplyKind(reply.kind)]}が未読のため、もう一度知らせました")
    return reply


@action(P.CLOSE, says="紹介を完了")
def close(actor: Actor, referral: Referral, *, reason: str = "") -> Referral:
    """完了: after the final report, or with a reason why there is none."""
    referral.closed_at = clock.now()
    referral.close_reason = clean_note(reason, 500, "reason")
    says = f"{actor.label}が完了にしました" + ("" if referral.final_report_at else "(最終報告なし)")
    step(
        actor, referral, "close", says=says, note=reason, reason=reason, final_report=referral.final_report_at
    )
    return referral


@action(P.SEND, says="紙の紹介を完了")
def close_paper(actor: Actor, referral: Referral, *, reason: str) -> Referral:
    """The sender ends a referral that went out on paper: what became of it, in words."""
    referral.closed_at = clock.now()
    referral.close_reason = clean_note(reason, 500, "reason")
    step(
        actor,
        referral,
        "close_paper",
        says=f"{actor.label}が紙の紹介を完了にしました",
        note=reason,
        reason=reason,
        electronic=referral.electronic,
    )
    return referral


@action(P.MESSAGE, says="返書を催促")
def remind(actor: Actor, referral: Referral) -> int:
    """One key: every overdue timer of this referral reminds whoever owes the answer; returns how many.

    Either side may; the same timer is not reminded twice within 20 hours.
    """
    party_of(actor, referral)
    if referral.receiver_id is None:
        raise NotPossibleNow(
            "nobody_to_remind", "宛先が名簿にない医療機関です。電話で返事を確かめ、連絡に記録してください。"
        )
    now = clock.now()
    due = Deadline._base_manager.filter(referral=referral, met_at=None, due_at__lt=now)
    reminded = 0
    for deadline in due:
        if deadline.reminded_at and now - deadline.reminded_at < REMIND_AGAIN:
            continue
        deadline.reminded_at = now
        deadline.save()
        reminded += 1
        emit(
            ReplyReminded(
                referral_id=referral.pk,
                referral_uid=str(referral.uid),
                number=referral.number,
                deadline=deadline.name,
                facility_id=deadline.facility_id,
                by_facility_id=actor.facility_id,
            )
        )
    if not reminded:
        raise NotPossibleNow("nothing_to_remind", "期限を過ぎた返書がないか、催促したばかりです。")
    step(actor, referral, "remind", says=f"{actor.label}が返書を催促しました")
    return reminded


@action(P.DRAFT, says="逆紹介を予定")
def plan_back_referral(actor: Actor, referral: Referral, *, planned: bool = True) -> Referral:
    """Mark that the patient will go back; the desk lists it until the letter is sent."""
    referral.back_referral_planned = planned
    step(
        actor,
        referral,
        "plan_back",
        says=f"{actor.label}が逆紹介を{'予定に入れました' if planned else '予定から外しました'}",
    )
    return referral


@action(P.DRAFT, says="逆紹介状を作成")
def draft_back_referral(actor: Actor, referral: Referral) -> Referral:
    """A draft back to the sender, with what is known already; another clinic can be chosen on the page.

    Nothing is typed twice: diagnoses and history come from the letter that is answered.
    """
    if party_of(actor, referral) != "receiver":
        raise NotAllowed("wrong_party", "逆紹介を書けるのは紹介先です。")
    if State(referral.state) not in (State.ARRIVED, State.ADMITTED, State.FINAL_REPLY, State.CLOSED):
        raise NotPossibleNow("not_arrived", "来院していない患者さんの逆紹介はできません。")
    if referral.receiver_patient is None:
        referral.receiver_patient = adopt(actor, referral.patient, reason=f"紹介 {referral.number}")
        referral.save()
    old = current_letter(referral).read_content()
    back = draft(actor, referral.receiver_patient, kind="back_referral", answers=referral)
    known = LetterContent(
        diagnoses=old.diagnoses,
        past_history=old.past_history,
        family_history=old.family_history,
        allergies=old.allergies,
    )
    sender = referral.sender if referral.sender.is_open() else None
    return write(
        actor,
        back,
        content=known,
        receiver=sender,
        receiver_physician=referral.sender_physician if sender else "",
        receiver_department=referral.sender_department if sender else "",
        sender_department=referral.receiver_department,
        basis=referral.basis,
    )
