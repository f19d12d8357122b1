"""The receiving desk: take in, accept, decline, pass on inside or outside the house, make the patient one's own."""

from __future__ import annotations

from renkei.directory.models import Facility
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.patients.actions import adopt
from renkei.patients.models import Patient
from renkei.referrals.actions._steps import party_of, place_of, step
from renkei.referrals.models import Referral
from renkei.referrals.permissions import P


@action(P.RECEIVE, says="紹介を受付")
def receive(actor: Actor, referral: Referral) -> Referral:
    """受付: the letter is on the desk."""
    referral.received_at = clock.now()
    step(actor, referral, "receive", says=f"{actor.label}が受け付けました")
    return referral


@action(P.RECEIVE, says="紹介を引き受け")
def accept(actor: Actor, referral: Referral) -> Referral:
    """The patient will be seen; a date follows."""
    referral.received_at = referral.received_at or clock.now()
    step(actor, referral, "accept", says=f"{actor.facility_label}が紹介を引き受けました")
    return referral


@action(P.DECIDE, says="紹介をお断り")
def decline(actor: Actor, referral: Referral, *, reason: str) -> Referral:
    """Decline with a reason that the sender reads."""
    referral.received_at = referral.received_at or clock.now()
    referral.close_reason = clean_note(reason, 500, "reason")
    step(
        actor, referral, "decline", says=f"{actor.facility_label}がお断りしました", note=reason, reason=reason
    )
    return referral


@action(P.DECIDE, says="別の施設を案内")
def redirect(actor: Actor, referral: Referral, *, to: Facility | None, reason: str) -> Referral:
    """Suggest another facility: the sender sends the letter there with one key; nothing is passed on unasked."""
    if to is None or to.pk in (referral.sender_id, referral.receiver_id):
        raise Invalid("redirect_target", "案内する別の医療機関を選んでください。", "to")
    referral.received_at = referral.received_at or clock.now()
    referral.suggested = to
    referral.close_reason = clean_note(reason, 500, "reason")
    says = f"{actor.facility_label}が{to.name}を案内しました"
    step(actor, referral, "redirect", says=says, note=reason, reason=reason)
    return referral


@action(P.RECEIVE, says="担当科を変更")
def reassign(actor: Actor, referral: Referral, *, department: str, physician: str = "") -> Referral:
    """別の科へ: inside the house; the state stays."""
    if party_of(actor, referral) != "receiver":
        raise NotPossibleNow("not_receiver", "担当科を変えられるのは紹介先です。")
    referral.receiver_department = clean_note(department, 60, "department")
    referral.receiver_physician = clean_note(physician, 80, "physician")
    if not referral.receiver_department:
        raise Invalid("department_missing", "回す先の診療科を選んでください。", "department")
    to = place_of(None, "", referral.receiver_department).strip()
    step(actor, referral, "reassign", says=f"{actor.label}が{to}へ回しました")
    return referral


@action(P.RECEIVE, says="紹介患者を自施設の患者と対応づけ")
def adopt_patient(
    actor: Actor, referral: Referral, *, existing: Patient | None = None, local_number: str = ""
) -> Referral:
    """The receiver's own row for the person: an existing one that a clerk confirmed, or a copy; both are linked."""
    if party_of(actor, referral) != "receiver":
        raise NotPossibleNow("not_receiver", "対応づけは紹介先の操作です。")
    if referral.receiver_patient_id:
        raise NotPossibleNow("already_adopted", "すでに自施設の患者と対応づけています。")
    own = adopt(
        actor,
        referral.patient,
        existing=existing,
        local_number=local_number,
        reason=f"紹介 {referral.number}",
    )
    referral.receiver_patient = own
    referral.save()
    say(f"{actor.label}が患者番号 {own.local_number or '(未設定)'} と対応づけました")
    return referral
