"""Who may do what with referrals."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the trunk."""

    VIEW = "referral.view"
    DRAFT = "referral.draft"
    FINALISE = "referral.finalise"
    SEND = "referral.send"
    RECEIVE = "referral.receive"
    DECIDE = "referral.decide"
    SCHEDULE = "referral.schedule"
    REPORT_ARRIVAL = "referral.report_arrival"
    DRAFT_REPLY = "referral.draft_reply"
    REPLY = "referral.reply"
    CLOSE = "referral.close"
    MESSAGE = "referral.message"
    FILE_PAPER = "referral.file_paper"
    SETTINGS = "referral.settings"


DESK = [
    P.VIEW,
    P.DRAFT,
    P.SEND,
    P.RECEIVE,
    P.SCHEDULE,
    P.REPORT_ARRIVAL,
    P.DRAFT_REPLY,
    P.MESSAGE,
    P.FILE_PAPER,
]
register(
    P,
    grants={
        Role.PHYSICIAN: [p for p in P if p is not P.SETTINGS],
        Role.DENTIST: [p for p in P if p is not P.SETTINGS],
        Role.LIAISON_STAFF: [*DESK, P.DECIDE, P.CLOSE],
        Role.SOCIAL_WORKER: [*DESK, P.DECIDE, P.CLOSE],
        Role.CLERK: DESK,
        Role.NURSE: DESK,
        Role.PHARMACIST: [P.VIEW, P.MESSAGE],
        Role.CARE_MANAGER: [P.VIEW, P.MESSAGE],
        Role.FACILITY_ADMINISTRATOR: [P.SETTINGS],
    },
)
