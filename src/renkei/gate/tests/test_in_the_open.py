"""Outside a transaction the database is told of nobody: the system, which would see nothing and go on, is refused there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.events.bus import deliver_pending
from renkei.gate.actor import Actor, Kind
from renkei.gate.backend.base import InTheOpen
from renkei.gate.context import acting, system, system_of
from renkei.patients.models import Patient
from renkei.portal.checking import check, check_for
from testing.database import WORKER


def by_model() -> object:
    with system("a test") as actor:
        return Patient.objects.visible_to(actor).first()


def by_cursor() -> object:
    with system("a test"), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()


def by_many() -> object:
    with system("a test"), connection.cursor() as cursor:
        return cursor.executemany("SELECT %s", [[1], [2]])


def by_prepared() -> object:
    with system("a test"):
        return connection.run_prepared("SELECT 1", [])  # type: ignore[attr-defined]


def by_change() -> object:
    with system("a test"):
        return connection.change_later("UPDATE patients_patient SET name = name", [])  # type: ignore[attr-defined]


def for_a_house() -> object:
    with system_of(1, "みどり中央病院", "a test") as actor:
        return list(Patient.objects.visible_to(actor))


def after_the_transaction() -> object:
    with system("a test") as actor:
        with transaction.atomic():
            Patient.objects.visible_to(actor).first()
        return Patient.objects.visible_to(actor).first()


@pytest.fixture(scope="module")
def open_air(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str
) -> Iterator[None]:
    """A database of its own, the worker's role, and no transaction around the test."""
    with django_db_blocker.unblock(), database_of_its_own(f"renkei_{worker_id}_open"):  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WORKER}")
        yield


WAYS = [by_model, by_cursor, by_many, by_prepared, by_change, for_a_house]


@pytest.mark.parametrize("ask", WAYS)
def test_the_system_cannot_ask_outside_a_transaction(open_air: None, ask: Callable[[], object]) -> None:
    with pytest.raises(InTheOpen):
        ask()
    with transaction.atomic():
        ask()


def test_the_end_of_its_transaction_is_the_end_of_what_the_system_can_ask(open_air: None) -> None:
    with pytest.raises(InTheOpen):
        after_the_transaction()


def test_the_pages_of_log_in_may_ask_there_and_see_nothing_of_patients(open_air: None) -> None:
    with acting(Actor(Kind.SYSTEM, reason="log-in pages", in_the_open=True)) as actor:
        assert not Patient.objects.visible_to(actor).exists()
        with transaction.atomic():
            assert Patient.objects.visible_to(actor).exists(), "the worker's role, inside a transaction"


def test_what_asks_as_nobody_needs_no_transaction(open_air: None) -> None:
    assert connection.run_prepared("SELECT 1", []) == [(1,)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("work", [deliver_pending, check, lambda: check_for(1, "みどり中央病院")])
def test_work_that_took_no_transaction_takes_one(open_air: None, work: Callable[[], object]) -> None:
    work()
