"""Who may read the trail by API."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the API itself."""

    READ_TRAIL = "audit_entry.read"


register(P, grants={Role.AUDITOR: [P.READ_TRAIL], Role.FACILITY_ADMINISTRATOR: [P.READ_TRAIL]})
