"""The whole region for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from renkei.demo import facilities as places
from renkei.demo import people
from renkei.demo.model import DepartmentPlan, FacilityPlan, PatientPlan, ReferralPlan, StaffPlan
from renkei.demo.plans import REFERRAL_COUNT, Planner
from renkei.demo.timeline import DEMO_START

__all__ = ["DEMO_START", "Region", "region"]


@dataclass(frozen=True)
class Region:
    """Everything the loader needs, in the order in which it can be written."""

    seed: int
    facilities: tuple[FacilityPlan, ...]
    departments: tuple[DepartmentPlan, ...]
    staff: tuple[StaffPlan, ...]
    patients: tuple[PatientPlan, ...]

    def referrals(self, count: int = REFERRAL_COUNT) -> Iterator[ReferralPlan]:
        """``count`` referrals: H1's first morning first, then 18 months of history; the same on every call."""
        return Planner(self.seed, self.facilities, self.staff, self.patients).plans(count)


def region(seed: int = 20260601) -> Region:
    """The fictional region; equal for equal ``seed``."""
    facilities = places.facilities()
    return Region(
        seed=seed,
        facilities=facilities,
        departments=places.departments(),
        staff=people.staff(seed, facilities),
        patients=people.patients(seed, facilities),
    )
