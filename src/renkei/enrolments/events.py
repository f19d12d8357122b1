"""What happens to memberships, as ids and plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Applied:
    """An application was handed in."""

    application_id: int
    owner_id: int
    facility_id: int


@dataclass(frozen=True)
class Decided:
    """An application was approved, returned or refused."""

    application_id: int
    owner_id: int
    facility_id: int
    state: str


@dataclass(frozen=True)
class Joined:
    """A membership began."""

    enrolment_id: int
    scheme_id: int
    facility_id: int


@dataclass(frozen=True)
class Ended:
    """A membership ends on ``ended_on`` (ISO date, the first day without it)."""

    enrolment_id: int
    scheme_id: int
    facility_id: int
    ended_on: str


@dataclass(frozen=True)
class Moved:
    """A membership went on at another institution from ``on`` (ISO date); ``from_facility_id`` has it no more."""

    enrolment_id: int
    scheme_id: int
    from_facility_id: int
    facility_id: int
    on: str
