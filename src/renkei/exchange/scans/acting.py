"""The system as a house: what a machine files is in the house's own trail, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.gate.context import acting, system


@contextmanager
def system_of(facility: Facility, reason: str) -> Iterator[Actor]:
    """Act as the system for ``facility``; only the worker may."""
    with system(reason) as actor:
        house = replace(actor, facility_id=facility.pk, facility_label=facility.name)
        with acting(house):
            yield house
