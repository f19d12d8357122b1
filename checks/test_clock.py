"""The clock of the machine jumps: nothing is lost, and the trail holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from checks.faults import Town, committed_town, logged_in_as
from renkei.audit.chain import seal, verify
from renkei.config import pgroles
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.referrals import actions, queries
from renkei.referrals.models import Referral


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_clock") as made:
        yield made


def _state(town: Town, referral: Referral) -> str:
    return str(town.ask("SELECT state FROM referrals_referral WHERE id = %s", referral.pk)[0][0])


def _receive(town: Town, referral: Referral) -> None:
    sato, seen = town.seen("sato", referral)
    with acting(sato):
        actions.receive(sato, seen)


def test_a_clock_that_jumps_ahead_and_back_loses_nothing_and_breaks_no_seal(town: Town) -> None:
    """A letter sent by a machine whose clock is a day ahead: it is on the desk when the day has come, and the trail holds."""
    now, sato = clock.now(), town.cast.actor("sato")
    with clock.frozen(now + timedelta(days=1)):
        early = town.sent()
    with clock.frozen(now), acting(sato), transaction.atomic(), pytest.raises(NotFound):
        queries.one(sato, early.uid)
    with clock.frozen(now):
        second = town.sent()
        _receive(town, second)
    with clock.frozen(now + timedelta(days=1, minutes=1)):
        _receive(town, early)
    assert (_state(town, early), _state(town, second)) == ("received", "received")
    with logged_in_as(pgroles.WORKER), system("checking the trail"):
        seal()
        with transaction.atomic():
            assert verify().holds
