"""What changed in the directory, for whoever lies above. Ids and plain values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProfileChanged:
    """A facility is new, or its name, place, hours, departments, closing days, profile or owner changed."""

    facility_id: int


@dataclass(frozen=True)
class Rested:
    """A facility said from when until when it is suspended (休止), or that it comes back; ISO dates.

    ``back_on`` is the first day on which it is open again, empty while nobody knows; ``from_on`` empty: it never rested.
    """

    facility_id: int
    from_on: str
    back_on: str
