"""What the pages of writing look up beside the referral itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from renkei.gate.actor import Actor
from renkei.kernel.errors import NotFound
from renkei.patients.models import Patient
from renkei.referrals.actions import ASKED
from renkei.referrals.models import Attachment, Referral, ReferralLetter, ReferralMove, ReplyLetter
from renkei.referrals.types import State


def untouched_draft(actor: Actor, patient: Patient, kind: str) -> Referral | None:
    """An empty draft that this person has just begun about the patient: a double click opens it again."""
    rows = Referral.objects.visible_to(actor).filter(
        patient=patient, kind=kind, sender_id=actor.facility_id, entered_by_id=actor.person_id
    )
    empty = {"state": State.DRAFT, "purpose": "", "diagnosis": "", "receiver": None, "receiver_name": ""}
    return rows.filter(version=1, answers=None, **empty).order_by("-id").first()


def open_back_referral(actor: Actor, referral: Referral) -> Referral | None:
    """The back-referral of the own house that is still a draft."""
    rows = Referral.objects.visible_to(actor).filter(answers=referral, kind="back_referral")
    return rows.filter(sender_id=actor.facility_id, state=State.DRAFT).order_by("-id").first()


def last_receivers(actor: Actor, limit: int = 4) -> list[Referral]:
    """The latest letters of the own house to different receivers and departments: suggestions for the next."""
    rows = Referral.objects.visible_to(actor).filter(sender_id=actor.facility_id).exclude(sent_at=None)
    found: dict[tuple[Any, ...], Referral] = {}
    for row in rows.select_related("receiver").order_by("-sent_at")[:60]:
        if row.receiver is None or row.receiver.is_open():
            found.setdefault((row.receiver_id, row.receiver_name, row.receiver_department), row)
        if len(found) == limit:
            break
    return list(found.values())


def last_move(actor: Actor, referral: Referral) -> ReferralMove | None:
    """What happened last."""
    return ReferralMove.objects.visible_to(actor).filter(referral=referral).order_by("-id").first()


def attachment(actor: Actor, referral: Referral, uid: UUID | str) -> Attachment:
    """A file with the letter or a reply. Raises ``NotFound``."""
    rows = Attachment.objects.visible_to(actor).filter(referral=referral, removed_at=None)
    try:
        found = rows.select_related("reply").filter(uid=uid).first()
    except ValidationError:
        found = None
    if found is None:
        raise NotFound("file_unknown", "この添付はもうありません。画面を更新してください。")
    return found


def reply_draft(actor: Actor, referral: Referral, uid: str = "") -> ReplyLetter | None:
    """The reply ``uid`` of the own house, or its newest draft on this referral."""
    rows = ReplyLetter.objects.visible_to(actor).filter(referral=referral, facility_id=actor.facility_id)
    if not uid:
        return rows.filter(sent_at=None).order_by("-id").first()
    try:
        found = rows.filter(uid=uid).first()
    except ValidationError:
        found = None
    if found is None:
        raise NotFound("reply_unknown", "この返書は見つかりません。")
    return found


def same_reply(actor: Actor, referral: Referral, kind: str, text: str) -> ReplyLetter | None:
    """A reply of the own house with this very text that was sent already."""
    rows = ReplyLetter.objects.visible_to(actor).filter(referral=referral, facility_id=actor.facility_id)
    return rows.filter(kind=kind, text=text).exclude(sent_at=None).first()


def sent_reply(actor: Actor, referral: Referral, uid: UUID) -> ReplyLetter:
    """A reply that was sent on this referral. Raises ``NotFound``."""
    found = (
        ReplyLetter.objects.visible_to(actor).filter(referral=referral, uid=uid).exclude(sent_at=None).first()
    )
    if found is None:
        raise NotFound("reply_unknown", "この返書は見つかりません。")
    return found


def waiting_letters(actor: Actor) -> QuerySet[Referral]:
    """Drafts of the own house that wait: for a physician's 確定 (asked for by the desk), or, finalised, to be sent."""
    asked = ReferralMove._base_manager.filter(referral_id=OuterRef("pk"), name=ASKED)
    newest = ReferralLetter._base_manager.filter(referral_id=OuterRef("pk")).order_by("-number")
    rows = Referral.objects.visible_to(actor).filter(sender_id=actor.facility_id, state=State.DRAFT)
    rows = rows.annotate(
        finalised_at=Subquery(newest.values("finalised_at")[:1]),
        finalised_by=Subquery(newest.values("finalised_by")[:1]),
        asked_at=Subquery(asked.order_by("-id").values("at")[:1]),
        asked_by=Subquery(asked.order_by("-id").values("person")[:1]),
    )
    rows = rows.filter(Q(finalised_at__isnull=False) | Exists(asked))
    return rows.select_related("patient", "receiver").order_by("asked_at", "id")


def waiting_replies(actor: Actor) -> QuerySet[ReplyLetter]:
    """Drafts of replies of the own house, oldest first."""
    rows = ReplyLetter.objects.visible_to(actor).filter(facility_id=actor.facility_id, sent_at=None)
    rows = rows.select_related("referral__patient", "referral__sender", "referral__receiver_patient")
    return rows.exclude(referral__state__in=[State.CLOSED, State.WITHDRAWN, State.DECLINED]).order_by("id")
