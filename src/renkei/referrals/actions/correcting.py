"""訂正版: a sent letter is never changed; a physician issues a new version of its content and its files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from renkei.files.store import CheckedFile
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.referrals.actions._steps import step
from renkei.referrals.actions.drafting import SIGNING_ROLES, checked, current_letter, summarise
from renkei.referrals.actions.talking import enclose
from renkei.referrals.models import Attachment, Referral, ReferralLetter
from renkei.referrals.permissions import P
from renkei.referrals.printing import printed_parties
from renkei.referrals.types import LetterContent


@action(P.FINALISE, says="紹介状の訂正版を発行")
def correct(
    actor: Actor,
    referral: Referral,
    *,
    content: LetterContent,
    reason: str,
    add: Sequence[CheckedFile] = (),
    remove: Sequence[UUID] = (),
) -> ReferralLetter:
    """A new version of a sent letter by a physician; the old one stays readable and the page shows what changed.

    ``add`` are files that come along, ``remove`` the uids of attachments that were wrong: those are given to nobody any
    more, their names stay with the versions that had them.
    """
    if not actor.roles & SIGNING_ROLES:
        raise NotAllowed("not_a_physician", "訂正版を発行できるのは医師・歯科医師だけです。")
    before = current_letter(referral)
    if not before.finalised_at:
        raise NotPossibleNow("not_final", "まだ確定していない下書きです。そのまま書き直してください。")
    if not content.purpose.strip() or not content.diagnoses:
        raise Invalid("purpose_given", "紹介目的と傷病名は訂正版でも必要です。", "purpose")
    clean = checked(content)
    if clean == before.read_content() and not add and not remove:
        raise Invalid("nothing_changed", "前の版から変わったところがありません。", "purpose")
    summarise(referral, clean)
    number = before.number + 1
    says = f"{actor.label}が訂正版(第{number}版)を出しました"
    step(actor, referral, "correct", says=says, note=reason, reason=reason)
    at = clock.now()
    _take_off(actor, referral, remove, at)
    for file in add:
        enclose(actor, referral, file, at=at)
    return _version(actor, referral, number, clean, reason, at)


def _take_off(actor: Actor, referral: Referral, wrong: Sequence[UUID], at: datetime) -> None:
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, reply=None, removed_at=None)
    found = list(rows.filter(uid__in=wrong))
    if len(found) != len(set(wrong)):
        raise NotPossibleNow("file_gone", "外す添付がもうありません。画面を開き直してください。")
    for row in found:
        row.removed_at = at
        row.save()


def _version(
    actor: Actor, referral: Referral, number: int, content: LetterContent, reason: str, at: datetime
) -> ReferralLetter:
    return ReferralLetter.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        number=number,
        content=content.to_json(),
        printed=printed_parties(actor, referral),
        correction_reason=clean_note(reason, 200, "reason"),
        entered_by_id=actor.person_id,
        entered_by=actor.label,
        finalised_by_id=actor.person_id,
        finalised_by=actor.label,
        finalised_at=at,
    )
