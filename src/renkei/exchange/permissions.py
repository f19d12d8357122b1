"""Who may take documents in and give them out."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of exchange."""

    IMPORT = "document.import"
    EXPORT = "document.export"
    SCAN = "scan.take"
    FILE_SCAN = "scan.file"
    MANAGE_ORCA = "orca.manage"


DESK = [P.IMPORT, P.EXPORT, P.SCAN, P.FILE_SCAN]
register(
    P,
    grants={
        **dict.fromkeys(
            (Role.PHYSICIAN, Role.DENTIST, Role.LIAISON_STAFF, Role.SOCIAL_WORKER, Role.CLERK, Role.NURSE),
            DESK,
        ),
        Role.FACILITY_ADMINISTRATOR: [P.MANAGE_ORCA],
    },
)
