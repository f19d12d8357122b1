"""Sets ``app.*`` for the row-level security policies when a transaction begins.

Transaction-local settings only: a pooled connection can never carry an actor over to the next request. Outside a
transaction no actor is set, so the wall is closed there.
"""

from __future__ import annotations

import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Cursor
from psycopg.pq import ConnStatus, Escaping, ExecStatus, TransactionStatus

from renkei.gate.actor import Kind, current
from renkei.kernel import clock

PREPARED = 1_000
_SET = (
    "SELECT set_config('app.facility', %s, true), set_config('app.person', %s, true),"
    " set_config('app.system', %s, true), set_config('app.now', %s, true)"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with the actor of the present context in every transaction; ``told_at`` is what it takes for now."""

    told_at: datetime

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            self.tell_actor()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Room for every statement that is planned once (``gate.compiled``)."""
        made = super().get_new_connection(conn_params)
        made.prepared_max = PREPARED
        return made

    def run_prepared(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The lines that ``sql`` gives; planned once per connection.

        Somebody who listens to Django's cursors hears it, too, by their detour.
        """
        if self.execute_wrappers or self.queries_logged:
            with self.cursor() as watched:
                watched.execute(sql, params)
                return list(watched.fetchall())
        with self._prepared(sql, params) as cursor:
            return cursor.fetchall()

    def change_prepared(self, sql: str, params: Sequence[Any]) -> int:
        """The number of rows that ``sql`` added or changed; planned once per connection."""
        if self.execute_wrappers or self.queries_logged:
            with self.cursor() as watched:
                watched.execute(sql, params)
                return int(watched.rowcount)
        with self._prepared(sql, params) as cursor:
            return cursor.rowcount

    @contextmanager
    def _prepared(self, sql: str, params: Sequence[Any]) -> Iterator[Cursor[Any]]:
        self.ensure_connection()
        with self.wrap_database_errors, Cursor(self.connection) as cursor:
            yield cursor.execute(sql.encode(), params, prepare=True)

    def is_usable(self) -> bool:
        """Whether the connection can be asked: without a question of its own as long as the server is silent.

        A server that went away has closed the socket, which shows as something to read.
        """
        wire = self.connection and self.connection.pgconn
        if not wire or wire.status != ConnStatus.OK:
            return False
        poll = select.poll()
        poll.register(wire.socket, select.POLLIN)
        return True if not poll.poll(0) else bool(super().is_usable())

    def tell_actor(self) -> None:
        """Write the current actor into the transaction."""
        actor, self.told_at = current(), clock.now()
        values: tuple[str, ...] = (
            str(actor.facility_id or ""),
            str(actor.person_id or ""),
            actor.reason if actor.kind is Kind.SYSTEM else "",
            self.told_at.isoformat(),
        )
        if self._begin_and_tell(values):
            return
        with self.wrap_database_errors, Cursor(self.connection) as cursor:
            cursor.execute(_SET, values, prepare=True)

    def _begin_and_tell(self, values: tuple[str, ...]) -> bool:
        """Both in one message, where a transaction begins now; anything unusual is left to the driver and its errors."""
        wire = self.connection.pgconn
        if self.connection.autocommit or wire.transaction_status != TransactionStatus.IDLE:
            return False
        literals = [Escaping(wire).escape_literal(value.encode()).decode() for value in values]
        message = "BEGIN; " + _SET.replace("%s", "{}").format(*literals)
        done = wire.exec_(message.encode())
        return bool(done.status == ExecStatus.TUPLES_OK)
