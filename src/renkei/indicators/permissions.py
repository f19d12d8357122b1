"""Who sees the figures, takes visits in, closes months, and sets how is counted."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of indicators; all of them for one's own facility only."""

    VIEW = "indicator.view"
    IMPORT = "visit.import"
    CLOSE = "indicator.close"
    REOPEN = "indicator.reopen"
    DEFINE = "indicator.define"
    REPORT = "indicator.report"


register(
    P,
    grants={
        Role.LIAISON_STAFF: [P.VIEW, P.IMPORT, P.CLOSE, P.REPORT],
        Role.FACILITY_ADMINISTRATOR: list(P),
        Role.SOCIAL_WORKER: [P.VIEW],
        Role.CLERK: [P.IMPORT],
    },
)
