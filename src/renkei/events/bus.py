"""Emit and subscribe. Events are frozen dataclasses of ids and plain values (rule R3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from renkei.events.models import OutboxEvent
from renkei.jobs.queue import enqueue, job
from renkei.kernel import clock

E = TypeVar("E")
Subscriber = Callable[[Any], None]

_classes: dict[str, type[Any]] = {}
_subscribers: dict[str, list[Subscriber]] = {}
# The worker's door to the rows an event speaks of; the gate fills it in (it lies one floor up).
_enter: list[Callable[[str], Any]] = []


def name_of(event: type[Any]) -> str:
    """``referrals.LetterSent`` for ``renkei.referrals.events.LetterSent``."""
    return f"{event.__module__.split('.')[1]}.{event.__qualname__}"


def register_system_door(door: Callable[[str], Any]) -> None:
    """``gate`` gives the context manager under which subscribers run."""
    _enter[:] = [door]


def subscribe(event: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Run the decorated function in the worker for every ``event``; it must stand being called twice."""

    def remember(function: Callable[[E], None]) -> Callable[[E], None]:
        _classes[name_of(event)] = event
        _subscribers.setdefault(name_of(event), []).append(function)
        return function

    return remember


def emit(event: Any) -> None:
    """Put ``event`` into the outbox of the open transaction; it is delivered only if that commits."""
    if not is_dataclass(event) or isinstance(event, type):
        raise TypeError("an event is an instance of a frozen dataclass")
    name = name_of(type(event))
    row = OutboxEvent(name=name, payload=_plain(asdict(event)), created_at=clock.now())
    row.save(force_insert=True)
    if _subscribers.get(name):
        enqueue(deliver, event_uid=str(row.uid))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    encode = DjangoJSONEncoder().default
    return {k: v if isinstance(v, int | float | bool | str | None) else encode(v) for k, v in values.items()}


@job(queue="events", retries=8)
def deliver(event_uid: str) -> None:
    """Hand one outbox row to every subscriber, all in one transaction."""
    with _enter[0](f"event {event_uid}"), transaction.atomic():
        row = OutboxEvent.objects.select_for_update().filter(pk=event_uid, delivered_at=None).first()
        if row is None:
            return
        event = _classes[row.name](**row.payload)
        for subscriber in _subscribers[row.name]:
            subscriber(event)
        row.delivered_at = clock.now()
        row.save(update_fields=["delivered_at"])


def deliver_pending() -> int:
    """Deliver everything undelivered in this process; returns how many (tests, and the demo before a worker runs)."""
    with _enter[0]("pending events"), transaction.atomic():
        rows = OutboxEvent.objects.filter(delivered_at=None, name__in=list(_subscribers))
        waiting = list(rows.order_by("created_at", "uid").values_list("uid", flat=True))
    for event_uid in waiting:
        deliver(event_uid=str(event_uid))
    return len(waiting)
