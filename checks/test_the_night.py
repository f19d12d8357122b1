"""The work of the clock as it really runs: in the worker's role, without a transaction around it.

Outside a transaction the database is told of nobody: a walled table is empty then, and a job that looks there finds
nothing to do. Every periodic job is run, and whoever it asks outside a transaction is caught.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django import app as procrastinate_app
from psycopg import sql

from checks.world import World, committed_world, login
from renkei.kernel.errors import DomainError
from testing.database import WORKER

CLOCKWORK = sorted(found.task.name for found in procrastinate_app.periodic_registry.periodic_tasks.values())
_TABLE = re.compile(r'(?:FROM|JOIN|INTO|UPDATE) "?([a-z_]+)"?')


@pytest.fixture(scope="module")
def night(django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[World]:
    with django_db_blocker.unblock(), committed_world(f"renkei_{worker_id}_night") as world:  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WORKER}")
        yield world


def _hidden(database: str) -> Iterator[str]:
    """Tables that have rows and show the worker none of them outside a transaction."""
    with login("renkei_owner", database) as owner, connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        for table in [str(name) for (name,) in cursor.fetchall()]:
            exists = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
            if owner.execute(exists).fetchone() == (True,):
                cursor.execute(exists)
                if cursor.fetchone() == (False,):
                    yield table


def asked_in_the_open(night: World, work: Callable[[], object]) -> set[str]:
    """Tables that ``work`` asks while no transaction is open, and that show it nothing then."""
    hidden, found = set(_hidden(night.database)), set[str]()

    def watch(execute: Any, statement: Any, params: Any, many: Any, context: Any) -> Any:
        if not connection.in_atomic_block:
            found.update(hidden & set(_TABLE.findall(str(statement))))
        return execute(statement, params, many, context)

    with connection.execute_wrapper(watch), suppress(DomainError):  # the filled rows make no chain of seals
        work()
    return found


def test_a_question_in_the_open_is_caught(night: World) -> None:
    def careless() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM patients_patient")
            assert cursor.fetchone() == (0,)

    assert asked_in_the_open(night, careless) == {"patients_patient"}


def test_there_is_work_at_night() -> None:
    assert "renkei.enrolments.jobs.turn_terms" in CLOCKWORK


@pytest.mark.parametrize("name", CLOCKWORK)
def test_a_job_of_the_clock_asks_inside_a_transaction(night: World, name: str) -> None:
    task = procrastinate_app.tasks[name]
    assert asked_in_the_open(night, lambda: task.func(timestamp=0)) == set()
