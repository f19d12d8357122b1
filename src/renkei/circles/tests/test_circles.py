"""Circles open and close; emergency access lasts a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError

from renkei.circles import actions
from renkei.circles.models import Circle
from renkei.circles.types import Source
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.writing import writing
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound
from renkei.patients.models import Patient
from testing.cast import Cast


def share(cast: Cast, sender: Actor, patient: Patient, receiver: str) -> Circle:
    """A matter about ``patient`` shared with another facility."""
    with transaction.atomic(), acting(sender), writing("test", sender):
        circle = actions.open_circle(sender, patient, purpose="test")
        actions.let_in(circle, cast.facility(receiver).pk, source=Source.REFERRAL)
    return circle


def sees(actor: Actor, patient: Patient) -> bool:
    """Whether Python and the database both show the row; they must agree."""
    with transaction.atomic(), acting(actor):
        by_guard = Patient.objects.visible_to(actor).filter(pk=patient.pk).exists()
        by_wall = Patient._base_manager.filter(pk=patient.pk).exists()
    assert by_guard == by_wall
    return by_guard


def test_a_facility_that_is_let_in_sees_the_patient_at_once(cast: Cast) -> None:
    patient = cast.patient("suzuki")
    assert not sees(cast.actor("sato"), patient)
    share(cast, cast.actor("aoki"), patient, "H1")
    assert sees(cast.actor("sato"), patient)
    assert not sees(cast.actor("east_clerk"), patient)


def test_a_facility_that_is_let_out_sees_it_no_more(cast: Cast) -> None:
    actor, patient = cast.actor("aoki"), cast.patient("suzuki")
    circle = share(cast, actor, patient, "H1")
    with transaction.atomic(), acting(actor), writing("test", actor):
        assert actions.let_out(actor, circle, cast.facility("H1").pk, reason="取り下げ") == 1
    assert not sees(cast.actor("sato"), patient)


def test_nobody_joins_a_circle_of_others_by_themselves(cast: Cast) -> None:
    circle = share(cast, cast.actor("aoki"), cast.patient("suzuki"), "H1")
    stranger = cast.actor("east_clerk")
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
        acting(stranger),
        writing("test", stranger),
    ):
        actions.let_in(circle, stranger.facility_id, source=Source.CARE_TEAM)


def test_emergency_access_opens_for_24_hours_and_is_then_gone(cast: Cast) -> None:
    actor, patient = cast.actor("east_doctor"), cast.patient("suzuki")
    start = clock.jst(2026, 6, 5, 22, 0)
    with clock.frozen(start):
        assert not sees(actor, patient)
        with acting(actor):
            opened = actions.open_emergency(
                actor, patient.pk, reason="意識障害で救急搬送、服薬を確認するため"
            )
        assert opened.valid_until == start + timedelta(hours=24)
        assert sees(actor, patient)
    with clock.frozen(start + timedelta(hours=23, minutes=59)):
        assert sees(actor, patient)
    with clock.frozen(start + timedelta(hours=24)):
        assert not sees(actor, patient)


def test_emergency_access_also_works_by_the_running_clock(cast: Cast) -> None:
    actor, patient = cast.actor("east_doctor"), cast.patient("suzuki")
    with acting(actor):
        actions.open_emergency(actor, patient.pk, reason="意識障害で救急搬送")
    assert sees(actor, patient)


def test_emergency_access_needs_a_reason_and_a_clinician(cast: Cast) -> None:
    patient = cast.patient("suzuki")
    with acting(cast.actor("east_doctor")) as actor, pytest.raises(Invalid):
        actions.open_emergency(actor, patient.pk, reason="急")
    with acting(cast.actor("east_clerk")) as actor, pytest.raises(NotAllowed):
        actions.open_emergency(actor, patient.pk, reason="意識障害で救急搬送")
    with acting(cast.actor("east_doctor")) as actor, pytest.raises(NotFound):
        actions.open_emergency(actor, 999_999_999, reason="意識障害で救急搬送")
    assert not sees(cast.actor("east_doctor"), patient)
