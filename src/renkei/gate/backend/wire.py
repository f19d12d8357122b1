"""What one connection sends: prepared statements, several of them in one round trip (the pipeline of libpq).

The driver's cursors send each statement alone and wait for it. Here what needs no answer of its own (BEGIN, the actor, a
line of the trail) goes together with the next question, or with COMMIT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

MOST = 1_000
"""Statements that stay prepared on one connection."""
Line = tuple[Any, ...]
_Key = tuple[str, tuple[int, ...]]
"""A statement and the types of its values: what is prepared under one name."""
_Call = tuple[Callable[..., None], tuple[Any, ...]]
_PLACE = re.compile("%[s%]")
_DONE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


class Message(NamedTuple):
    """A statement with its values; ``lasting`` ones are planned once for the connection."""

    sql: str
    values: Sequence[Any] = ()
    lasting: bool = True


class Wire:
    """Sends messages over ``connection``; a connection that was interrupted on the way is closed."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection
        self._link = connection.pgconn
        self._adapt = Transformer(connection)
        self._names: dict[_Key, bytes] = {}
        self._numbers = count(1)

    def send(self, messages: Sequence[Message], place: int = -1) -> PGresult:
        """The answer to the last of ``messages``, or to the part at ``place``.

        Raises the driver's error of the first that failed; the rest is not done.
        """
        fresh: list[_Key] = []
        calls = [call for message in messages for call in self._calls(message, fresh)]
        self._link.enter_pipeline_mode()
        try:
            for put, values in calls:
                put(*values)
            self._link.pipeline_sync()
            answers = self.connection.wait(_answers(self._link))
        except BaseException:
            self.connection.close()
            raise
        self._link.exit_pipeline_mode()
        if len(answers) == len(calls) and all(answer.status in _DONE for answer in answers):
            return answers[place]
        raise self._failed(fresh, answers)

    def lines(self, answer: PGresult) -> list[Line]:
        """The rows of an answer, each value as Python has it."""
        self._adapt.set_pgresult(answer)
        return self._adapt.load_rows(0, answer.ntuples, tuple)

    def _calls(self, message: Message, fresh: list[_Key]) -> list[_Call]:
        """What is put into the pipeline, one answer each; a statement that is prepared for it is added to ``fresh``."""
        link = self._link
        if not message.lasting:
            return [(link.send_query_params, (_numbered(message.sql), None))]
        values = self._adapt.dump_sequence(message.values, [PyFormat.AUTO] * len(message.values))
        key = (message.sql, self._adapt.types or ())
        name = self._names.get(key)
        if name is not None:
            return [(link.send_query_prepared, (name, values, self._adapt.formats))]
        name = self._names[key] = f"renkei_{next(self._numbers)}".encode()
        fresh.append(key)
        made: list[_Call] = [
            (link.send_prepare, (name, _numbered(message.sql), key[1] or None)),
            (link.send_query_prepared, (name, values, self._adapt.formats)),
        ]
        if len(self._names) > MOST:
            oldest = self._names.pop(next(iter(self._names)))
            made.insert(0, (link.send_query_params, (b"DEALLOCATE " + oldest, None)))
        return made

    def _failed(self, fresh: Sequence[_Key], answers: Sequence[PGresult]) -> Exception:
        """The error of the first that failed; what should have been prepared meanwhile counts as unknown again."""
        for key in fresh:
            self._names.pop(key, None)
        for answer in answers:
            if answer.status == ExecStatus.FATAL_ERROR:
                return error_from_result(answer, encoding=self.connection.info.encoding)
        return OperationalError("the database ended the connection")


@lru_cache(maxsize=MOST)
def _numbered(sql: str) -> bytes:
    """``%s`` as ``$1``, ``$2`` …"""
    numbers = count(1)
    return _PLACE.sub(lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql).encode()


def _answers(link: PGconn) -> PQGen[list[PGresult]]:
    """One answer to each part, up to the end of the pipeline or the first that failed with all behind it."""
    while link.flush():
        if (yield Wait.RW) & Ready.R:
            link.consume_input()
    found: list[PGresult] = []
    while True:
        while link.is_busy():
            yield Wait.R
            link.consume_input()
        answer = link.get_result()
        if answer is None:
            if link.status != ConnStatus.OK:
                raise OperationalError("the database ended the connection")
        elif answer.status == ExecStatus.PIPELINE_SYNC:
            return found
        else:
            found.append(answer)
