"""The rows behind the resources: every queryset has passed the gate, and tells what drafts are whose.

The letter of a draft and the draft of a reply belong to the house that writes them; the other side sees neither, as on
the pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db.models import (
    BigIntegerField,
    ExpressionWrapper,
    F,
    Func,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from renkei.fhirkit.server.values import read_uuid
from renkei.gate.actor import Actor
from renkei.gate.guard import unnoted
from renkei.referrals.models import (
    Attachment,
    Message,
    OrderNumber,
    Referral,
    ReferralLetter,
    ReplyLetter,
)

Rows = Callable[[Actor], QuerySet[Any]]


class _Told(JSONField):
    """JSON that the database put together for one answer; read by the quicker library."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return orjson.loads(value) if value else []


class _Lines(Subquery):
    """What the lines of another table tell, in their order: one JSON array, which is written and read in one go."""

    template = "(SELECT json_agg(told.line)::text FROM (%(subquery)s) told(line))"
    output_field = _Told()


def _line(**told: Any) -> Func:
    """A JSON object of columns."""
    pairs = [part for name, what in told.items() for part in (Cast(Value(name), TextField()), what)]
    return Func(*pairs, function="json_build_object", output_field=JSONField())


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


def own_referrals(actor: Actor) -> QuerySet[Any]:
    """The same where a condition names the house as sender or receiver."""
    return referrals(actor, each=True)


def referrals(actor: Actor, *, each: bool = False) -> QuerySet[Any]:
    """Referrals with the ids (as text) and names of their parties: looked up for the rows of the page, not joined to all before the sort.

    ``versions``: those of the letter that may be read, oldest first, with ``uid``, ``content`` and ``final``; ``orders``: the
    sender's own numbers, with ``system`` and ``value``.
    """
    return Referral.objects.visible_to(actor, each=each).annotate(
        versions=_versions(actor),
        orders=_numbers(actor),
        patient_uid=_of("patient", "uid"),
        sender_uid=_of("sender", "uid"),
        sender_name=_of("sender", "name"),
        receiver_uid=_of("receiver", "uid"),
        receiver_now=_of("receiver", "name"),
    )


def _of(party: str, column: str) -> Subquery:
    model: Any = Referral._meta.get_field(party).related_model
    rows = model._base_manager.filter(pk=OuterRef(f"{party}_id")).order_by()
    return Subquery(rows.values_list(Cast(column, TextField())))


def _versions(actor: Actor) -> Subquery:
    rows = ReferralLetter.objects.visible_to(actor).filter(referral_id=OuterRef("pk")).order_by("number")
    readable = Q(finalised_at__isnull=False) | Q(house=actor.facility_id)
    told = _line(uid=F("uid"), content=F("content"), final=Q(finalised_at__isnull=False))
    rows = rows.annotate(house=ExpressionWrapper(OuterRef("sender_id"), BigIntegerField()))
    return _Lines(rows.filter(readable).values_list(told))


def _numbers(actor: Actor) -> Subquery:
    rows = OrderNumber.objects.visible_to(actor).filter(referral_id=OuterRef("pk")).order_by("id")
    return _Lines(rows.values_list(_line(system=F("system"), value=F("value"))))


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
    with unnoted():
        for source in sources:
            if (row := source(actor).filter(uid=uid).first()) is not None:
                return row
    return None
