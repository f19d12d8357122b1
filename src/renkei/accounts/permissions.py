"""Who may manage people."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over accounts."""

    USE = "accounts.use"
    VIEW_COLLEAGUES = "accounts.view_colleagues"
    MANAGE_MEMBERS = "accounts.manage_members"
    MANAGE_ALL = "accounts.manage_all"


register(
    P,
    grants={
        **{role: [P.USE, P.VIEW_COLLEAGUES] for role in Role},
        Role.FACILITY_ADMINISTRATOR: [P.USE, P.VIEW_COLLEAGUES, P.MANAGE_MEMBERS],
        Role.SYSTEM_ADMINISTRATOR: [P.USE, P.VIEW_COLLEAGUES, P.MANAGE_MEMBERS, P.MANAGE_ALL],
    },
)
