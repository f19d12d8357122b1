"""Who may send the house's events to other systems."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of webhooks."""

    MANAGE = "webhook.manage"


register(P, grants={Role.FACILITY_ADMINISTRATOR: [P.MANAGE]})
