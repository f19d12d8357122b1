"""Reading one row by its id without building the query anew: the policy's own SQL, made once and filled each time.

Making a queryset and its SQL costs more than running it. ``rows(actor)`` is compiled once for each kind of actor with
marks in place of the ids and the present instant; the marks tell which parameter is which. The first use compares the
filled statement with what Django makes of the real actor: a mapping whose rows depend on anything else is read the usual way.
The database's wall stands behind both.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from psycopg import Cursor

from renkei.fhirkit.server.mapping import Mapping, Row
from renkei.gate.actor import Actor
from renkei.kernel import clock

_FACILITY, _PERSON = 4_611_686_018_427_000_001, 4_611_686_018_427_000_002
_NOW = datetime(1901, 1, 2, 3, 4, 5, 678901, UTC)
_KEYS: dict[type, Any] = {UUID: UUID(int=_FACILITY), int: _FACILITY + 2}
_MOST = 500


@dataclass(frozen=True)
class _Statement:
    """SQL with the source of each parameter: a constant, or which of (facility, person, now, key) it is."""

    sql: str
    params: tuple[tuple[int, Any], ...]
    model: type[Model]
    fields: tuple[str, ...]
    extras: tuple[str, ...]
    converters: tuple[tuple[int, tuple[Any, ...], Any], ...]

    def fill(self, values: tuple[Any, ...]) -> list[Any]:
        return [constant if place < 0 else values[place] for place, constant in self.params]


_known: dict[Hashable, _Statement | None] = {}


def by_key(actor: Actor, mapping: Mapping, key: Any) -> list[Row]:
    """The visible row whose ``mapping.key`` is ``key``, as a list of at most one."""
    assert mapping.rows is not None
    kind = (
        mapping.resource_type,
        actor.kind,
        actor.roles,
        actor.permissions,
        not actor.facility_id,
        not actor.person_id,
    )
    if kind not in _known:
        if len(_known) >= _MOST:
            _known.clear()
        _known[kind] = _make(actor, mapping, key)
    made = _known[kind]
    if made is None:
        return list(_rows(actor, mapping, key))
    values = (actor.facility_id, actor.person_id, clock.now(), key)
    found = _one(made.sql, made.fill(values))
    return [] if found is None else [_row(made, found)]


def _one(sql: str, params: list[Any]) -> tuple[Any, ...] | None:
    """The first line; planned by the database once per connection, unless somebody listens to Django's cursors."""
    if connection.execute_wrappers or connection.queries_logged:
        with connection.cursor() as watched:
            watched.execute(sql, params)
            seen: tuple[Any, ...] | None = watched.fetchone()
            return seen
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(sql.encode(), params, prepare=True).fetchone()


def forget() -> None:
    """Make every statement anew (tests only)."""
    _known.clear()


def _rows(actor: Actor, mapping: Mapping, key: Any) -> QuerySet[Any]:
    assert mapping.rows is not None
    return mapping.rows(actor).filter(**{mapping.key: key}).order_by()


def _row(made: _Statement, found: tuple[Any, ...]) -> Row:
    if made.converters:
        line = list(found)
        for place, steps, expression in made.converters:
            for step in steps:
                line[place] = step(line[place], expression, connection)
        found = tuple(line)
    row = made.model.from_db(connection.alias, made.fields, found[: len(made.fields)])
    for name, value in zip(made.extras, found[len(made.fields) :], strict=True):
        setattr(row, name, value)
    return row


def _make(actor: Actor, mapping: Mapping, key: Any) -> _Statement | None:
    """The statement, or None where rows cannot be made from one flat line of columns or depend on more than the marks."""
    marked = replace(
        actor,
        facility_id=_FACILITY if actor.facility_id else 0,
        person_id=_PERSON if actor.person_id else 0,
    )
    mark = _KEYS.get(type(key))
    if mark is None:
        return None
    with clock.frozen(_NOW):
        rows = _rows(marked, mapping, mark)
        compiler = rows.query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
    info = compiler.klass_info
    if info is None or info.get("related_klass_infos"):
        return None
    found = compiler.get_converters([column for column, *_ in compiler.select])
    converters = tuple((place, tuple(steps), expression) for place, (steps, expression) in found.items())
    marks: dict[Any, int] = {_FACILITY: 0, _PERSON: 1, _NOW: 2, mark: 3}
    places = tuple((marks.get(p, -1) if isinstance(p, Hashable) else -1, p) for p in params)
    fields = tuple(compiler.select[i][0].target.attname for i in info["select_fields"])
    ordered = list(info["select_fields"]) == list(range(len(fields)))
    extras = tuple(sorted(compiler.annotation_col_map, key=lambda name: compiler.annotation_col_map[name]))
    made = _Statement(sql, places, info["model"], fields, extras, converters)
    return made if ordered and _agrees(made, actor, mapping, key) else None


def _agrees(made: _Statement, actor: Actor, mapping: Mapping, key: Any) -> bool:
    """Whether the filled statement is what Django makes for the real actor now."""
    with clock.frozen(clock.now()) as now:
        sql, params = _rows(actor, mapping, key).query.get_compiler(connection=connection).as_sql()
    return (sql, list(params)) == (made.sql, made.fill((actor.facility_id, actor.person_id, now, key)))
