"""The night as it really runs: in the worker's role, no transaction around it, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.enrolments import actions, jobs
from renkei.enrolments.models import MembershipTerm
from renkei.enrolments.types import ApplicationDraft
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast, load
from testing.database import WORKER, arranging


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str
) -> Iterator[Cast]:
    with django_db_blocker.unblock(), database_of_its_own(f"enrolments_{worker_id}"):  # type: ignore[attr-defined]
        with arranging():
            cast = load(current())
        yield cast


def test_terms_turn_and_institutions_are_told_in_the_workers_own_role(committed: Cast) -> None:
    office, clinic = committed.actor("sato"), committed.actor("hayashi")
    with clock.frozen(clock.jst(2026, 6, 1)):
        with acting(office), transaction.atomic():
            scheme = actions.start_scheme(office, key="itsunet", from_on=date(2026, 4, 1))
        said = (("departments", "内科"), ("diseases", "糖尿病"))
        draft = ApplicationDraft(committed.facility("C2").pk, "林 和彦", answers=said)
        with acting(clinic), transaction.atomic():
            row = actions.apply(clinic, scheme=scheme, draft=draft)
        with acting(office), transaction.atomic():
            actions.approve(office, row)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")
    with clock.frozen(clock.jst(2027, 3, 15)):
        jobs.tell_before(timestamp=0)
    with clock.frozen(clock.jst(2027, 4, 1, 0, 5)):
        jobs.turn_terms(timestamp=0)
    with arranging():
        terms = MembershipTerm._base_manager.order_by("from_on")
        assert [t.until_on for t in terms] == [date(2027, 3, 31), date(2028, 3, 31)]
        assert terms[0].told_at is not None
