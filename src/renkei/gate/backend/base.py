"""Sets ``app.*`` for the row-level security policies when a transaction begins.

Transaction-local settings only: a pooled connection can never carry an actor over to the next request. Outside a
transaction no actor is set, so the wall is closed there; the system, which would see nothing and go on, is refused.

What needs no answer of its own waits for the next statement, or for COMMIT, and goes with it in one message: BEGIN, the
actor, savepoints, what is written by ``change_later``. An error of it is raised there, inside the same savepoint.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, ProgrammingError, connections
from django.db.backends.postgresql import base
from psycopg.pq import ConnStatus, TransactionStatus

from renkei.gate.actor import Kind, current
from renkei.gate.backend.loaders import register
from renkei.gate.backend.wire import Line, Message, Wire
from renkei.kernel import clock

_SET = (
    "SELECT set_config('app.facility', %s, true), set_config('app.person', %s, true),"
    " set_config('app.system', %s, true), set_config('app.now', %s, true)"
)
_BEGIN = Message("BEGIN")
_COMMIT = Message("COMMIT", lasting=False)  # by its word each time, so that whoever watches the wire sees it


def _does_something(message: Message) -> bool:
    return message.lasting and message.sql not in ("BEGIN", _SET)


class InTheOpen(RuntimeError):
    """A programming error: the system asked outside a transaction, where the database knows of nobody and shows nothing."""


class _Here(threading.local):
    """The connections that this thread opened, and those that it was given (a live server in a test)."""

    def __init__(self) -> None:
        self.opened: list[Any] = list(connections.all(initialized_only=True))


_here = _Here()


def opened_here() -> Iterable[DatabaseWrapper]:
    """The connections of this thread, without the detour of Django's ``connections``, which costs 10 µs each time."""
    return _here.opened


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL with the actor of the present context in every transaction; ``told_at`` is what it takes for now."""

    told_at: datetime
    _wire: Wire

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waiting: list[Message] = []
        self._over = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection with its wire."""
        made = super().get_new_connection(conn_params)
        register(made)
        self._wire, self._waiting = Wire(made), []
        if self not in _here.opened:
            _here.opened.append(self)
        return made

    def ensure_connection(self) -> None:
        """Django asks this five times in every transaction: nothing to do where there is one."""
        if self.connection is None:
            super().ensure_connection()

    # Transactions: the driver stays in autocommit, BEGIN and COMMIT are messages like any other.

    def _start_transaction_under_autocommit(self) -> None:
        self._waiting, self._over = [_BEGIN], False
        self.tell_actor()

    def _set_autocommit(self, autocommit: bool) -> None:
        if self.connection.autocommit != autocommit:
            super()._set_autocommit(autocommit)  # type: ignore[misc]
        if not autocommit:
            self._start_transaction_under_autocommit()

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.connection is None or (waiting[:1] == [_BEGIN] and not any(map(_does_something, waiting))):
            return
        if waiting or self.connection.pgconn.transaction_status != TransactionStatus.IDLE:
            with self.wrap_database_errors:
                self._wire.send([*waiting, _COMMIT])

    def _rollback(self) -> None:
        self._waiting = []
        super()._rollback()  # type: ignore[misc]

    def _savepoint(self, sid: str) -> None:
        self._later(Message(self.ops.savepoint_create_sql(sid), lasting=False))

    def _savepoint_commit(self, sid: str) -> None:
        """Now, with what waited: an error of it belongs to this savepoint."""
        self._later(Message(self.ops.savepoint_commit_sql(sid), lasting=False))
        self.catch_up()

    def tell_actor(self) -> None:
        """Write the current actor into the transaction, with the next statement; a broken one forgets it by itself."""
        if self.connection.pgconn.transaction_status == TransactionStatus.INERROR:
            self.needs_rollback = True
            return
        actor, self.told_at = current(), clock.now()
        values = (
            str(actor.facility_id or ""),
            str(actor.person_id or ""),
            actor.reason if actor.kind is Kind.SYSTEM else "",
            self.told_at.isoformat(),
        )
        if self._waiting and self._waiting[-1].sql is _SET:
            self._waiting.pop()
        self._waiting.append(Message(_SET, values))

    # Statements.

    def run_prepared(self, sql: str, params: Sequence[Any]) -> list[Line]:
        """The lines that ``sql`` gives; planned once per connection.

        Somebody who listens to Django's cursors hears it, too, by their detour.
        """
        if self._watched():
            with self.cursor() as watched:
                watched.execute(sql, params)
                return list(watched.fetchall())
        with self.wrap_database_errors:
            answer = self._send(Message(sql, params))
            return self._wire.lines(answer)

    def run_last(self, sql: str, params: Sequence[Any]) -> list[Line]:
        """The same, and COMMIT in the same message: nothing may be asked after it before the transaction is left.

        Inside another block than the outermost, COMMIT stays to that one.
        """
        if self._watched() or len(self.atomic_blocks) != 1:
            return self.run_prepared(sql, params)
        with self.wrap_database_errors:
            answer = self._send(Message(sql, params), _COMMIT, place=-2)
            self._over = True
            return self._wire.lines(answer)

    def change_prepared(self, sql: str, params: Sequence[Any]) -> int:
        """The number of rows that ``sql`` added or changed; planned once per connection."""
        if self._watched():
            with self.cursor() as watched:
                watched.execute(sql, params)
                return int(watched.rowcount)
        with self.wrap_database_errors:
            return self._send(Message(sql, params)).command_tuples or 0

    def change_later(self, sql: str, params: Sequence[Any]) -> None:
        """The same inside a transaction, together with its next statement or its end, where an error is raised."""
        if self.in_atomic_block:
            self._later(Message(sql, params))
        else:
            self.change_prepared(sql, params)

    def _later(self, message: Message) -> None:
        self._refuse()
        if self._watched():
            with self.cursor() as watched:
                watched.execute(message.sql, message.values or None)
        else:
            self._waiting.append(message)

    def _watched(self) -> bool:
        return bool(self.execute_wrappers) or self.queries_logged

    def _send(self, *messages: Message, place: int = -1) -> Any:
        self._refuse()
        super().validate_no_broken_transaction()
        self.ensure_connection()
        waiting, self._waiting = self._waiting, []
        return self._wire.send([*waiting, *messages], place)

    def _refuse(self) -> None:
        if not self.in_atomic_block:
            self._refuse_system()
        elif self._over:
            raise ProgrammingError("asked after the last question of its transaction")

    def _refuse_system(self) -> None:
        # The second connection only adds lines to the trail, each by itself: that is what it is for.
        actor = current()
        if actor.kind is Kind.SYSTEM and not actor.in_the_open and self.alias == DEFAULT_DB_ALIAS:
            raise InTheOpen("the system asks inside a transaction: put transaction.atomic() around this")

    def catch_up(self) -> None:
        """Send what waits: somebody is about to use the connection in another way."""
        if self._waiting and self.connection is not None:
            with self.wrap_database_errors:
                waiting, self._waiting = self._waiting, []
                self._wire.send(waiting)

    def validate_no_broken_transaction(self) -> None:
        """Django's cursors ask this before each statement."""
        self._refuse()
        super().validate_no_broken_transaction()
        self.catch_up()

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor of the driver, behind everything that waited."""
        self.catch_up()
        return super().create_cursor(name)

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
