"""A profile that changed is found by its new words a moment later. Closing days and registration need no news: the search
reads them where they stand."""

from __future__ import annotations

from renkei.directory.events import ProfileChanged
from renkei.events.bus import subscribe
from renkei.gate.actor import current
from renkei.publications.search.actions import refresh


@subscribe(ProfileChanged)
def make_entry_anew(event: ProfileChanged) -> None:
    """In the worker, as the system."""
    refresh(current(), [event.facility_id])
