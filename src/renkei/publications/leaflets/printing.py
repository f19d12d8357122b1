"""A version or the public copy as PDF; the leaflets of a district one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from renkei.enrolments.types import manifests
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import system
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.text import shorten
from renkei.letters import join
from renkei.notices.actions import notify, site_address
from renkei.publications import members
from renkei.publications.leaflets import pdf
from renkei.publications.leaflets.facts import facts_of
from renkei.publications.models import LeafletBundle, LeafletState, LeafletVersion, PublishedLeaflet
from renkei.publications.permissions import P
from renkei.ui.addresses import address

if TYPE_CHECKING:
    from renkei.enrolments.models import Scheme

AT_ONCE = 12
"""More leaflets than this are made by the worker."""


def mark_of(scheme: Scheme) -> str:
    """The word for a member of this scheme (登録医, ネクスト), as the search shows it; its name where no folder has it."""
    known = {manifest.key: manifest.mark for manifest in manifests()}
    return known.get(scheme.key, scheme.name)


def as_pdf(version: LeafletVersion, texts: Mapping[str, Any] | None = None) -> bytes:
    """A version as it stands, or with ``texts`` that are being typed; drafts take today's facts."""
    known = PublishedLeaflet.objects.filter(leaflet_id=version.leaflet_id, number=version.number).first()
    if known is not None and version.state == LeafletState.APPROVED:
        return published_pdf(known)
    return pdf.leaflet(
        texts if texts is not None else version.texts,
        version.facts or facts_of(version.facility),
        picture=bytes(version.picture.content) if version.picture else None,
        house=version.owner.name,
        mark=mark_of(version.leaflet.scheme),
        number=version.number,
        approved_on=None,
    )


def published_pdf(row: PublishedLeaflet) -> bytes:
    """The approved version, with a code that leads to its public page."""
    return pdf.leaflet(
        row.texts,
        row.facts,
        picture=bytes(row.picture) if row.picture else None,
        house=row.owner.name,
        mark=mark_of(row.scheme),
        number=row.number,
        approved_on=clock.jst_date(row.approved_at),
        url=site_address() + reverse("publications:leaflet_public", args=[row.uid]),
    )


def of_district(owner_id: int, district: str) -> list[PublishedLeaflet]:
    """The public leaflets of members of one house, of one district or of all, in kana order."""
    rows = PublishedLeaflet.objects.filter(owner_id=owner_id).select_related("owner", "facility", "scheme")
    rows = rows.filter(leaflet__district=district) if district else rows
    today = clock.today()
    found = list(rows.order_by("facility__kana", "pk"))
    here = {s: members.members_on([s], today) for s in {row.scheme_id for row in found}}
    return [row for row in found if row.facility_id in here[row.scheme_id]]


@action(P.APPROVE_LEAFLET, says="地区のリーフレットをまとめて印刷")
def bundle(actor: Actor, *, district: str) -> LeafletBundle:
    """One file of a district; many leaflets are made by the worker, who tells when they are ready.

    Raises ``Invalid`` when nothing is approved there.
    """
    rows = of_district(actor.facility_id, district)
    if not rows:
        raise Invalid("nothing_to_print", "この地区に、承認済のリーフレットはありません。", "district")
    kept = LeafletBundle(
        facility_id=actor.facility_id,
        district=district,
        leaflets=len(rows),
        asked_by=shorten(actor.label, 120),
    )
    if len(rows) <= AT_ONCE:
        kept.content, kept.made_at = join([published_pdf(row) for row in rows]), clock.now()
    kept.save()
    if kept.made_at is None:
        enqueue(make_bundle, key=kept.pk, person_id=actor.person_id)
    return kept


@action(P.APPROVE_LEAFLET, says="地区のリーフレットのPDFを作成")
def _fill(actor: Actor, kept: LeafletBundle, *, person_id: int) -> None:
    rows = of_district(kept.facility_id, kept.district)
    if kept.made_at is not None or not rows:
        return
    kept.content, kept.made_at, kept.leaflets = join([published_pdf(r) for r in rows]), clock.now(), len(rows)
    kept.save()
    notify(
        kept.facility_id,
        kind="leaflets_made",
        text=f"{kept.district or 'すべての地区'}のリーフレット {len(rows)}件のPDFができました",
        url=address("publications:leaflet_rack"),
        person_id=person_id,
    )


@job(queue="default")
def make_bundle(key: int, person_id: int) -> None:
    """By the worker."""
    with system("leaflets of a district") as actor, transaction.atomic():
        kept = LeafletBundle.objects.visible_to(actor).filter(pk=key).first()
        if kept is not None:
            _fill(actor, kept, person_id=person_id)
