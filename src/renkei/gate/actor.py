"""Who acts: one small value that every write, every read and the database wall receive."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum

from renkei.kernel.roles import Role


class Kind(StrEnum):
    """What sort of actor this is."""

    ANONYMOUS = "anonymous"
    PERSON = "person"
    STAFF = "staff"
    CLIENT = "client"
    GUEST = "guest"
    PATIENT = "patient"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """A person at a facility, a machine, a guest, or the system with a reason.

    ``facility_id`` and ``person_id`` are database keys (0 = none). ``permissions`` are the strings that the roles grant.
    ``in_the_open``: may ask outside a transaction although it is the system; walled rows stay hidden there.
    """

    kind: Kind
    person_id: int = 0
    facility_id: int = 0
    membership_id: int = 0
    label: str = ""
    facility_label: str = ""
    roles: frozenset[Role] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)
    reason: str = ""
    in_the_open: bool = False

    def may(self, *permissions: str) -> bool:
        """Whether any of ``permissions`` is granted."""
        return self.kind is Kind.SYSTEM or any(str(p) in self.permissions for p in permissions)

    @property
    def is_staff(self) -> bool:
        """A person who works at a facility right now."""
        return self.kind is Kind.STAFF


ANONYMOUS = Actor(Kind.ANONYMOUS, label="ログイン前")

_current: ContextVar[Actor] = ContextVar("renkei_actor", default=ANONYMOUS)


def current() -> Actor:
    """The actor of this request or job."""
    return _current.get()


class as_current:  # noqa: N801 - reads as a word at its place: ``with as_current(actor):``
    """Make ``actor`` the current one without touching an open transaction; see ``context.acting``."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def __enter__(self) -> Actor:
        """From here on."""
        self._token = _current.set(self.actor)
        return self.actor

    def __exit__(self, *raised: object) -> None:
        """Whoever it was before."""
        _current.reset(self._token)
