"""Editions as people ask for them. The public side reads ``PublishedPart``, which holds no duty table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from renkei.directory import queries as directory
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications import members
from renkei.publications.models import (
    DeliveryChoice,
    Dispatch,
    Edition,
    EditionFile,
    Part,
    PublishedPart,
    Sending,
)

OPEN_BOUNCE = Q(state=Sending.BOUNCED, settled_at=None)


def mine(actor: Actor) -> QuerySet[Edition]:
    """The editions that the actor's house issues, newest first, with how many copies and how many came back."""
    rows = Edition.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.annotate(
        copies=Count("dispatches"),
        back=Count("dispatches", filter=Q(dispatches__state=Sending.BOUNCED, dispatches__settled_at=None)),
    ).order_by("-month_on", "-number")


def one(actor: Actor, uid: UUID | str) -> Edition:
    """An edition of the actor's own house. Raises ``NotFound``."""
    rows = Edition.objects.visible_to(actor).select_related("facility", "replaces")
    found = rows.filter(uid=uid, facility_id=actor.facility_id).first()
    if not isinstance(found, Edition):
        raise NotFound("edition_not_found", "この号は見つかりません。一覧から選び直してください。")
    return found


def replaced_by(actor: Actor, edition: Edition) -> Edition | None:
    """The correction that counts instead, once it was sent."""
    found = edition.replaced_by.visible_to(actor).filter(sent_at__isnull=False).first()
    return found if isinstance(found, Edition) else None


def correction_of(actor: Actor, edition: Edition) -> Edition | None:
    """A correction of this edition, sent or not."""
    found = edition.replaced_by.visible_to(actor).first()
    return found if isinstance(found, Edition) else None


def dispatches(actor: Actor, edition: Edition, words: str = "") -> QuerySet[Dispatch]:
    """The log of an edition, by institution; of those whose name, kana or number contains ``words``."""
    rows = edition.dispatches.visible_to(actor).select_related("facility")
    if words.strip():
        rows = rows.filter(facility__in=directory.facilities(words, closed=True).values("pk"))
    return rows.order_by("facility__kana", "facility_id", "pk")


def dispatch(actor: Actor, uid: UUID | str) -> Dispatch:
    """One copy. Raises ``NotFound``."""
    rows = Dispatch.objects.visible_to(actor).select_related("edition", "facility", "owner")
    found = rows.filter(uid=uid).first()
    if not isinstance(found, Dispatch):
        raise NotFound("dispatch_not_found", "この送付は見つかりません。一覧から選び直してください。")
    return found


def tasks(actor: Actor) -> QuerySet[Dispatch]:
    """Copies of the actor's house that came back and nobody dealt with, oldest first."""
    rows = Dispatch.objects.visible_to(actor).filter(OPEN_BOUNCE, owner_id=actor.facility_id)
    return rows.select_related("edition", "facility").order_by("bounced_at")


def waiting(actor: Actor) -> QuerySet[Dispatch]:
    """What the menu counts."""
    return Dispatch.objects.visible_to(actor).filter(OPEN_BOUNCE, owner_id=actor.facility_id)


def files(actor: Actor, edition: Edition) -> list[EditionFile]:
    """Its PDFs without their bytes, in the order of the envelope."""
    rows = edition.files.visible_to(actor).defer("content")
    order = list(Part)
    return sorted(rows, key=lambda row: order.index(Part(row.kind)))


def file(actor: Actor, edition: Edition, kind: str) -> EditionFile:
    """One PDF of an edition that the actor may read. Raises ``NotFound``."""
    found = EditionFile.objects.visible_to(actor).filter(edition=edition, kind=kind).first()
    if not isinstance(found, EditionFile):
        raise NotFound("file_not_found", "このPDFはまだありません。発送準備を完了すると作られます。")
    return found


def received(actor: Actor) -> list[Dispatch]:
    """What was sent to the actor's house, newest first, each edition once."""
    rows = Dispatch.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    rows = rows.select_related("edition__facility").order_by("-edition__month_on", "-edition__number", "pk")
    return list({row.edition_id: row for row in rows}.values())


def received_edition(actor: Actor, uid: UUID | str) -> Edition:
    """An edition that was sent to the actor's house. Raises ``NotFound``."""
    rows = Edition.objects.visible_to(actor).select_related("facility", "replaces")
    found = rows.filter(uid=uid, dispatches__facility_id=actor.facility_id).first()
    if not isinstance(found, Edition):
        raise NotFound("edition_not_found", "この号は届いていません。お知らせから開き直してください。")
    return found


def houses(actor: Actor) -> list[tuple[Any, DeliveryChoice | None]]:
    """The houses whose members the actor's institution is, with its choice."""
    joined = members.schemes_joined(actor.facility_id, clock.today())
    owners = {scheme.owner_id: scheme.owner for scheme in joined if scheme.owner_id != actor.facility_id}
    rows = DeliveryChoice.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    choices = {row.owner_id: row for row in rows}
    return [(owner, choices.get(key)) for key, owner in owners.items()]


def public_parts(facility_id: int, months: int = 6) -> Sequence[PublishedPart]:
    """What a house shows to everybody, newest month first, without the bytes."""
    rows = PublishedPart.objects.filter(facility_id=facility_id).defer("content")
    return list(rows.order_by("-month_on", "kind")[: months * 2])


def public_part(uid: UUID | str) -> PublishedPart:
    """One public PDF. Raises ``NotFound``."""
    found = PublishedPart.objects.exclude(kind=Part.DUTY).filter(uid=uid).first()
    if not isinstance(found, PublishedPart):
        raise NotFound("part_not_public", "このPDFは公開されていません。")
    return found


def unopened(actor: Actor, edition: Edition) -> list[Dispatch]:
    """Copies to the actor's house that nobody opened yet."""
    rows = edition.dispatches.visible_to(actor).filter(facility_id=actor.facility_id, opened_at=None)
    return list(rows)
