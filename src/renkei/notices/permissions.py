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
    PAPERS = "notices.papers"
    FAX_SETTINGS = "notices.fax_settings"


DESK = [P.VIEW, P.PAPERS]
register(
    P,
    grants={
        **{role: [P.VIEW] for role in Role},
        **dict.fromkeys((Role.PHYSICIAN, Role.DENTIST, Role.SOCIAL_WORKER, Role.CLERK, Role.NURSE), DESK),
        Role.LIAISON_STAFF: [*DESK, P.OUTBOX],
        Role.FACILITY_ADMINISTRATOR: [P.VIEW, P.OUTBOX, P.FAX_SETTINGS],
        Role.SYSTEM_ADMINISTRATOR: [P.VIEW, P.OUTBOX, P.OUTBOX_ALL],
    },
)
