"""INSERT and UPDATE of one row by its key: the statement of a model is written once, then only filled.

What Django would write, without building it anew for each row; where a value is an expression, Django does it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, models
from django.db.models.sql import InsertQuery

Fields = Sequence[Any]
_AS_IS: dict[type, type] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.UUIDField: UUID,
    models.DateField: date,
    models.DateTimeField: datetime,
}
"""Values that these fields hand to the driver unchanged, as they do NULL; a datetime with its zone."""


def _without_zone(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is None


@functools.cache
def _taken_as_is(field: Any) -> type | None:
    if isinstance(field, models.ForeignKey) and type(field.target_field) is models.BigAutoField:
        return int
    return _AS_IS.get(type(field))


@functools.cache
def _insert_sql(model: type[models.Model], names: tuple[str, ...], holders: tuple[str, ...], key: str) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    table = f'"{model._meta.db_table}"'
    return f'INSERT INTO {table} ({columns}) VALUES ({", ".join(holders)}) RETURNING {table}."{key}"'


@functools.cache
def _update_sql(model: type[models.Model], names: tuple[str, ...], holders: tuple[str, ...]) -> str:
    table, key = f'"{model._meta.db_table}"', model._meta.pk.column
    changed = ", ".join(f'"{name}" = {holder}' for name, holder in zip(names, holders, strict=True))
    return f'UPDATE {table} SET {changed} WHERE {table}."{key}" = %s'


def _prepared(pairs: Sequence[tuple[Any, Any]], connection: Any) -> tuple[tuple[str, ...], list[Any]] | None:
    """Placeholders and values as the database takes them; None where one is an expression."""
    holders, values = [], []
    for field, value in pairs:
        kind = _taken_as_is(field)
        if kind and (value is None or (type(value) is kind and not _without_zone(value))):
            holders.append("%s")
            values.append(value)
            continue
        if hasattr(value, "resolve_expression"):
            return None
        ready = field.get_db_prep_save(value, connection=connection)
        if hasattr(ready, "resolve_expression"):
            return None
        place = getattr(field, "get_placeholder", None)
        holders.append(place(ready, None, connection) if place else "%s")
        values.append(ready)
    return tuple(holders), values


def insert(
    row: models.Model, using: str, fields: Fields, returning: Fields, *, raw: bool
) -> list[tuple[Any, ...]] | None:
    """Add ``row``; its new key as Django expects it, or None where Django has to do it."""
    if [type(field) for field in returning] != [models.BigAutoField]:
        return None
    connection = connections[using]
    pairs = [(f, getattr(row, f.attname) if raw else f.pre_save(row, add=True)) for f in fields]
    found = _prepared(pairs, connection)
    if found is None:
        return None
    holders, values = found
    sql = _insert_sql(type(row), tuple([field.column for field in fields]), holders, returning[0].column)
    if settings.COMPARE_COMPILED:
        _compare(sql, row, using, fields, returning, raw=raw)
    return connection.run_prepared(sql, values)  # type: ignore[attr-defined]


def update(model: type[models.Model], using: str, key: Any, values: Any) -> bool | None:
    """Whether the row of ``key`` is there and changed, or None where Django has to do it; ``values`` as Django gives them."""
    connection = connections[using]
    found = _prepared([(field, value) for field, _, value in values], connection) if values else None
    if found is None:
        return None
    holders, params = found
    sql = _update_sql(model, tuple([field.column for field, _, _ in values]), holders)
    return bool(connection.change_prepared(sql, [*params, key]))  # type: ignore[attr-defined]


def _compare(
    sql: str, row: models.Model, using: str, fields: Fields, returning: Fields, *, raw: bool
) -> None:
    query = InsertQuery(type(row))
    query.insert_values(list(fields), [row], raw=raw)
    compiler = query.get_compiler(using=using)
    compiler.returning_fields = returning
    expected = compiler.as_sql()[0][0]
    if sql != expected:
        raise AssertionError(f"not what Django writes: {sql!r} instead of {expected!r}")
