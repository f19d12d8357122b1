"""Lines between the two sides, telephone notes, read marks, attachments."""

from __future__ import annotations

from datetime import datetime

from renkei.events.bus import emit
from renkei.files.store import CheckedFile, fetch, store
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.referrals.actions._steps import party_of, step
from renkei.referrals.events import MessagePosted
from renkei.referrals.models import Attachment, Message, MessageRead, Referral, ReplyLetter
from renkei.referrals.permissions import P

MESSAGE_LIMIT = 2_000


@action(P.MESSAGE, says="連絡を送信", adds=True)
def post_message(actor: Actor, referral: Referral, *, text: str, by_telephone: bool = False) -> Message:
    """A line to the other side, or the note of a telephone call; both sides read it."""
    clean = clean_note(text, MESSAGE_LIMIT, "text")
    if not clean.strip():
        raise Invalid("text_missing", "連絡の内容を入力してください。", "text")
    what = "電話の内容を記録しました" if by_telephone else "連絡を書きました"
    step(actor, referral, "message", says=f"{actor.label}が{what}")
    row = Message.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        at=clock.now(),
        text=clean,
        by_telephone=by_telephone,
        person_id=actor.person_id,
        person=actor.label,
        facility_id=actor.facility_id,
        facility_name=actor.facility_label,
    )
    other = referral.receiver_id if actor.facility_id == referral.sender_id else referral.sender_id
    if other:
        emit(
            MessagePosted(
                referral_id=referral.pk,
                referral_uid=str(referral.uid),
                number=referral.number,
                to_facility_id=other,
                from_facility_id=actor.facility_id,
            )
        )
    return row


@action(P.VIEW, says="連絡を確認", adds=True)
def mark_messages_read(actor: Actor, referral: Referral) -> int:
    """既読: every line of the other side that this person had not read; returns how many."""
    unread = (
        Message.objects.visible_to(actor)
        .filter(referral=referral)
        .exclude(facility_id=actor.facility_id)
        .exclude(reads__person_id=actor.person_id)
    )
    marks = [
        MessageRead(
            circle_id=referral.circle_id,
            patient_id=referral.patient_id,
            message=message,
            person_id=actor.person_id,
            facility_id=actor.facility_id,
            at=clock.now(),
        )
        for message in unread
    ]
    for mark in marks:
        mark.save()
    return len(marks)


@action(P.DRAFT, says="ファイルを添付")
def attach(
    actor: Actor, referral: Referral, *, checked: CheckedFile, reply: ReplyLetter | None = None
) -> Attachment:
    """Attach a file that was checked by its content; to the letter while it is a draft, or to a reply's draft."""
    party = party_of(actor, referral)
    if reply is None and (party != "sender" or referral.state != "draft"):
        raise NotPossibleNow(
            "letter_sent", "送信済みの紹介状には添付できません。連絡か訂正版を使ってください。"
        )
    if reply is not None and (party != "receiver" or reply.sent_at or reply.referral_id != referral.pk):
        raise NotPossibleNow("reply_sent", "この返書には添付できません。")
    made = enclose(actor, referral, checked, reply)
    say(f"{actor.label}が「{made.name}」を添付しました")
    return made


def enclose(
    actor: Actor,
    referral: Referral,
    checked: CheckedFile,
    reply: ReplyLetter | None = None,
    *,
    at: datetime | None = None,
) -> Attachment:
    """The row of a file that is kept in the referral's circle; inside an action that has checked who may."""
    stored = store(actor, referral.circle_id, checked)
    return Attachment.objects.create(
        circle_id=referral.circle_id,
        patient_id=referral.patient_id,
        referral=referral,
        reply=reply,
        file_uid=stored.uid,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        added_at=at or clock.now(),
        added_by=actor.label,
    )


def enclose_as_before(actor: Actor, anew: Referral, referral: Referral) -> None:
    """The files of a letter once more, in the circle of the draft that is written anew; inside an action."""
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, reply=None, removed_at=None)
    for row in rows.order_by("id"):
        kept = fetch(actor, row.file_uid)
        enclose(actor, anew, CheckedFile(row.name, kept.media_type, bytes(kept.content), kept.sha256))


@action(P.DRAFT, says="添付を取り外し")
def detach(actor: Actor, referral: Referral, *, attachment: Attachment) -> Attachment:
    """Take an attachment off a draft; the bytes stay for the trail."""
    own = "receiver" if attachment.reply_id else "sender"
    if attachment.referral_id != referral.pk or party_of(actor, referral) != own:
        raise NotAllowed("wrong_party", "この添付は取り外せません。")
    sent = attachment.reply.sent_at if attachment.reply is not None else referral.state != "draft"
    if sent:
        raise NotPossibleNow("letter_sent", "送信済みの文書の添付は取り外せません。")
    attachment.removed_at = clock.now()
    attachment.save()
    say(f"{actor.label}が添付「{attachment.name}」を取り外しました")
    return attachment
