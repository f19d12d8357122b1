"""Nobody outside a circle changes anything, and nobody at all writes outside an action.

Every attempt from outside is made by every role of both facilities outside, and by nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from checks.world import World, fingerprint
from renkei.gate.actor import ANONYMOUS
from renkei.gate.context import acting
from renkei.gate.guard import Ungated
from renkei.gate.models import Guarded
from renkei.gate.writing import OutsideAction, writing
from renkei.kernel.identifiers import uuid7

REFUSED_BY_THE_WALL = "42501"
ADDED_BY_ANYBODY = {
    "notices.Notice": "a notice is put into another facility's inbox; whoever adds it cannot read it",
}
"""Models whose rows are made for others, each with the reason; reading and changing them is walled all the same."""


def _tables(world: World) -> list[str]:
    return [model._meta.db_table for model, _row in world.about_somebody()]


@pytest.fixture
def unchanged(world: World) -> Any:
    """Every table holds the same rows before and after, counted by the owner."""
    before = fingerprint(world.database, _tables(world))
    yield
    assert fingerprint(world.database, _tables(world)) == before


def _refused(query: str, values: list[object]) -> bool:
    """Whether the wall refused, or the statement touched no row; the transaction of the attempt stays usable."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query, values)
            return int(cursor.rowcount) == 0
    except DatabaseError as error:
        return getattr(error.__cause__, "sqlstate", "") == REFUSED_BY_THE_WALL


@pytest.mark.usefixtures("unchanged")
def test_no_stranger_updates_deletes_or_locks_a_row_by_raw_sql(world: World) -> None:
    for stranger in world.strangers():
        with acting(stranger), transaction.atomic():
            for model, row in world.about_somebody():
                table, key = model._meta.db_table, model._meta.pk.column
                where = f'"{table}" WHERE "{key}" = %s'
                assert _refused(f"DELETE FROM {where}", [row.pk]), (model, stranger)
                assert _refused(f'UPDATE "{table}" SET "{key}" = "{key}" WHERE "{key}" = %s', [row.pk]), (
                    model,
                    stranger,
                )
                assert _refused(f"SELECT 1 FROM {where} FOR UPDATE", [row.pk]), (model, stranger)


def _copy_statement(model: type[models.Model], row: models.Model) -> tuple[str, list[object]]:
    """An INSERT of the same row under a new key."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.primary_key and isinstance(field, models.AutoField):
            continue
        value = getattr(row, field.attname)
        if field.unique:
            value = _another(field, value)
        columns.append(f'"{field.column}"')
        values.append(field.get_db_prep_save(value, connection))
    marks = ", ".join(["%s"] * len(columns))
    return f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)}) VALUES ({marks})', values


def _walled_against_adding(world: World) -> list[tuple[type[models.Model], models.Model]]:
    return [(m, r) for m, r in world.about_somebody() if m._meta.label not in ADDED_BY_ANYBODY]


def _another(field: models.Field[Any, Any], value: object) -> object:
    if isinstance(field, models.UUIDField):
        return uuid7()
    return f"別{value}"[: field.max_length] if isinstance(value, str) else value


@pytest.mark.usefixtures("unchanged")
def test_no_stranger_adds_a_row_in_a_strangers_name_by_raw_sql(world: World) -> None:
    statements = [(model, *_copy_statement(model, row)) for model, row in _walled_against_adding(world)]
    for stranger in world.strangers():
        with acting(stranger), transaction.atomic():
            for model, query, values in statements:
                assert _refused(query, values), f"{model._meta.label} by {stranger.label}"


@pytest.mark.usefixtures("unchanged")
def test_a_clash_of_keys_tells_a_stranger_nothing(world: World) -> None:
    """``ON CONFLICT`` asks the wall before it looks for the other row."""
    statements = [(model, *_copy_statement(model, row)) for model, row in _walled_against_adding(world)]
    for stranger in world.strangers():
        with acting(stranger), transaction.atomic():
            for model, query, values in statements:
                assert _refused(f"{query} ON CONFLICT DO NOTHING", values), (model, stranger)


def test_saving_outside_an_action_is_a_programming_error(world: World) -> None:
    for model, row in world.about_somebody():
        if not issubclass(model, Guarded):
            continue
        made = copy(row)
        attempts: dict[str, Callable[[], object]] = {
            "save": made.save,
            "delete": made.delete,
            "create": lambda model=model: model.objects.create(),
            "bulk_create": lambda model=model, made=made: model.objects.bulk_create([made]),
            "update": lambda model=model: model.objects.filter(pk=0).update(pk=0),
            "queryset delete": lambda model=model: model.objects.filter(pk=0).delete(),
            "bulk_update": lambda model=model, made=made: model.objects.bulk_update([made], ["uid"]),
            "get_or_create": lambda model=model, row=row: model.objects.get_or_create(pk=row.pk),
        }
        for name, attempt in attempts.items():
            with transaction.atomic(), acting(world.cast.actor("aoki")):
                try:
                    attempt()
                except (OutsideAction, Ungated):
                    continue
                pytest.fail(f"{model._meta.label}.{name} wrote outside an action")


def test_inside_an_action_many_rows_change_only_through_visible_to(world: World) -> None:
    for model, row in world.about_somebody():
        if not issubclass(model, Guarded):
            continue
        aoki = world.cast.actor("aoki")
        with transaction.atomic(), acting(aoki), writing("proof", aoki):
            with pytest.raises(Ungated):
                model.objects.filter(pk=row.pk).update(pk=row.pk)
            with pytest.raises(Ungated):
                model.objects.filter(pk=row.pk).delete()


@pytest.mark.usefixtures("unchanged")
def test_even_inside_an_action_a_stranger_saves_nothing(world: World) -> None:
    for model, row in world.about_somebody():
        for stranger in world.strangers() if issubclass(model, Guarded) else []:
            made = copy(row)
            made._state = copy(row._state)
            with (
                acting(stranger),
                writing("proof", stranger),
                pytest.raises(DatabaseError),
                transaction.atomic(),
            ):
                made.save(force_update=True)


@pytest.mark.usefixtures("unchanged")
def test_nobody_removes_a_patients_row_not_even_its_owner(world: World) -> None:
    for login_id in ("aoki", "sato"):
        with acting(world.cast.actor(login_id)), transaction.atomic():
            for model, row in world.about_somebody():
                if str(model.scope) == "patient":  # type: ignore[attr-defined]
                    query = f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = %s'
                    assert _refused(query, [row.pk]), model


@pytest.mark.usefixtures("unchanged")
def test_the_web_entering_the_system_still_sees_and_changes_no_patient(world: World) -> None:
    """``system()`` in a web process: Python opens, the wall does not."""
    tables = [m._meta.db_table for m, _ in world.about_somebody() if str(m.scope) == "patient"]  # type: ignore[attr-defined]
    with acting(ANONYMOUS), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.system', 'pretending', true)")
        for table in tables:
            assert _refused(f'SELECT 1 FROM "{table}"', []), table
            assert _refused(f'UPDATE "{table}" SET id = id', []), table
