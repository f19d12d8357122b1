"""The nightly work as it really runs: in the worker's role, no transaction around it, a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from checks.world import database_of_its_own
from renkei.gate.actor import current
from renkei.guests import keeping
from renkei.guests.models import GuestFile, GuestRequest
from renkei.guests.types import State
from renkei.kernel import clock
from testing.cast import Cast, load
from testing.database import WORKER, arranging


@pytest.fixture
def committed(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, worker_id: str
) -> Iterator[Cast]:
    with django_db_blocker.unblock(), database_of_its_own(f"guests_{worker_id}"):  # type: ignore[attr-defined]
        with arranging():
            cast = load(current())
        yield cast


def hand_over(cast: Cast) -> None:
    """A request with a file, as a guest leaves it."""
    row = GuestRequest(
        facility=cast.facility("H1"),
        code="ABCDEFGHJK",
        kind_label="紹介",
        physician="林 和彦",
        clinic="林医院",
        institution_number="1410000045",
        phone="0463-00-0001",
        phone_digits="0463000001",
        patient_name="森 ひかり",
        patient_kana="モリ ヒカリ",
        birth_on=clock.today() - timedelta(days=18_000),
        sex="female",
        purpose="動悸",
    )
    row.save()
    GuestFile(
        facility=cast.facility("H1"),
        request_uid=row.uid,
        name="心電図.pdf",
        media_type="application/pdf",
        size=3,
        sha256="0" * 64,
        content=b"abc",
    ).save()


def test_the_worker_expires_and_blanks_without_a_transaction_around_it(committed: Cast) -> None:
    with arranging(), transaction.atomic():
        hand_over(committed)
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {WORKER}")
    with clock.frozen(clock.now() + timedelta(days=31)):
        assert (keeping.expire_old(), keeping.blank_old()) == (1, 0)
    with clock.frozen(clock.now() + timedelta(days=31 + 91)):
        assert (keeping.expire_old(), keeping.blank_old()) == (0, 1)
        assert keeping.blank_old() == 0
    with arranging():
        now = GuestRequest._base_manager.get()
        assert (now.state, now.patient_name, now.birth_on) == (State.EXPIRED, "", None)
        assert bytes(GuestFile._base_manager.get().content) == b""
