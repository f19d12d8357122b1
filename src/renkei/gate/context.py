"""Acting as somebody inside a block, and the narrow door for the system itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import DatabaseError, connections

from renkei.gate.actor import Actor, Kind, as_current


def _tell_open_transactions() -> None:
    """Repeat the actor to transactions that are already open; a broken one forgets it by itself on rollback."""
    for connection in connections.all(initialized_only=True):
        tell = getattr(connection, "tell_actor", None)
        if tell is None or connection.connection is None or not connection.in_atomic_block:
            continue
        if connection.needs_rollback:
            continue
        try:
            tell()
        except DatabaseError:
            connection.needs_rollback = True


@contextmanager
def acting(actor: Actor) -> Iterator[Actor]:
    """Everything inside the block is done and seen as ``actor``, by Python and by the database."""
    try:
        with as_current(actor):
            _tell_open_transactions()
            yield actor
    finally:
        _tell_open_transactions()


@contextmanager
def system(reason: str) -> Iterator[Actor]:
    """Act as the system, with a ``reason`` that the audit trail keeps.

    The database honours it only for the role of the worker: a web process that enters here still sees no patient.
    """
    if not reason:
        raise ValueError("the system needs a reason")
    with acting(Actor(Kind.SYSTEM, label="システム", reason=reason)) as actor:
        yield actor


@contextmanager
def system_of(facility_id: int, label: str, reason: str) -> Iterator[Actor]:
    """Act as the system for one facility: what a machine does stands in that house's own trail, with the ``reason``."""
    with (
        system(reason) as actor,
        acting(replace(actor, facility_id=facility_id, facility_label=label)) as house,
    ):
        yield house
