"""A real worker, logged in as its own role in a process of its own, takes jobs out of a real queue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from psycopg.conninfo import make_conninfo

from checks.world import database_of_its_own, login
from renkei.events import bus
from renkei.events.bus import emit, name_of, subscribe
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.jobs.queries import failed
from testing.cast import load
from testing.database import arranging

WORKER = """
import django
django.setup()
from dataclasses import make_dataclass
from procrastinate.contrib.django import app
from renkei.events.bus import emit, subscribe
from renkei.gate.actor import current
from renkei.patients.models import Patient

Moved = make_dataclass("Moved", [("patient_id", int)], frozen=True)
Broke = make_dataclass("Broke", [("patient_id", int)], frozen=True)
Moved.__module__ = Broke.__module__ = "renkei.proof.events"

@subscribe(Moved)
def note(event):
    patient = Patient.objects.visible_to(current()).get(pk=event.patient_id)
    patient.occupation = f"heard as {current().kind}"
    patient.save()

@subscribe(Broke)
def fail(event):
    emit(Moved(event.patient_id))  # goes back with everything else of the attempt: no event, no job
    raise ValueError("the letter box is full\\nDETAIL: of nobody's business")

# As the command ``procrastinate worker`` does it: connections of its own instead of the web's.
with app.replace_connector(app.connector.get_worker_connector()) as worker:
    worker.run_worker(wait=False, listen_notify=False, install_signal_handlers=False)
"""


@dataclass(frozen=True)
class Moved:
    patient_id: int


@dataclass(frozen=True)
class Broke:
    patient_id: int


Moved.__module__ = Broke.__module__ = "renkei.proof.events"


@pytest.fixture
def database(django_db_blocker: Any, worker_id: str) -> Iterator[str]:
    name = f"renkei_{worker_id}_queue"
    with django_db_blocker.unblock(), database_of_its_own(name):
        for event in (Moved, Broke):
            subscribe(event)(lambda told: None)
        yield name
        for event in (Moved, Broke):
            bus._subscribers.pop(name_of(event))


def run_worker(database: str) -> None:
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], user="renkei_worker", dbname=database)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")} | {
        "DATABASE_URL": url
    }
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_worker_delivers_an_event_and_notes_why_another_failed_of_which_nothing_stays(
    database: str,
) -> None:
    with arranging():
        cast = load(current())
    suzuki = cast.patient("suzuki").pk
    with acting(cast.actor("aoki")), transaction.atomic():
        emit(Moved(suzuki))
        emit(Broke(suzuki))
    run_worker(database)
    with login("renkei_owner", database) as owner:
        assert owner.execute(
            "SELECT occupation FROM patients_patient WHERE id = %s", [suzuki]
        ).fetchone() == ("heard as system",)
        delivered = "SELECT name, delivered_at IS NOT NULL FROM events_outboxevent ORDER BY name"
        assert owner.execute(delivered).fetchall() == [("proof.Broke", False), ("proof.Moved", True)]
        states = (
            "SELECT status::text, attempts FROM procrastinate_jobs WHERE queue_name = 'events' ORDER BY id"
        )
        assert owner.execute(states).fetchall() == [("succeeded", 1), ("todo", 1)]
        reasons = "SELECT attempt, error FROM jobs_jobfailure"
        assert owner.execute(reasons).fetchall() == [(1, "ValueError: the letter box is full")]
        owner.execute(
            "UPDATE procrastinate_jobs SET attempts = 8, scheduled_at = now() WHERE status = 'todo'"
        )
    run_worker(database)
    with acting(cast.actor("oka")), transaction.atomic():
        (job,) = failed().jobs
    assert (job.name, job.error) == ("renkei.events.bus.deliver", "ValueError: the letter box is full")
    assert list(job.args) == ["event_uid"]
