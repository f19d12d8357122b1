"""Between the person who types and the physician who signs: ask for the signature, sign and send, start over."""

from __future__ import annotations

from renkei.events.bus import emit
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed, NotPossibleNow
from renkei.referrals.actions._steps import party_of
from renkei.referrals.actions.drafting import (
    HEADER,
    address_like,
    check_complete,
    current_letter,
    discard,
    draft,
    finalise,
    send,
    write,
)
from renkei.referrals.actions.talking import enclose_as_before
from renkei.referrals.events import ReferralMoved
from renkei.referrals.models import Referral, ReferralMove
from renkei.referrals.permissions import P
from renkei.referrals.types import State

ASKED = "ask_finalise"


@action(P.DRAFT, says="医師に確定を依頼")
def ask_finalise(actor: Actor, referral: Referral) -> Referral:
    """代行入力 is done: the letter is complete and waits for a physician. Raises ``Invalid`` when something is missing."""
    party_of(actor, referral)
    letter = current_letter(referral)
    if referral.state != State.DRAFT or letter.finalised_at:
        raise NotPossibleNow("already_final", "この紹介状はすでに確定されています。")
    check_complete(referral, letter)
    says = f"{actor.label}が医師に確定を依頼しました"
    ReferralMove.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        at=clock.now(),
        name=ASKED,
        from_state=referral.state,
        to_state=referral.state,
        says=says,
        person_id=actor.person_id,
        person=actor.label,
        facility_id=actor.facility_id,
        facility_name=actor.facility_label,
    )
    say(says)
    emit(
        ReferralMoved(
            referral_id=referral.pk,
            referral_uid=str(referral.uid),
            number=referral.number,
            kind=referral.kind,
            move=ASKED,
            state=referral.state,
            sender_id=referral.sender_id,
            receiver_id=0,
            actor_facility_id=actor.facility_id,
        )
    )
    return referral


@action(P.SEND, says="紹介状を確定して送信")
def finalise_and_send(actor: Actor, referral: Referral, *, electronic: bool | None = None) -> Referral:
    """確定して送信 by one key: both or neither."""
    finalise(actor, referral)
    signed = Referral.objects.visible_to(actor).get(pk=referral.pk)
    return send(actor, signed, electronic=electronic)


@action(P.DRAFT, says="確定した紹介状を破棄して書き直し")
def start_over(actor: Actor, referral: Referral) -> Referral:
    """A finalised letter that was not sent yet is thrown away and written anew from its copy.

    Returns the new draft; the files come along.
    """
    if referral.state != State.DRAFT or not current_letter(referral).finalised_at:
        raise NotPossibleNow("not_final", "まだ確定していない下書きです。そのまま書き直してください。")
    saved = _written_anew(actor, referral)
    discard(actor, referral)
    return address_like(saved, referral)


@action(P.DRAFT, says="別の医療機関あてに書き直し")
def draft_again(actor: Actor, referral: Referral) -> Referral:
    """A declined, redirected or recalled letter as a new draft, to the facility that was suggested if there is one."""
    if party_of(actor, referral) != "sender":
        raise NotAllowed("not_own_letter", "書き直せるのは自施設が書いた紹介状だけです。")
    if State(referral.state) not in (State.DECLINED, State.REDIRECTED, State.WITHDRAWN):
        raise NotPossibleNow("still_running", "この紹介はまだ続いています。先に取り下げてください。")
    anew = _written_anew(actor, referral)
    anew.receiver = referral.suggested if referral.suggested and referral.suggested.is_open() else None
    anew.receiver_name = anew.receiver.name if anew.receiver else ""
    anew.receiver_department = anew.receiver_physician = ""
    anew.save()
    say(f"{actor.label}が {referral.number} をもとに書き直しを始めました")
    return anew


def _written_anew(actor: Actor, referral: Referral) -> Referral:
    """A new draft with the content, the wishes and the files of ``referral``, inside an action."""
    anew = draft(actor, referral.patient, kind=referral.kind, answers=referral.answers)
    enclose_as_before(actor, anew, referral)
    return write(
        actor,
        anew,
        content=current_letter(referral).read_content(),
        urgency=referral.urgency,
        basis=referral.basis,
        wish_from=referral.wish_from,
        wish_until=referral.wish_until,
        **{name: getattr(referral, name) for name in HEADER},
    )


@action(P.DRAFT, says="以前の宛先を選択")
def address_as_before(actor: Actor, referral: Referral, *, earlier: Referral) -> Referral:
    """The receiver, department and physician of an earlier letter of the own house, by one key."""
    if party_of(actor, earlier) != "sender":
        raise NotAllowed("not_own_letter", "使えるのは自施設が書いた紹介状の宛先だけです。")
    if referral.state != State.DRAFT or current_letter(referral).finalised_at:
        raise NotPossibleNow("already_final", "確定済みの紹介状の宛先は変えられません。")
    return address_like(referral, earlier)
