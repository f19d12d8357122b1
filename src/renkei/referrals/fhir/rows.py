"""The rows behind the resources: every queryset has passed the gate, and tells what drafts are whose.

The letter of a draft and the draft of a reply belong to the house that writes them; the other side sees neither, as on
the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Coalesce

from renkei.fhirkit.server.values import read_uuid
from renkei.gate.actor import Actor
from renkei.gate.compiled import compiled
from renkei.gate.guard import collecting
from renkei.referrals.models import (
    Attachment,
    Message,
    OrderNumber,
    Referral,
    ReferralLetter,
    ReplyLetter,
)

Rows = Callable[[Actor], QuerySet[Any]]
PARTIES = {
    "referral_uid": F("referral__uid"),
    "referral_number": F("referral__number"),
    "patient_uid": F("referral__patient__uid"),
    "sender_key": F("referral__sender_id"),
    "sender_uid": F("referral__sender__uid"),
    "receiver_uid": F("referral__receiver__uid"),
    "receiver_key": F("referral__receiver_id"),
}
"""What every paper of a referral needs of it; the paper's own circle is the referral's."""


def referrals(actor: Actor) -> QuerySet[Any]:
    """Referrals with the ids of their parties: looked up for the rows of the page, not joined to all before the sort."""
    return Referral.objects.visible_to(actor).annotate(
        patient_uid=_of("patient", "uid"),
        sender_uid=_of("sender", "uid"),
        sender_name=_of("sender", "name"),
        receiver_uid=_of("receiver", "uid"),
        receiver_now=_of("receiver", "name"),
    )


def _of(party: str, column: str) -> Subquery:
    model: Any = Referral._meta.get_field(party).related_model
    return Subquery(model._base_manager.filter(pk=OuterRef(f"{party}_id")).order_by().values(column))


def mine_or(done: str, actor: Actor) -> Q:
    """Finished for everybody, unfinished for the sender's house."""
    return Q(**{f"{done}__isnull": False}) | Q(referral__sender_id=actor.facility_id)


def letters(actor: Actor) -> QuerySet[Any]:
    """Versions of letters that left the pen of a physician (確定)."""
    rows = ReferralLetter.objects.visible_to(actor).filter(finalised_at__isnull=False)
    return rows.annotate(**PARTIES, at=F("finalised_at"), reply_kind=Value("", output_field=TextField()))


def replies(actor: Actor) -> QuerySet[Any]:
    """Replies that were sent, and the drafts of the own house."""
    rows = ReplyLetter.objects.visible_to(actor).filter(taken_back_at=None)
    rows = rows.filter(Q(sent_at__isnull=False) | Q(facility_id=actor.facility_id))
    return rows.annotate(
        **PARTIES,
        at=Coalesce(F("sent_at"), F("created_at")),
        touched_at=Coalesce(F("first_read_at"), F("sent_at"), F("created_at")),
        reply_kind=F("kind"),
    )


def attachments(actor: Actor) -> QuerySet[Any]:
    """Files with letters and replies, as long as they were not taken off."""
    rows = Attachment.objects.visible_to(actor).filter(removed_at=None)
    with_draft = Q(reply__isnull=False, reply__sent_at=None) & ~Q(reply__facility_id=actor.facility_id)
    taken_back = Q(reply__taken_back_at__isnull=False)
    return (
        rows.exclude(with_draft)
        .exclude(taken_back)
        .annotate(
            **PARTIES,
            at=F("added_at"),
            reply_kind=Value("", output_field=TextField()),
            reply_uid=F("reply__uid"),
        )
    )


def messages(actor: Actor) -> QuerySet[Any]:
    """Lines between the two sides."""
    rows = Message.objects.visible_to(actor)
    return rows.annotate(
        **PARTIES, sent_at=F("at"), touched_at=F("at"), reply_kind=Value("", output_field=TextField())
    )


def with_letters(actor: Actor, found: Sequence[Any]) -> None:
    """``letter``: the newest readable version, ``letters``: the uids of the final ones, ``orders``; two queries."""
    keys = [row.pk for row in found]
    known: dict[int, list[Any]] = {}
    for letter in _versions(actor, *keys):
        known.setdefault(letter.referral_id, []).append(letter)
    orders: dict[int, list[tuple[str, str]]] = {}
    for number in _numbers(actor, *keys):
        orders.setdefault(number.referral_id, []).append((number.system, number.value))
    for row in found:
        versions_of = known.get(row.pk, [])
        row.letter = versions_of[-1] if versions_of else None
        row.final_letters = [x.uid for x in versions_of if x.finalised_at]
        row.orders = orders.get(row.pk, [])


@compiled
def _versions(actor: Actor, *referral_ids: int) -> QuerySet[ReferralLetter]:
    rows = ReferralLetter.objects.visible_to(actor).filter(mine_or("finalised_at", actor))
    return rows.filter(referral_id__in=referral_ids).order_by("number")


@compiled
def _numbers(actor: Actor, *referral_ids: int) -> QuerySet[OrderNumber]:
    return OrderNumber.objects.visible_to(actor).filter(referral_id__in=referral_ids).order_by("id")


def with_replies(actor: Actor, found: Sequence[Any]) -> None:
    """``reply_rows``: (uid, kind) of the sent replies, oldest first; ``orders``."""
    keys = [row.pk for row in found]
    sent: dict[int, list[tuple[UUID, str]]] = {}
    rows = ReplyLetter.objects.visible_to(actor).filter(
        referral_id__in=keys, sent_at__isnull=False, taken_back_at=None
    )
    for key, uid, kind in rows.order_by("id").values_list("referral_id", "uid", "kind"):
        sent.setdefault(key, []).append((uid, kind))
    for row in found:
        row.reply_rows = sent.get(row.pk, [])


def one_of(sources: Iterable[Rows], actor: Actor, identity: str) -> Any | None:
    """The row of a logical id in the first source that has it."""
    uid = read_uuid(identity)
    if uid is None:
        return None
    with collecting():
        for source in sources:
            if (row := source(actor).filter(uid=uid).first()) is not None:
                return row
    return None
