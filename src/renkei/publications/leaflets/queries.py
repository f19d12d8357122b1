"""Leaflets as people ask for them. The public side reads ``PublishedLeaflet`` and nothing else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from renkei.directory.types import FacilityKind
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications import members
from renkei.publications.models import (
    AdvertisingWord,
    Leaflet,
    LeafletBundle,
    LeafletState,
    LeafletVersion,
    PublishedLeaflet,
)


def versions(actor: Actor) -> QuerySet[LeafletVersion]:
    """Versions of both sides, with what a line shows."""
    rows = LeafletVersion.objects.visible_to(actor)
    return rows.select_related("leaflet__scheme", "facility", "owner")


def version(actor: Actor, uid: UUID | str) -> LeafletVersion:
    """One version with its picture. Raises ``NotFound``."""
    found = versions(actor).select_related("picture").filter(uid=uid).first()
    if not isinstance(found, LeafletVersion):
        raise NotFound("leaflet_not_found", "このリーフレットは見つかりません。一覧から選び直してください。")
    return found


def leaflet(actor: Actor, uid: UUID | str) -> Leaflet:
    """One leaflet. Raises ``NotFound``."""
    found = Leaflet.objects.visible_to(actor).select_related("facility", "scheme").filter(uid=uid).first()
    if not isinstance(found, Leaflet):
        raise NotFound("leaflet_not_found", "このリーフレットは見つかりません。一覧から選び直してください。")
    return found


def mine(actor: Actor) -> list[LeafletVersion]:
    """The newest version of each leaflet of the actor's own house."""
    rows = versions(actor).filter(facility_id=actor.facility_id).order_by("leaflet_id", "-number")
    return list({row.leaflet_id: row for row in reversed(list(rows))}.values())


def may_begin(actor: Actor) -> list[Any]:
    """Schemes of hospitals, which have a lobby, whose member the actor's house is and that have no leaflet of it yet."""
    have = Leaflet.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    known = set(have.values_list("scheme_id", flat=True))
    joined = members.schemes_joined(actor.facility_id, clock.today())
    return [s for s in joined if s.pk not in known and s.owner.kind == FacilityKind.HOSPITAL]


def of_house(actor: Actor, *states: str) -> QuerySet[LeafletVersion]:
    """Versions for the rack of the actor's house in these states, what waits longest first."""
    rows = versions(actor).filter(owner_id=actor.facility_id, state__in=states)
    return rows.order_by("submitted_at", "pk")


def waiting(actor: Actor) -> QuerySet[LeafletVersion]:
    """What the menu counts: versions that wait for approval."""
    rows = LeafletVersion.objects.visible_to(actor)
    return rows.filter(owner_id=actor.facility_id, state=LeafletState.SUBMITTED)


def history(actor: Actor, one: Leaflet) -> list[LeafletVersion]:
    """Every version, newest first."""
    return list(one.versions.visible_to(actor).order_by("-number"))


def published(uid: UUID | str) -> PublishedLeaflet:
    """The approved version that everybody may read, of who is a member today. Raises ``NotFound``."""
    found = PublishedLeaflet.objects.select_related("owner", "facility", "scheme").filter(uid=uid).first()
    if not isinstance(found, PublishedLeaflet) or not _counts(found):
        raise NotFound("leaflet_not_public", "このリーフレットは公開されていません。")
    return found


def published_of(facility_id: int, owner_id: int | None = None) -> list[PublishedLeaflet]:
    """Public leaflets of an institution (of one house), without their pictures; for search and counter."""
    rows = PublishedLeaflet.objects.select_related("owner").defer("picture").filter(facility_id=facility_id)
    rows = rows.filter(owner_id=owner_id) if owner_id is not None else rows
    return [row for row in rows if _counts(row)]


def _counts(row: PublishedLeaflet) -> bool:
    return members.is_member(row.scheme_id, row.facility_id, clock.today())


def words(actor: Actor) -> list[AdvertisingWord]:
    """The list as the house sees it: national rows and its own, ended ones last."""
    rows = AdvertisingWord.objects.filter(Q(owner=None) | Q(owner_id=actor.facility_id))
    today = clock.today()
    return sorted(rows, key=lambda w: (w.valid_until is not None and w.valid_until <= today, w.kind, w.word))


def word(uid: UUID | str) -> AdvertisingWord:
    """One wording of the list. Raises ``NotFound``."""
    found = AdvertisingWord.objects.filter(uid=uid).first()
    if not isinstance(found, AdvertisingWord):
        raise NotFound("word_not_found", "この表現は一覧にありません。")
    return found


def bundles(actor: Actor) -> list[LeafletBundle]:
    """The last files made of whole districts, without their bytes."""
    return list(LeafletBundle.objects.visible_to(actor).defer("content")[:5])


def bundle(actor: Actor, uid: UUID | str) -> LeafletBundle:
    """One such file. Raises ``NotFound``."""
    found = LeafletBundle.objects.visible_to(actor).filter(uid=uid).first()
    if not isinstance(found, LeafletBundle):
        raise NotFound("bundle_not_found", "このファイルは見つかりません。もう一度作ってください。")
    return found


def facilities_with(actor: Actor, scheme_id: int) -> set[int]:
    """Institutions that have a leaflet for this scheme."""
    rows = Leaflet.objects.visible_to(actor).filter(scheme_id=scheme_id)
    return set(rows.values_list("facility_id", flat=True))


def may_renew(actor: Actor, row: LeafletVersion) -> bool:
    """Whether the writer's side can begin a new version now: no other one is open."""
    own = actor.facility_id == row.facility_id
    on_behalf = actor.facility_id == row.owner_id and not row.facility.uses_renkei
    undecided = (LeafletState.DRAFT, LeafletState.RETURNED, LeafletState.SUBMITTED)
    return (own or on_behalf) and not row.leaflet.versions.visible_to(actor).filter(
        state__in=undecided
    ).exists()


def public_row(row: LeafletVersion) -> PublishedLeaflet | None:
    """The public copy of the leaflet, if it is open to everybody today."""
    found = PublishedLeaflet.objects.defer("picture").filter(leaflet_id=row.leaflet_id).first()
    return found if isinstance(found, PublishedLeaflet) and _counts(found) else None
