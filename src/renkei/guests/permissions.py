"""Who works the list of guests' requests, and who opens the page for them."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over requests of physicians without an account.

    ``ASK`` is what a guest carries and nothing else; the desk has it for what it is asked on the telephone.
    """

    ASK = "guest.ask"
    HANDLE = "guest.handle"
    MANAGE = "guest.manage"


DESK = [P.ASK, P.HANDLE]
register(
    P,
    grants={
        **dict.fromkeys(
            (Role.PHYSICIAN, Role.DENTIST, Role.LIAISON_STAFF, Role.SOCIAL_WORKER, Role.CLERK), DESK
        ),
        Role.FACILITY_ADMINISTRATOR: [P.MANAGE],
    },
)
