"""Looks people and memberships up."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.http import HttpRequest

from renkei.accounts.models import Membership
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.permissions import granted_to
from renkei.kernel import clock


def known_person(request: HttpRequest) -> int:
    """The key of the person whose session this is, or 0. Django's own check of the session hash is kept."""
    if PERSON_KEY not in request.session:
        return 0
    user = request.user
    return int(user.pk) if user.is_authenticated and user.is_active else 0


def choose_membership(person_id: int, wanted: int | None) -> Membership | None:
    """The wanted membership if it is in force, else the first one that is."""
    rows = Membership.objects.visible_to(current()).filter(person_id=person_id, started_on__lte=clock.today())
    found = [
        m for m in rows.select_related("person", "facility", "department").order_by("id") if m.in_force()
    ]
    return next((m for m in found if m.pk == wanted), found[0] if found else None)


def memberships_of(person_id: int) -> list[Membership]:
    """Every membership in force of a person, for the facility switch."""
    rows = Membership.objects.visible_to(current()).filter(person_id=person_id)
    return [m for m in rows.select_related("facility").order_by("facility__kana") if m.in_force()]


def actor_of(membership: Membership) -> Actor:
    """The actor that a membership makes of a person."""
    roles = membership.role_set()
    return Actor(
        Kind.STAFF,
        person_id=membership.person_id,
        facility_id=membership.facility_id,
        membership_id=membership.pk,
        label=membership.label(),
        facility_label=membership.facility.name,
        roles=roles,
        permissions=granted_to(roles),
    )
