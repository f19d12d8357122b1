"""Who applies for a scheme, who decides, who ends a membership."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over schemes (制度) and memberships of them.

    ``APPLY`` and ``REPRESENT`` are the side that applies: the second one is for what only the representative (代表者) may
    do, and the action asks besides who that is. ``HANDLE`` is the office that takes applications in, ``DECIDE`` approves.
    """

    VIEW = "enrolment.view"
    APPLY = "enrolment.apply"
    REPRESENT = "enrolment.represent"
    HANDLE = "enrolment.handle"
    DECIDE = "enrolment.decide"
    MANAGE = "scheme.manage"


_SIDE = [P.VIEW, P.APPLY, P.REPRESENT]
_OFFICE = [*_SIDE, P.HANDLE, P.DECIDE, P.MANAGE]
register(
    P,
    grants={
        **dict.fromkeys(
            (
                Role.PHYSICIAN,
                Role.DENTIST,
                Role.PHARMACIST,
                Role.NURSE,
                Role.CARE_MANAGER,
                Role.CLERK,
                Role.FACILITY_ADMINISTRATOR,
            ),
            _SIDE,
        ),
        Role.SOCIAL_WORKER: [P.VIEW],
        Role.PUBLIC_OFFICER: [P.VIEW, P.HANDLE, P.DECIDE, P.MANAGE],
        Role.LIAISON_STAFF: _OFFICE,
        Role.ALLIANCE_OFFICE: _OFFICE,
    },
)
