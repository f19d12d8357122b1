"""Who may see and register patients."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over patients."""

    VIEW = "patient.view"
    REGISTER = "patient.register"
    LINK = "patient.link"
    CONSENT = "patient.consent"
    VIEW_ACCESS_HISTORY = "patient.view_access_history"
    EMERGENCY = "patient.emergency_access"
    REVIEW_EMERGENCY = "patient.review_emergency"


CLINICAL = [P.VIEW, P.REGISTER, P.LINK, P.CONSENT, P.VIEW_ACCESS_HISTORY]
register(
    P,
    grants={
        Role.PHYSICIAN: [*CLINICAL, P.EMERGENCY],
        Role.DENTIST: [*CLINICAL, P.EMERGENCY],
        Role.NURSE: [*CLINICAL, P.EMERGENCY],
        Role.PHARMACIST: CLINICAL,
        Role.CARE_MANAGER: CLINICAL,
        Role.SOCIAL_WORKER: CLINICAL,
        Role.LIAISON_STAFF: CLINICAL,
        Role.CLERK: CLINICAL,
        Role.FACILITY_ADMINISTRATOR: [P.VIEW_ACCESS_HISTORY, P.REVIEW_EMERGENCY],
        Role.AUDITOR: [P.VIEW_ACCESS_HISTORY, P.REVIEW_EMERGENCY],
    },
)
