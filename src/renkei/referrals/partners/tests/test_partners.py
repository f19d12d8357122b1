"""Numbers of referrals by the other facility: what counts, for whom, between which days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from renkei.gate.context import acting
from renkei.gate.guard import collecting
from renkei.kernel import clock
from renkei.referrals.partners.queries import Partner, admitted_at, arrived_by_sender, partners
from renkei.referrals.tests.test_the_loop import MONDAY, Region
from testing.cast import Cast

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


def test_both_sides_count_what_was_sent_and_drafts_count_nowhere(cast: Cast) -> None:
    region = Region(cast)
    region.sent()
    region.draft()
    clinic, hospital = cast.actor("aoki"), cast.actor("sato")
    with acting(clinic):
        assert partners(clinic, FIRST, LAST) == [Partner(hospital.facility_id, sent=1, received=0)]
    with acting(hospital):
        assert partners(hospital, FIRST, LAST) == [Partner(clinic.facility_id, sent=0, received=1)]
        assert arrived_by_sender(hospital, FIRST, LAST) == {}


def test_the_days_bound_what_is_counted(cast: Cast) -> None:
    Region(cast).sent()
    clinic = cast.actor("aoki")
    with acting(clinic):
        assert len(partners(clinic, FIRST, FIRST)) == 1
        assert partners(clinic, date(2026, 6, 2), LAST) == []
        assert partners(clinic, date(2026, 5, 1), date(2026, 5, 31)) == []


def test_who_came_is_counted_by_sender_and_no_patient_is_shown(cast: Cast) -> None:
    Region(cast).arrived()
    hospital, clinic = cast.actor("sato"), cast.actor("aoki")
    with acting(hospital), collecting() as shown:
        assert arrived_by_sender(hospital, FIRST, LAST) == {clinic.facility_id: 1}
        assert not any(shown.values())
    with acting(clinic):
        assert admitted_at(clinic, FIRST, LAST) == {}


def test_a_house_outside_counts_nothing(cast: Cast) -> None:
    Region(cast).arrived()
    stranger = cast.actor("x1_liaison_staff")
    with acting(stranger):
        assert partners(stranger, FIRST, LAST) == []
        assert arrived_by_sender(stranger, FIRST, LAST) == {}
