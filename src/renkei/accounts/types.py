"""Words about people that cross the fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from renkei.directory.types import FacilityKind
from renkei.kernel.roles import Role

_ONLY_AT: dict[Role, FacilityKind] = {
    Role.DISPATCHER: FacilityKind.FIRE_CONTROL,
    Role.PUBLIC_OFFICER: FacilityKind.PUBLIC_BODY,
    Role.ALLIANCE_OFFICE: FacilityKind.ASSOCIATION,
}


def roles_at(facility_kind: str) -> list[Role]:
    """The roles that make sense at a kind of facility: no dispatcher at a clinic."""
    return [role for role in Role if role not in _ONLY_AT or _ONLY_AT[role] == facility_kind]


@dataclass(frozen=True)
class MemberDraft:
    """What an administrator says about a member; ``department_id`` 0 = none."""

    roles: tuple[Role, ...]
    title: str = ""
    department_id: int = 0


@dataclass(frozen=True)
class NewMember:
    """Whom a facility invites. ``login_id`` names an account that exists already; empty for a new person."""

    name: str
    draft: MemberDraft
    kana: str = ""
    email: str = ""
    login_id: str = ""


@dataclass(frozen=True)
class MemberLine:
    """One line of the members page."""

    membership_id: int
    uid: str
    name: str
    kana: str
    login_id: str
    roles: str
    title: str
    department: str
    last_login: datetime | None
    locked: bool
    second_factor: bool
    is_self: bool
    ended_on: date | None = None
