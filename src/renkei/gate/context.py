"""Acting as somebody inside a block, and the narrow door for the system itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import connection

from renkei.gate.actor import Actor, Kind, as_current
from renkei.gate.backend.base import opened_here


def _tell_open_transactions() -> None:
    """Repeat the actor to transactions that are already open."""
    for opened in opened_here():
        if opened.in_atomic_block and not opened.needs_rollback and opened.connection is not None:
            opened.tell_actor()


class acting(as_current):  # noqa: N801 - reads as a word at its place: ``with acting(actor):``
    """Everything inside the block is done and seen as ``actor``, by Python and by the database."""

    def __enter__(self) -> Actor:
        """Told to every open transaction."""
        actor = super().__enter__()
        try:
            _tell_open_transactions()
        except BaseException:
            super().__exit__()
            raise
        return actor

    def __exit__(self, *raised: object) -> None:
        """And again that it is over."""
        super().__exit__()
        _tell_open_transactions()


@contextmanager
def system(reason: str) -> Iterator[Actor]:
    """Act as the system, with a ``reason`` that the audit trail keeps; inside transactions only.

    Opens none itself: long work takes one for each of its pieces. A question outside of one raises ``InTheOpen``. The
    database honours it only for the role of the worker: a web process that enters here still sees no patient.
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


def one_after_the_other(key: str) -> None:
    """Wait inside a transaction until nobody else's holds ``key``; then everything that it left is seen.

    The instant of this transaction is told anew: what the other wrote meanwhile began later than it.
    """
    connection.run_prepared("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])  # type: ignore[attr-defined]
    _tell_open_transactions()


def tidy(**signal: Any) -> None:
    """Django's ``close_old_connections`` for the connections of this thread; in tests one may be in use meanwhile."""
    for opened in opened_here():
        if not opened.in_atomic_block:
            opened.close_if_unusable_or_obsolete()
