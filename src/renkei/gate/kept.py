"""Questions that every page asks: built once per process, then only sent with this actor, this moment and these values.

Building a question with the ORM and its gate costs several times what the database needs to answer it. A kept question is
built by the same functions, for a stand-in actor at a stand-in moment; what the stand-ins left among its parameters is
replaced each time. A stand-in that was changed on the way (cut, put together) is noticed when the question is built.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from renkei.gate.actor import Actor, as_current
from renkei.gate.guard import GuardedQuerySet
from renkei.kernel import clock

M = TypeVar("M", bound=Model)
Build = Callable[..., QuerySet[Any]]
Values = Mapping[str, str]
Bind = Callable[[Actor, Values], Any]

_PLACE = 8_000_000_000_000_000_000
_MOMENT = clock.jst(9000, 6, 15, 12, 34) + timedelta(microseconds=567_891)
_MIDNIGHT = datetime.combine(_MOMENT.date(), time(), tzinfo=clock.JST)
_NEAR = timedelta(days=20_000)
_WORD = "\ue000kept:{}\ue000"
_KEYS = ("facility_id", "person_id", "membership_id")
_ServerCursor: Any = ServerBindingCursor
_OFTEN = 2
"""Asked more often on one connection, the database keeps its plan, too."""
_BY_VALUE = re.compile(r"\^@|LIKE|@>|&&|~", re.IGNORECASE)
"""Operators whose index the planner finds only when it sees the value: such a question is planned each time."""
_MOST = 500
"""Questions in memory; kinds of actors times pages are far fewer."""


@dataclass(frozen=True)
class _Question:
    """SQL with what stands for its parameters, and the compiler that knows the columns (None: there is no answer)."""

    sql: str
    binds: tuple[Bind, ...]
    compiler: SQLCompiler | None = None
    rows: QuerySet[Any] | None = None

    def parameters(self, actor: Actor, values: Values) -> list[Any]:
        return [bind(actor, values) for bind in self.binds]


_questions: dict[tuple[Any, ...], _Question] = {}


def kept(name: str, actor: Actor, build: Callable[..., QuerySet[M]], /, **values: str) -> list[M]:
    """The rows of ``build(actor, **values)``, which passed the gate.

    ``name`` is the question's own: two questions that differ in more than the actor, the moment and ``values`` need two.
    """
    key = (name, *_sort_of(actor))
    question = _questions.get(key)
    if question is None:
        question = _keep(key, _built(actor, build, values))
    if question.rows is None or question.compiler is None:
        return []
    model: Any = question.rows
    compiler = _Answering(question.compiler, question.sql, question.parameters(actor, values))
    rows = type(model)(model.model, _Answered(compiler), model.db)
    rows._gated, rows._iterable_class, rows._fields = True, model._iterable_class, model._fields
    return list(rows)


def counted(name: str, actor: Actor, builds: Mapping[str, Build]) -> dict[str, int]:
    """How many rows each of ``builds`` has, all in one statement."""
    if not builds:
        return {}
    key = (name, *builds, *_sort_of(actor))
    question = _questions.get(key) or _keep(key, _built_counts(actor, builds))
    with closing(_cursor(connections["default"], question.sql)) as cursor:
        cursor.execute(question.sql, question.parameters(actor, {}))
        return dict(zip(builds, cursor.fetchone(), strict=True))


def _sort_of(actor: Actor) -> tuple[Any, ...]:
    """All of an actor that may change the shape of a question."""
    return actor.kind, actor.roles, actor.permissions, *(bool(getattr(actor, key)) for key in _KEYS)


def _keep(key: tuple[Any, ...], question: _Question) -> _Question:
    if len(_questions) >= _MOST:
        _questions.clear()
    _questions[key] = question
    return question


def _stand_in(actor: Actor) -> Actor:
    keys: dict[str, Any] = {key: _PLACE + n for n, key in enumerate(_KEYS) if getattr(actor, key)}
    return replace(actor, **keys)


def _built(actor: Actor, build: Build, values: Values) -> _Question:
    words = {name: _WORD.format(name) for name in values}
    with as_current(_stand_in(actor)) as somebody, clock.frozen(_MOMENT):
        rows = build(somebody, **words)
        if isinstance(rows, GuardedQuerySet):
            rows._require_gate()
        if rows._prefetch_related_lookups:  # type: ignore[attr-defined]
            raise ValueError("what is fetched beside the rows would keep the stand-in")
        compiler = rows.query.get_compiler(using=rows.db)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:
            return _Question("", ())
    if missing := [name for name, word in words.items() if word not in parameters]:
        raise ValueError(f"the question does not carry {missing}")
    return _Question(sql, tuple(_bind(p) for p in parameters), compiler, rows)


def _built_counts(actor: Actor, builds: Mapping[str, Build]) -> _Question:
    parts: list[str] = []
    binds: list[Bind] = []
    for build in builds.values():
        one = _built(actor, lambda somebody, build=build: build(somebody).order_by().values("pk"), {})
        parts.append(f"(SELECT count(*) FROM ({one.sql}) counted)" if one.sql else "0")
        binds += one.binds
    return _Question(f"SELECT {', '.join(parts)}", tuple(binds))


def _bind(parameter: Any) -> Bind:
    """How one parameter of the stand-ins is said for a real actor at a real moment."""
    if isinstance(parameter, int) and 0 <= parameter - _PLACE < len(_KEYS):
        key, of_type = _KEYS[parameter - _PLACE], type(parameter)
        return lambda actor, values: of_type(getattr(actor, key))
    if isinstance(parameter, datetime) and abs(parameter - _MOMENT) < _NEAR:
        if parameter.astimezone(clock.JST).time() == time():
            away = parameter - _MIDNIGHT
            return lambda actor, values: datetime.combine(clock.today(), time(), tzinfo=clock.JST) + away
        distance = parameter - _MOMENT
        return lambda actor, values: clock.now() + distance
    if type(parameter) is date and abs(parameter - _MOMENT.date()) < _NEAR:
        days = parameter - _MOMENT.date()
        return lambda actor, values: clock.today() + days
    if isinstance(parameter, str) and "\ue000" in parameter:
        name = parameter.strip("\ue000").removeprefix("kept:")
        if parameter != _WORD.format(name):
            raise ValueError(f"a value of a kept question was changed on the way: {parameter!r}")
        return lambda actor, values: values[name]
    if any(mark in repr(parameter) for mark in (str(_PLACE)[:-1], "\\ue000", "(9000, ", "9000-")):
        raise ValueError(f"a stand-in was changed on the way: {parameter!r}")
    return lambda actor, values: parameter


class _Answered:
    """In place of a queryset's query: hands out the compiler that only sends."""

    def __init__(self, compiler: _Answering) -> None:
        self._compiler = compiler

    def get_compiler(self, *args: Any, **kwargs: Any) -> _Answering:
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiler.query, name)


class _Answering:
    """A compiler whose work is done: knows the columns, sends the SQL it was given."""

    def __init__(self, done: SQLCompiler, sql: str, parameters: list[Any]) -> None:
        self._done, self._sql, self._parameters = done, sql, parameters

    def __getattr__(self, name: str) -> Any:
        return getattr(self._done, name)

    def execute_sql(self, *args: Any, **kwargs: Any) -> list[list[Any]]:
        with closing(_cursor(connections[self._done.connection.alias], self._sql)) as cursor:
            cursor.execute(self._sql, self._parameters)
            return [cursor.fetchall()]

    def results_iter(self, results: Any = None, tuple_expected: bool = False, **kwargs: Any) -> Iterator[Any]:
        rows = self.execute_sql() if results is None else results
        return self._done.results_iter(rows, tuple_expected=tuple_expected)


def _cursor(connection: Any, sql: str) -> Any:
    """A cursor that leaves the parameters beside the statement, so that the database can keep its plan."""
    connection.ensure_connection()
    if _BY_VALUE.search(sql):
        return connection.cursor()
    if connection.connection.prepare_threshold is None:
        connection.connection.prepare_threshold = _OFTEN
    return connection._prepare_cursor(_ServerCursor(connection.connection))
