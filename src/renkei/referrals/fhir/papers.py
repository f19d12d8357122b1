"""What DocumentReference, Binary and Provenance share: the three sorts of papers and their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import (
    DateTimeField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce

from renkei.fhirkit.server.mapping import Param
from renkei.fhirkit.server.params import NOTHING, instant, reference
from renkei.fhirkit.server.values import Kind, Token, read_uuid
from renkei.gate.actor import Actor
from renkei.referrals.fhir import rows, words
from renkei.referrals.models import ReferralLetter

LETTER, REPLY, FILE = words.REFERRAL_NOTE, words.CONSULT_NOTE, "attachment"


def letters(actor: Actor) -> QuerySet[Any]:
    """Final versions with the version before and whether a later one took its place."""
    versions = ReferralLetter._base_manager.filter(
        referral_id=OuterRef("referral_id"), finalised_at__isnull=False
    )
    before = versions.filter(number=OuterRef("number") - 1)
    later = versions.filter(number__gt=OuterRef("number")).order_by("number")
    return rows.letters(actor).annotate(
        sort=Value(LETTER, output_field=TextField()),
        before_uid=Subquery(before.values("uid")[:1]),
        replaced_at=Subquery(later.values("finalised_at")[:1]),
        filed_at=Coalesce(F("replaced_at"), F("finalised_at")),
        sender_name=F("referral__sender__name"),
        receiver_name=F("referral__receiver__name"),
    )


def sender_name(row: Any) -> str:
    """The sender's house as the letter was signed with; of other papers its name today."""
    printed = getattr(row, "printed", None) or {}
    return str(printed.get("sender", {}).get("facility_name") or row.sender_name)


def _rest(found: QuerySet[Any], sort: str) -> QuerySet[Any]:
    return found.annotate(
        sort=Value(sort, output_field=TextField()),
        before_uid=Value(None, output_field=UUIDField(null=True)),
        replaced_at=Value(None, output_field=DateTimeField(null=True)),
        filed_at=F("at"),
        sender_name=F("referral__sender__name"),
        receiver_name=F("referral__receiver__name"),
    )


def replies(actor: Actor) -> QuerySet[Any]:
    """Replies as papers."""
    return _rest(rows.replies(actor), REPLY)


def attachments(actor: Actor) -> QuerySet[Any]:
    """Files as papers."""
    return _rest(rows.attachments(actor), FILE)


SOURCES: tuple[rows.Rows, ...] = (letters, replies, attachments)


def by_id(actor: Actor, values: Sequence[Token]) -> Q:
    """``_id`` over several tables."""
    uids = [uid for value in values if (uid := read_uuid(value.code))]
    return Q(uid__in=uids) if uids else NOTHING


def common(*, dates: str, touched: str) -> tuple[Param, ...]:
    """``_id``, ``_lastUpdated`` (column ``touched``), ``patient``, ``subject`` and the date, alike for every sort of paper."""

    def patient(name: str) -> Param:
        return reference(
            name,
            "referral__patient__uid",
            ("Patient",),
            points_to=lambda row: [f"Patient/{row.patient_uid}"],
            doc="患者(紹介元の行)",
        )

    return (
        Param(name="_id", kind=Kind.TOKEN, where=by_id, doc="論理ID"),
        instant("_lastUpdated", touched, doc="最終更新日時"),
        patient("patient"),
        patient("subject"),
        instant(dates, "at", doc="日時"),
    )


def request(name: str, doc: str = "紹介") -> Param:
    """The referral that a paper belongs to."""
    return reference(
        name,
        "referral__uid",
        ("ServiceRequest",),
        points_to=lambda row: [f"ServiceRequest/{row.referral_uid}"],
        doc=doc,
    )
