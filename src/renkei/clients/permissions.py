"""Who may let systems and apps in."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over systems and apps (連携システム・アプリ)."""

    MANAGE = "client.manage"
    CONNECT = "client.connect"


register(
    P,
    grants={
        **{role: [P.CONNECT] for role in Role},
        Role.FACILITY_ADMINISTRATOR: [P.CONNECT, P.MANAGE],
        Role.SYSTEM_ADMINISTRATOR: [P.CONNECT, P.MANAGE],
    },
)
