"""Who may look at the machinery: the trail of the house, failed jobs, the state of the system."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the pages of floors 0 and 1."""

    VIEW_TRAIL = "operations.view_trail"
    OPERATE = "operations.operate"


register(
    P,
    grants={
        Role.AUDITOR: [P.VIEW_TRAIL],
        Role.FACILITY_ADMINISTRATOR: [P.VIEW_TRAIL],
        Role.SYSTEM_ADMINISTRATOR: [P.VIEW_TRAIL, P.OPERATE],
    },
)
