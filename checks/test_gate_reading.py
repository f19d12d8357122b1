"""Nobody outside a circle sees anything, whichever way round is tried, on every model that belongs to somebody.

Models and actors are generated from the product: a new model is proved from its first day. Every way is tried by
every role of both facilities outside, and by nobody; ``stranger`` hands them in one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, Exists, Max, OuterRef, Subquery

from checks.world import STRANGERS, World, count, login, scope_of
from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.guard import GuardedQuerySet, Ungated
from renkei.gate.models import Guarded

Rows = models.QuerySet[Any]


def test_every_scope_has_a_row_to_steal(world: World) -> None:
    scopes = {str(model.scope) for model, _row in world.about_somebody()}  # type: ignore[attr-defined]
    assert {"patient", "person"} <= scopes
    assert len(world.about_somebody()) >= 15


def test_the_members_of_the_circle_do_see_the_rows(world: World) -> None:
    """Otherwise every other proof of this file would hold for an empty reason."""
    for model, row in world.about_somebody():
        with transaction.atomic(), acting(world.cast.actor("aoki")) as actor:
            assert model._base_manager.filter(pk=row.pk).count() == 1, model
            if issubclass(model, Guarded):
                assert list(model.objects.visible_to(actor).filter(pk=row.pk)) == [row]


def _ways_of_the_orm(model: type[models.Model], pk: object) -> dict[str, Callable[[], object]]:
    """Every query here returns something falsy when the row is not seen."""
    base, default = model._base_manager, model._default_manager
    one = base.filter(pk=pk)
    unguarded = default.filter(pk=pk)
    return {
        "base_manager": lambda: list(one),
        "values": lambda: list(one.values()),
        "values_list of the key": lambda: list(one.values_list("pk", flat=True)),
        "count": one.count,
        "exists": one.exists,
        "aggregate": lambda: one.aggregate(n=Count("pk"))["n"],
        "largest key": lambda: one.aggregate(n=Max("pk"))["n"],
        "iterator": lambda: list(one.iterator()),
        "in_bulk": lambda: base.in_bulk([pk]),
        "union": lambda: list(one.values("pk").union(one.values("pk"), all=True)),
        "raw": lambda: list(
            default.raw(f'SELECT * FROM "{model._meta.db_table}" WHERE "{_key(model)}" = %s', [pk])
        ),
        "Exists in a public model's query": lambda: Facility.objects.filter(Exists(unguarded)).count(),
        "subquery in a public model's query": lambda: [
            f.found for f in Facility.objects.annotate(found=Subquery(unguarded.values("pk")[:1])) if f.found
        ],
        "row lock": lambda: list(one.select_for_update()),
    }


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


@pytest.fixture(params=STRANGERS)
def stranger(request: pytest.FixtureRequest, world: World) -> Iterator[Actor]:
    """Each role of each facility outside, and nobody, acting in a transaction."""
    actor = world.stranger(request.param)
    with transaction.atomic(), acting(actor):
        yield actor


def test_no_way_of_the_orm_shows_a_row_to_a_stranger(world: World, stranger: Actor) -> None:
    for model, row in world.about_somebody():
        for name, way in _ways_of_the_orm(model, row.pk).items():
            assert not way(), f"{name} shows {model._meta.label} to {stranger.label}"


def test_visible_to_gives_strangers_nothing(world: World, stranger: Actor) -> None:
    for model, row in world.about_somebody():
        if issubclass(model, Guarded):
            rows: Rows = model.objects.visible_to(stranger).filter(pk=row.pk)
            assert not rows.exists()
            assert not list(rows.values())
            assert rows.count() == 0


@pytest.mark.usefixtures("stranger")
def test_a_guessed_key_cannot_be_refreshed(world: World) -> None:
    for model, row in world.about_somebody():
        with pytest.raises(model.DoesNotExist):
            model(pk=row.pk).refresh_from_db()


def test_no_row_is_seen_from_outside_by_raw_sql(world: World, stranger: Actor) -> None:
    """No row of a patient at all, not the arranged row of any table, no line by ``COPY``."""
    for model, row in world.about_somebody():
        table = model._meta.db_table
        query = f'SELECT count(*) FROM "{table}" WHERE "{_key(model)}" = %s'
        assert count(query, row.pk) == 0, f"{model._meta.label} by {stranger.label}"
        if scope_of(model) == "patient":
            assert count(f'SELECT count(*) FROM "{table}"') == 0, f"{table} by {stranger.label}"
            with connection.cursor() as cursor, cursor.copy(f'COPY (TABLE "{table}") TO STDOUT') as lines:
                assert [bytes(line) for line in lines] == [], f"{table} by {stranger.label}"


def test_the_statistics_of_walled_tables_are_hidden(world: World) -> None:
    tables = [model._meta.db_table for model, _row in world.about_somebody()]
    with login("renkei_app", world.database) as app:
        found = app.execute("SELECT tablename FROM pg_stats WHERE tablename = ANY(%s)", [tables]).fetchall()
    assert found == []


@pytest.mark.usefixtures("stranger")
def test_a_clever_function_in_a_filter_is_not_called_on_hidden_rows(world: World) -> None:
    """Division by zero would tell whether a row exists, if the filter ran before the policy."""
    for model, row in world.about_somebody():
        probe = (
            f'SELECT count(*) FROM "{model._meta.db_table}" WHERE 1 / ("{_key(model)}"::text <> %s)::int > 0'
        )
        assert count(probe, str(row.pk)) >= 0


def test_outside_a_transaction_even_the_owner_of_a_row_sees_nothing(world: World) -> None:
    for login_id in ("aoki", "sato"):
        with acting(world.cast.actor(login_id)):
            for model, row in world.about_somebody():
                assert not connection.in_atomic_block
                assert not model._base_manager.filter(pk=row.pk).exists(), model


def test_the_next_transaction_does_not_inherit_the_actor(world: World) -> None:
    with acting(world.cast.actor("aoki")), transaction.atomic():
        assert count("SELECT count(*) FROM patients_patient") > 0
    with transaction.atomic():
        assert count("SELECT count(*) FROM patients_patient") == 0


def test_an_inner_actor_does_not_leave_rights_behind(world: World) -> None:
    stranger = world.cast.outsiders()[0]
    with acting(stranger), transaction.atomic():
        with acting(world.cast.actor("aoki")):
            assert count("SELECT count(*) FROM patients_patient") > 0
        assert count("SELECT count(*) FROM patients_patient") == 0


def test_reading_without_visible_to_is_a_programming_error(world: World) -> None:
    for model, row in world.about_somebody():
        if not issubclass(model, Guarded):
            continue
        rows = model.objects.filter(pk=row.pk)
        assert isinstance(rows, GuardedQuerySet)
        ways: dict[str, Callable[[], object]] = {
            "list": lambda rows=rows: list(rows.all()),
            "get": lambda rows=rows: rows.get(),
            "first": lambda rows=rows: rows.first(),
            "last": lambda rows=rows: rows.order_by("pk").last(),
            "latest": lambda rows=rows: rows.latest("pk"),
            "values": lambda rows=rows: list(rows.values()),
            "values_list": lambda rows=rows: list(rows.values_list("pk")),
            "count": lambda rows=rows: rows.count(),
            "exists": lambda rows=rows: rows.exists(),
            "contains": lambda rows=rows, row=row: rows.contains(row),
            "aggregate": lambda rows=rows: rows.aggregate(n=Count("pk")),
            "iterator": lambda rows=rows: list(rows.iterator()),
            "in_bulk": lambda model=model, row=row: model.objects.in_bulk([row.pk]),
            "explain": lambda rows=rows: rows.explain(),
            "slice": lambda rows=rows: rows[:1][0],
            "truth": lambda rows=rows: bool(rows),
            "union": lambda rows=rows: list(rows.union(rows)),
        }
        for name, way in ways.items():
            with transaction.atomic(), acting(world.cast.actor("aoki")):
                try:
                    way()
                except Ungated:
                    continue
                pytest.fail(f"{model._meta.label}: {name} did not ask the gate")


def test_an_unguarded_subquery_shows_an_insider_only_what_the_wall_allows(world: World) -> None:
    """The one way that Python cannot see; the wall decides, here for a clinic that shares nothing."""
    with transaction.atomic(), acting(world.cast.actor("hayashi")):
        for model, row in world.about_somebody():
            inner = model._default_manager.filter(pk=row.pk)
            assert not Facility.objects.filter(Exists(inner)).exists(), model
            outer = Facility.objects.annotate(n=Exists(inner.filter(pk=OuterRef("pk"))))
            assert not any(f.n for f in outer), model


def test_a_lost_setting_closes_the_wall_instead_of_failing_open(world: World) -> None:
    for value in ("", "0", "-1"):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.facility', %s, true), set_config('app.person', %s, true)", [value] * 2
            )
            assert count("SELECT count(*) FROM patients_patient") == 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.facility', 'x', true)")
        with pytest.raises(DatabaseError):
            cursor.execute("SELECT count(*) FROM patients_patient")
        transaction.set_rollback(True)
