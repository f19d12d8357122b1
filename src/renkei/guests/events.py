"""What guests did, for whoever tells people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuestAsked:
    """A request waits for a call-back at ``facility_id``."""

    request_uid: str
    facility_id: int
