"""まとめて印刷 as it really runs: the worker's own role, no transaction around it, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices import paper_actions, paper_queries
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


def as_the_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")


def set_by_the_worker(uid: UUID) -> None:
    as_the_worker()
    bulk.set_letters(job_uid=str(uid))
    bulk.set_letters(job_uid=str(uid))
    with arranging():
        done = PrintJob._base_manager.get(uid=uid)
        assert (done.state, done.error, done.done, bytes(done.content)[:4]) == ("done", "", 2, b"%PDF")


def test_the_worker_sets_and_empties_without_a_transaction_around_it(committed: Cast) -> None:
    region, desk = Region(committed), committed.actor("sato")
    with transaction.atomic():
        sent = [region.see(desk, region.sent()) for _ in range(2)]
        with acting(desk):
            row = bulk.ask(desk, sent)
    set_by_the_worker(row.uid)
    as_the_worker()
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert bulk.forget_old() == 1


def test_the_worker_prints_papers_in_the_name_of_whoever_asked(committed: Cast) -> None:
    region, clinic, outside = Region(committed), committed.actor("kimura"), committed.facility("H2")
    with arranging():
        outside.uses_renkei = False
        outside.save()
    with transaction.atomic():
        for _ in range(2):
            letter = region.draft(to="H2")
            region.do("aoki", "finalise_and_send", letter)
        with acting(clinic):
            waiting = list(paper_queries.papers(clinic))
            uid = paper_actions.print_together(clinic, waiting)
    set_by_the_worker(uid)
    with transaction.atomic(), acting(clinic):
        assert [paper.printed_at is not None for paper in paper_queries.papers(clinic)] == [True, True]
