"""Who may take documents in and give them out."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of exchange."""

    IMPORT = "document.import"
    EXPORT = "document.export"


DESK = [P.IMPORT, P.EXPORT]
register(
    P,
    grants=dict.fromkeys(
        (Role.PHYSICIAN, Role.DENTIST, Role.LIAISON_STAFF, Role.SOCIAL_WORKER, Role.CLERK, Role.NURSE), DESK
    ),
)
