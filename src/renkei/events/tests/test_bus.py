"""An event is told exactly when its transaction commits, and a subscriber that fails hears it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from renkei.directory.models import Facility
from renkei.events import bus
from renkei.events.bus import deliver, deliver_pending, emit, name_of, subscribe
from renkei.events.models import OutboxEvent
from renkei.gate.actor import Kind, current
from renkei.gate.context import acting
from testing.cast import Cast
from testing.database import arranging


@dataclass(frozen=True)
class LetterSent:
    letter_id: int
    on: date = date(2026, 4, 1)
    number: str = ""


LetterSent.__module__ = "renkei.proof.events"


@pytest.fixture
def heard() -> Iterator[list[LetterSent]]:
    """A subscriber for one test."""
    told: list[LetterSent] = []
    subscribe(LetterSent)(told.append)
    yield told
    bus._subscribers.pop(name_of(LetterSent))


def outbox() -> list[OutboxEvent]:
    return list(OutboxEvent.objects.filter(name="proof.LetterSent"))


def test_an_event_is_named_after_its_module() -> None:
    assert name_of(LetterSent) == "proof.LetterSent"


def test_an_event_lies_in_the_outbox_of_its_own_transaction(cast: Cast, heard: list[LetterSent]) -> None:
    with acting(cast.actor("aoki")), transaction.atomic():
        emit(LetterSent(7))
    with arranging():
        (row,) = outbox()
    assert row.payload == {"letter_id": 7, "on": "2026-04-01", "number": ""}
    assert row.delivered_at is None
    assert heard == []


def test_a_rollback_leaves_neither_event_nor_job(cast: Cast, heard: list[LetterSent]) -> None:
    with acting(cast.actor("aoki")), transaction.atomic():
        emit(LetterSent(7))
        transaction.set_rollback(True)
    with arranging():
        assert outbox() == []
        assert not ProcrastinateJob.objects.filter(queue_name="events").exists()


def test_a_commit_brings_one_job_for_the_worker(cast: Cast, heard: list[LetterSent]) -> None:
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
    job = ProcrastinateJob.objects.get(queue_name="events")
    assert job.task_name == "renkei.events.bus.deliver"
    assert list(job.args) == ["event_uid"]


def test_an_event_without_subscribers_brings_no_job(cast: Cast) -> None:
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
    assert not ProcrastinateJob.objects.filter(queue_name="events").exists()


def test_whoever_emits_cannot_read_change_or_take_back(cast: Cast, heard: list[LetterSent]) -> None:
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
        assert outbox() == []
        assert OutboxEvent.objects.update(delivered_at=None) == 0
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM events_outboxevent")


def test_a_delivered_event_reaches_every_subscriber_once(cast: Cast, heard: list[LetterSent]) -> None:
    again: list[LetterSent] = []
    subscribe(LetterSent)(again.append)
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
    with arranging():
        (row,) = outbox()
        for _time in range(3):
            deliver(event_uid=str(row.pk))
    assert [event.letter_id for event in heard] == [7]
    assert [event.letter_id for event in again] == [7]


def test_a_subscriber_that_fails_hears_the_event_again_and_nothing_of_the_first_time_stays(
    cast: Cast, heard: list[LetterSent]
) -> None:
    attempts: list[int] = []

    def shaky(event: LetterSent) -> None:
        Facility.objects.create(kind="clinic", name="一時の医院")
        attempts.append(event.letter_id)
        if len(attempts) == 1:
            raise ConnectionError("the network is away")

    subscribe(LetterSent)(shaky)
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
    with arranging():
        (row,) = outbox()
        with pytest.raises(ConnectionError):
            deliver(event_uid=str(row.pk))
        assert outbox()[0].delivered_at is None
        assert not Facility.objects.filter(name="一時の医院").exists()
        deliver(event_uid=str(row.pk))
        assert outbox()[0].delivered_at is not None
        assert Facility.objects.filter(name="一時の医院").count() == 1
    assert attempts == [7, 7]


def test_subscribers_act_as_the_system_with_the_event_as_reason(cast: Cast, heard: list[LetterSent]) -> None:
    reasons: list[tuple[Kind, str]] = []
    subscribe(LetterSent)(lambda event: reasons.append((current().kind, current().reason)))
    with acting(cast.actor("aoki")):
        emit(LetterSent(7))
    with arranging():
        (row,) = outbox()
        deliver(event_uid=str(row.pk))
    assert reasons == [(Kind.SYSTEM, f"event {row.pk}")]


def test_waiting_events_are_delivered_in_the_order_they_happened(cast: Cast, heard: list[LetterSent]) -> None:
    with acting(cast.actor("aoki")):
        for number in range(5):
            emit(LetterSent(number))
    with arranging():
        assert deliver_pending() == 5
        assert deliver_pending() == 0
    assert [event.letter_id for event in heard] == list(range(5))


def test_only_a_frozen_fact_can_be_told() -> None:
    for wrong in ("text", {"letter": 1}, LetterSent):
        with pytest.raises(TypeError):
            emit(wrong)
