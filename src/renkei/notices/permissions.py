"""Who may read notices and the outbox."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the notices."""

    VIEW = "notices.view"
    OUTBOX = "notices.outbox"
    OUTBOX_ALL = "notices.outbox_all"


register(
    P,
    grants={
        **{role: [P.VIEW] for role in Role},
        Role.LIAISON_STAFF: [P.VIEW, P.OUTBOX],
        Role.FACILITY_ADMINISTRATOR: [P.VIEW, P.OUTBOX],
        Role.SYSTEM_ADMINISTRATOR: [P.VIEW, P.OUTBOX, P.OUTBOX_ALL],
    },
)
