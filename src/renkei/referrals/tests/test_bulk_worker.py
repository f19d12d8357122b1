"""まとめて印刷 as it really runs: the worker's own role, no transaction around it, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals.models import PrintJob
from renkei.referrals.papers import bulk
from renkei.referrals.tests.test_the_loop import Region
from testing.cast import Cast, load
from testing.database import WORKER, arranging


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str
) -> Iterator[Cast]:
    with django_db_blocker.unblock(), database_of_its_own(f"prints_{worker_id}"):  # type: ignore[attr-defined]
        with arranging():
            cast = load(current())
        yield cast


def test_the_worker_sets_and_empties_without_a_transaction_around_it(committed: Cast) -> None:
    region, desk = Region(committed), committed.actor("sato")
    with transaction.atomic():
        sent = [region.see(desk, region.sent()) for _ in range(2)]
        with acting(desk):
            row = bulk.ask(desk, sent)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")
    bulk.set_letters(job_uid=str(row.uid))
    bulk.set_letters(job_uid=str(row.uid))
    with arranging():
        done = PrintJob._base_manager.get(pk=row.pk)
        assert (done.state, done.done, bytes(done.content)[:4]) == ("done", 2, b"%PDF")
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert bulk.forget_old() == 1
