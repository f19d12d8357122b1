"""History of what never changes: its one version, exactly as it was written."""

from __future__ import annotations

from collections.abc import Callable

from renkei.fhirkit.server.mapping import Row, Version, mapping_of
from renkei.fhirkit.server.resources import compose
from renkei.gate.actor import Actor


def one_version(resource_type: str) -> Callable[[Actor, Row], list[Version]]:
    """For a mapping with ``version`` and ``updated`` whose rows the database refuses to change."""

    def history(actor: Actor, row: Row) -> list[Version]:
        mapping = mapping_of(resource_type)
        assert mapping is not None
        assert mapping.version is not None
        return [Version(mapping.version(row), getattr(row, mapping.updated), compose(mapping, row), "POST")]

    return history
