"""What the rest of the house may want to know about people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MembershipStarted:
    """A person works at a facility from now on."""

    membership_id: int
    person_id: int
    facility_id: int


@dataclass(frozen=True)
class MembershipEnded:
    """A person no longer works at a facility; their open drafts stay with the facility."""

    membership_id: int
    person_id: int
    facility_id: int
