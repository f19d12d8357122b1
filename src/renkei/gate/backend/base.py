"""Sets ``app.*`` for the row-level security policies when a transaction begins.

Transaction-local settings only: a pooled connection can never carry an actor over to the next request. Outside a
transaction no actor is set, so the wall is closed there.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from renkei.gate.actor import Kind, current
from renkei.kernel import clock

_SET = (
    "SELECT set_config('app.facility', %s, true), set_config('app.person', %s, true),"
    " set_config('app.system', %s, true), set_config('app.now', %s, true)"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with the actor of the present context in every transaction."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            self.tell_actor()

    def tell_actor(self) -> None:
        """Write the current actor into the transaction."""
        actor = current()
        values: tuple[Any, ...] = (
            str(actor.facility_id or ""),
            str(actor.person_id or ""),
            actor.reason if actor.kind is Kind.SYSTEM else "",
            clock.now().isoformat(),
        )
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(_SET, values)
