"""What happens to function reports, as ids and plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FunctionsReported:
    """A facility handed its report in; its profile says the functions now."""

    report_id: int
    facility_id: int
    year: int
