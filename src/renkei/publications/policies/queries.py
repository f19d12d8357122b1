"""Documents of an office, and what everybody may read of an alliance."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from renkei.gate.actor import ANONYMOUS, Actor
from renkei.kernel.errors import NotFound
from renkei.publications.models import PolicyDocument
from renkei.publications.policies.types import PolicyKind, PolicyState


def own_documents(actor: Actor) -> QuerySet[PolicyDocument]:
    """Every version of the actor's office, drafts too, the newest of each kind first."""
    rows = PolicyDocument.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.order_by("kind", "-number")


def document(actor: Actor, uid: UUID | str) -> PolicyDocument:
    """One version that the actor may see. Raises ``NotFound``."""
    found = PolicyDocument.objects.visible_to(actor).filter(uid=uid).select_related("facility").first()
    if found is None:
        raise NotFound("document_not_found", "この文書は見つかりません。")
    one: PolicyDocument = found
    return one


def published(facility_id: int, kind: str = "") -> list[PolicyDocument]:
    """Published versions of an office, newest first: the same for everybody, logged in or not."""
    rows = PolicyDocument.objects.visible_to(ANONYMOUS).filter(
        facility_id=facility_id, state=PolicyState.PUBLISHED
    )
    return list((rows.filter(kind=kind) if kind else rows).order_by("kind", "-number"))


def published_document(facility_id: int, uid: UUID | str) -> PolicyDocument:
    """One published version of an office. Raises ``NotFound``, for drafts as for none."""
    found = next((d for d in published(facility_id) if str(d.uid) == str(uid)), None)
    if found is None:
        raise NotFound("document_not_found", "この文書は公開されていません。")
    return found


def in_force(facility_id: int) -> list[PolicyDocument]:
    """The last published version of each kind, 理念 first."""
    newest: dict[str, PolicyDocument] = {}
    for row in published(facility_id):
        newest.setdefault(row.kind, row)
    return [newest[kind] for kind in PolicyKind.values if kind in newest]


def latest(actor: Actor, kind: str) -> PolicyDocument | None:
    """The last published version of one's own office."""
    rows = own_documents(actor).filter(kind=kind, state=PolicyState.PUBLISHED)
    found: PolicyDocument | None = rows.order_by("-number").first()
    return found
