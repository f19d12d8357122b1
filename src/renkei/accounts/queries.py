"""Looks people, memberships and invitations up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from uuid import UUID

from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from renkei.accounts import codes, second_factor, throttle
from renkei.accounts.models import Invitation, Membership, Person
from renkei.accounts.permissions import P
from renkei.accounts.types import MemberLine, roles_at
from renkei.directory.queries import facility_by_id
from renkei.gate.actor import Actor, Kind, current
from renkei.gate.compiled import compiled
from renkei.gate.context import system
from renkei.gate.permissions import granted_to
from renkei.kernel.errors import NotFound
from renkei.kernel.roles import Role


def claimed_person(request: HttpRequest) -> int:
    """The key of the person that the session names, or 0; nothing is checked yet."""
    return int(request.session.get(PERSON_KEY, 0))


def known_person(request: HttpRequest) -> int:
    """The key of the person whose session this is, or 0. Django's own check of the session hash is kept."""
    if PERSON_KEY not in request.session:
        return 0
    user = request.user
    return int(user.pk) if user.is_authenticated and user.is_active else 0


def choose_membership(memberships: Sequence[Membership], wanted: int | None) -> Membership | None:
    """The wanted one of a person's memberships in force, else the first that was made."""
    first = min(memberships, key=lambda m: m.pk, default=None)
    return next((m for m in memberships if m.pk == wanted), first)


def memberships_of(person_id: int) -> list[Membership]:
    """Every membership in force of a person, with person and facility, for the facility switch."""
    somebody = replace(current(), person_id=person_id)
    return [m for m in _memberships(somebody) if m.in_force()]


@compiled
def _memberships(somebody: Actor) -> QuerySet[Membership]:
    rows = Membership.objects.visible_to(somebody).filter(person_id=somebody.person_id)
    return rows.select_related("person", "facility").order_by("facility__kana")


_at_hand: ContextVar[Person | None] = ContextVar("renkei_person_at_hand", default=None)


@contextmanager
def at_hand(memberships: Sequence[Membership]) -> Iterator[None]:
    """The person came along with ``memberships`` of theirs: inside the block they are not read again."""
    token = _at_hand.set(memberships[0].person if memberships else None)
    try:
        yield
    finally:
        _at_hand.reset(token)


def person_by_key(person_id: int) -> Person | None:
    """The person of a session, as their own row."""
    person = _at_hand.get()
    if person is not None and person.pk == person_id:
        return person
    found = _person(Actor(Kind.PERSON, person_id=person_id))
    return found[0] if found else None


@compiled
def _person(somebody: Actor) -> QuerySet[Person]:
    return Person.objects.filter(pk=somebody.person_id)


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


def members(actor: Actor, *, ended: bool = False) -> list[MemberLine]:
    """The people of the actor's facility by kana: those in force, or (``ended``) those who left."""
    rows = Membership.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    found = [m for m in rows.select_related("person", "department") if (not m.in_force()) == ended]
    locked = throttle.locked([m.person.login_id for m in found])
    secured = second_factor.who_has_it([m.person_id for m in found])
    lines = [
        MemberLine(
            membership_id=m.pk,
            uid=str(m.uid),
            name=m.person.name,
            kana=m.person.kana,
            login_id=m.person.login_id,
            roles="、".join(r.label for r in sorted(m.role_set(), key=lambda r: r.label)),
            title=m.title,
            department=m.department.name if m.department else "",
            last_login=m.person.last_login,
            locked=m.person.login_id in locked,
            second_factor=m.person_id in secured,
            is_self=m.person_id == actor.person_id,
            ended_on=m.ended_on,
        )
        for m in found
    ]
    return sorted(lines, key=lambda line: (line.kana, line.name))


def member(actor: Actor, uid: UUID | str) -> Membership:
    """One membership of the actor's facility. Raises ``NotFound``."""
    rows = Membership.objects.visible_to(actor).filter(facility_id=actor.facility_id, uid=uid)
    found = rows.select_related("person", "department", "facility").first()
    if found is None:
        raise NotFound("no_member", "この施設の利用者に見つかりません。一覧から選び直してください。")
    return found


def colleague(actor: Actor, uid: UUID | str) -> Membership | None:
    """Who works at the actor's facility today, by the uid of the person or of the membership."""
    rows = Membership.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    found = rows.filter(Q(uid=uid) | Q(person__uid=uid)).select_related("person").first()
    return found if found is not None and found.in_force() else None


def name_of(actor: Actor) -> str:
    """The name of the person behind an app's token or at the screen, without title, roles or the app's name."""
    rows = Membership.objects.visible_to(actor).filter(pk=actor.membership_id)
    return rows.values_list("person__name", flat=True).first() or ""


def open_invitations(actor: Actor) -> list[Invitation]:
    """Invitations of the actor's facility that nobody used yet, those out of time too, newest first."""
    rows = Invitation.objects.visible_to(actor).filter(accepted_at=None, withdrawn_at=None)
    return list(rows.select_related("invited_by").order_by("-invited_at"))


def invitation(actor: Actor, uid: UUID | str) -> Invitation:
    """One invitation of the actor's facility. Raises ``NotFound``."""
    found = Invitation.objects.visible_to(actor).filter(uid=uid).select_related("facility").first()
    if found is None:
        raise NotFound("no_invitation", "この招待は見つかりません。一覧から選び直してください。")
    return found


def invitation_by_code(code: str) -> Invitation:
    """The open invitation of a code, whoever asks. Raises ``NotFound`` for a wrong, used or late one alike."""
    with system("opening an invitation") as actor, transaction.atomic():
        rows = Invitation.objects.visible_to(actor).filter(code_digest=codes.digest(code))
        found = rows.select_related("facility", "department").first()
    if found is None or not found.is_open():
        raise NotFound(
            "invitation_gone",
            "この招待は使えません。番号が違うか、使用済み、取消し、または期限切れです。招待した施設に、もう一度招待を依頼してください。",
        )
    return found


def invitations_for(person: Person) -> list[Invitation]:
    """Open invitations addressed to the log-in id of ``person``."""
    with system("invitations of a person") as actor, transaction.atomic():
        rows = Invitation.objects.visible_to(actor).filter(
            login_id__iexact=person.login_id, accepted_at=None, withdrawn_at=None
        )
        return [i for i in rows.select_related("facility").order_by("-invited_at") if i.is_open()]


def grantable_roles(actor: Actor) -> list[Role]:
    """The roles that this administrator may give at the facility."""
    facility = facility_by_id(actor.facility_id)
    roles = roles_at(facility.kind) if facility is not None else []
    return [r for r in roles if r is not Role.SYSTEM_ADMINISTRATOR or actor.may(P.MANAGE_ALL)]


def works_elsewhere(membership: Membership) -> bool:
    """Whether the person has a membership in force at another facility too."""
    with system("where else a person works") as actor, transaction.atomic():
        rows = Membership.objects.visible_to(actor).filter(person_id=membership.person_id)
        return any(m.in_force() for m in rows.exclude(facility_id=membership.facility_id))


def workplaces(person_id: int) -> list[int]:
    """The facilities where a person works today."""
    with system("where a person works") as actor, transaction.atomic():
        rows = Membership.objects.visible_to(actor).filter(person_id=person_id)
        return [m.facility_id for m in rows if m.in_force()]


def administrators_of(facility_id: int) -> list[Person]:
    """Who administers a facility today (施設管理者), by kana; for the system, which tells them something."""
    with system("who administers a facility") as actor, transaction.atomic():
        rows = Membership.objects.visible_to(actor).filter(facility_id=facility_id).select_related("person")
        found = [m.person for m in rows if m.in_force() and Role.FACILITY_ADMINISTRATOR in m.role_set()]
    return sorted((p for p in found if p.is_active), key=lambda p: (p.kana, p.pk))


def login_id_taken(login_id: str) -> bool:
    """Whether an account with this log-in id exists, capitals or not."""
    with system("is a log-in id free"), transaction.atomic():
        return Person.objects.filter(login_id__iexact=login_id).exists()
