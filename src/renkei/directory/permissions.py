"""Who may do what with the directory."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the directory."""

    VIEW = "directory.view"
    EDIT_OWN = "directory.edit_own"
    EDIT_ALL = "directory.edit_all"


register(
    P,
    grants={
        **{role: [P.VIEW] for role in Role},
        Role.FACILITY_ADMINISTRATOR: [P.VIEW, P.EDIT_OWN],
        Role.LIAISON_STAFF: [P.VIEW, P.EDIT_OWN],
        Role.SYSTEM_ADMINISTRATOR: [P.VIEW, P.EDIT_OWN, P.EDIT_ALL],
    },
)
