"""The worker as it really runs: its own role, no transaction around it, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.exchange.models import ScanFile, ScanPart
from renkei.exchange.scans import working
from renkei.exchange.scans.tests.desks import PaperDesk, blank
from renkei.gate.actor import current
from testing import scans
from testing.cast import Cast, load
from testing.database import WORKER, arranging


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str
) -> Iterator[Cast]:
    with django_db_blocker.unblock(), database_of_its_own(f"scans_{worker_id}"):  # type: ignore[attr-defined]
        with arranging():
            cast = load(current())
        yield cast


def test_the_worker_reads_and_files_without_a_transaction_around_it(committed: Cast) -> None:
    desk = PaperDesk(committed)
    with transaction.atomic():
        referral = desk.sent()
        page = desk.form(referral, "final_report")
        row = desk.take(scans.as_pdf([page, blank()], 150))
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")
    working.read_scan(scan_uid=str(row.uid))
    working.read_scan(scan_uid=str(row.uid))
    with arranging():
        part, behind = ScanPart._base_manager.filter(file=row).order_by("first_page")
        assert (part.state, part.referral_id) == ("filed", referral.pk)
        assert (behind.state, behind.follows_id) == ("unmatched", part.pk)
        assert ScanFile._base_manager.get(pk=row.pk).state == "done"
