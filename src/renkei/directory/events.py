"""What changed in the directory, for whoever lies above. Ids and plain values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProfileChanged:
    """A facility is new, or its name, place, hours, departments, closing days, profile or owner changed."""

    facility_id: int
