"""Killed in the middle: a worker while it delivers, the database while letters are saved. Nothing is lost or half."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction

from checks.faults import (
    LETTER,
    PATIENCE,
    Town,
    committed_town,
    end,
    logged_in_as,
    start_worker,
    wait_until,
    waiting,
)
from checks.world import login
from renkei.audit.chain import seal, verify
from renkei.config import pgroles
from renkei.config.postgres import Cluster
from renkei.events.bus import emit
from renkei.gate.context import acting, system
from renkei.jobs import jobs
from renkei.referrals import actions, queries
from renkei.referrals.events import MessagePosted
from testing.cast import Cast, load, people

EVENTS = 60


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_faults") as made:
        yield made


# a worker


def number(town: Town, query: str) -> int:
    return int(town.ask(query)[0][0])


DELIVERED = "SELECT count(*) FROM events_outboxevent WHERE delivered_at IS NOT NULL AND name = 'referrals.MessagePosted'"
RUNNING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND queue_name = 'events'"
OPEN = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name = 'events'"


def write_many(town: Town) -> None:
    """``EVENTS`` lines of C1 to H1, told in one transaction, each with a number of its own."""
    referral, h1, c1 = town.sent(), town.cast.facility("H1").pk, town.cast.facility("C1").pk
    with acting(town.cast.actor("aoki")), transaction.atomic():
        for n in range(EVENTS):
            emit(MessagePosted(referral.pk, str(referral.uid), f"N-{n:03d}", h1, c1))


def kill_while_it_delivers(town: Town) -> None:
    """Run a worker until a delivery stands between its first and its last statement, and kill it there."""
    worker = start_worker(town.database)
    try:
        wait_until(lambda: number(town, DELIVERED) >= 3, "the worker delivers")
        with (
            login(pgroles.OWNER, town.database) as watcher,
            login(pgroles.OWNER, town.database) as holder,
            holder.transaction(),
        ):
            holder.execute("LOCK TABLE notices_notice IN SHARE MODE")
            wait_until(lambda: waiting(watcher, town.database) > 0, "a delivery is under way")
            assert number(town, RUNNING) >= 1
            assert end(worker, signal.SIGKILL) == -signal.SIGKILL
    finally:
        end(worker, signal.SIGKILL)


def let_minutes_pass(town: Town) -> None:
    """The killed worker has been silent for five minutes, and the jobs of the clock are due again."""
    with login(pgroles.OWNER, town.database) as owner:
        owner.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '5 minutes'"
        )
        owner.execute("DELETE FROM procrastinate_periodic_defers")


def test_a_worker_killed_while_it_delivers_tells_everybody_once_after_the_restart(town: Town) -> None:
    write_many(town)
    kill_while_it_delivers(town)
    before = number(town, DELIVERED)
    assert 0 < before < EVENTS
    assert number(town, RUNNING) >= 1, "the killed job still counts as running"
    let_minutes_pass(town)
    worker = start_worker(town.database)
    try:
        wait_until(lambda: number(town, OPEN) == 0, "the second worker empties the queue")
    finally:
        assert end(worker) in (0, -signal.SIGTERM)
    assert number(town, DELIVERED) == EVENTS
    told = town.ask("SELECT number, facility_id FROM notices_notice WHERE kind = 'message_received'")
    h1 = town.cast.facility("H1").pk
    assert Counter(told) == Counter({(f"N-{n:03d}", h1): 1 for n in range(EVENTS)})
    assert town.ask("SELECT DISTINCT error FROM jobs_jobfailure") == [(jobs.REASON,)]


def test_a_job_that_takes_its_worker_down_each_time_ends_on_the_page_of_failed_jobs(town: Town) -> None:
    with login(pgroles.OWNER, town.database) as owner:
        row = owner.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)"
            " VALUES ('default', 'proof.deadly', 'doing', %s) RETURNING id",
            [jobs.MOST_ATTEMPTS - 1],
        ).fetchone()
    assert row is not None
    with logged_in_as(pgroles.WORKER):
        jobs.take_up_abandoned(timestamp=0)
    status = "SELECT status::text FROM procrastinate_jobs WHERE id = %s"
    assert town.ask(status, row[0]) == [("failed",)]
    assert town.ask("SELECT attempt FROM jobs_jobfailure WHERE job_number = %s", row[0]) == [
        (jobs.MOST_ATTEMPTS,)
    ]


# the database


@dataclass
class Journal:
    """What the writers were told is saved: letter → the last purpose, and letters that were sent."""

    purposes: dict[UUID, str] = field(default_factory=dict)
    sent: set[UUID] = field(default_factory=set)
    saves: int = 0
    broken: list[Exception] = field(default_factory=list)


@contextmanager
def killable_town(folder: Path) -> Iterator[tuple[Town, Cluster]]:
    """A town on a durable database server of its own."""
    cluster = Cluster(folder / "postgres", durable=True)
    before = {alias: (connections[alias].settings_dict["NAME"], connections[alias].settings_dict["HOST"]) for alias in connections}  # fmt: skip
    try:
        cluster.start()
        _lead_to({alias: (pgroles.DATABASE, str(cluster.socket_dir)) for alias in before})
        call_command("migrate", database="owner", verbosity=0)
        with logged_in_as(pgroles.WORKER), system("peopling") as actor, transaction.atomic():
            people()
            cast: Cast = load(actor)
        with logged_in_as(pgroles.APP):
            yield Town(cast, pgroles.DATABASE), cluster
    finally:
        _lead_to(before)
        cluster.stop()


def _lead_to(places: dict[str, tuple[str, str]]) -> None:
    for alias, (name, host) in places.items():
        connections[alias].close()
        connections[alias].settings_dict |= {"NAME": name, "HOST": host}


def keep_writing(town: Town, who: str, patient: str, journal: Journal, stop: threading.Event) -> None:
    """Write, save again and send letter after letter until the database is gone; note what was acknowledged."""
    actor, to = town.cast.actor(who), town.cast.facility("H1")
    try:
        while not stop.is_set():
            with acting(actor):
                letter = actions.draft(actor, town.cast.patient(patient))
                journal.purposes[letter.uid] = ""
                for turn in range(3):
                    purpose = f"{letter.number} {who} {turn}"
                    content = replace(LETTER, purpose=purpose)
                    letter = actions.write(actor, letter, content=content, receiver=to)
                    journal.purposes[letter.uid] = purpose
                    journal.saves += 1
                actions.finalise_and_send(actor, letter)
                journal.sent.add(letter.uid)
    except (DatabaseError, psycopg.Error) as error:
        journal.broken.append(error)
    finally:
        connections.close_all()


HALF = {
    "a letter without circle, sender in it, or version": """
        SELECT r.number FROM referrals_referral r
        WHERE NOT EXISTS (SELECT FROM circles_circle c WHERE c.id = r.circle_id)
           OR NOT EXISTS (SELECT FROM circles_member m WHERE m.circle_id = r.circle_id AND m.facility_id = r.sender_id)
           OR (SELECT count(*) FROM referrals_referralletter l WHERE l.referral_id = r.id) <> 1""",
    "a circle without referral": """
        SELECT c.id FROM circles_circle c
        WHERE NOT EXISTS (SELECT FROM referrals_referral r WHERE r.circle_id = c.id)""",
    "a sent letter that lacks signature, move, trail, event, timer or the receiver's access": """
        SELECT r.number FROM referrals_referral r WHERE r.state <> 'draft' AND (
           NOT EXISTS (SELECT FROM referrals_referralletter l WHERE l.referral_id = r.id AND l.finalised_at IS NOT NULL)
           OR (SELECT count(*) FROM referrals_referralmove v WHERE v.referral_id = r.id AND v.name = 'send') <> 1
           OR (SELECT count(*) FROM audit_auditentry a WHERE a.subject = 'referrals.referral' AND a.subject_id = r.id
               AND a.action = 'referrals.actions.drafting.send') <> 1
           OR (SELECT count(*) FROM events_outboxevent e WHERE e.payload->>'referral_uid' = r.uid::text) <> 1
           OR NOT EXISTS (SELECT FROM referrals_deadline d WHERE d.referral_id = r.id)
           OR NOT EXISTS (SELECT FROM circles_member m
                          WHERE m.circle_id = r.circle_id AND m.facility_id = r.receiver_id))""",
    "a draft with something of the sending": """
        SELECT r.number FROM referrals_referral r WHERE r.state = 'draft' AND (
           EXISTS (SELECT FROM referrals_referralmove v WHERE v.referral_id = r.id)
           OR EXISTS (SELECT FROM events_outboxevent e WHERE e.payload->>'referral_uid' = r.uid::text)
           OR EXISTS (SELECT FROM referrals_referralletter l WHERE l.referral_id = r.id AND l.finalised_at IS NOT NULL)
           OR EXISTS (SELECT FROM circles_member m
                      WHERE m.circle_id = r.circle_id AND m.facility_id <> r.sender_id))""",
    "a save whose trail does not fit its version": """
        SELECT r.number FROM referrals_referral r JOIN referrals_referralletter l ON l.referral_id = r.id
        WHERE (SELECT count(*) FROM audit_auditentry a WHERE a.subject_id = r.id
               AND a.action = 'referrals.actions.drafting.write')
           <> CASE WHEN l.content->>'purpose' = '' THEN 0 ELSE right(l.content->>'purpose', 1)::int + 1 END""",
    "a job without its event, or an event without its job": """
        SELECT e.uid FROM events_outboxevent e
        WHERE NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.args->>'event_uid' = e.uid::text)
        UNION SELECT NULL FROM procrastinate_jobs j WHERE j.args ? 'event_uid'
        AND NOT EXISTS (SELECT FROM events_outboxevent e WHERE e.uid::text = j.args->>'event_uid')""",
}


def write_until_killed(town: Town, cluster: Cluster) -> Journal:
    """Two people save at the same time; the server is killed under them once some letters were sent."""
    journal, stop = Journal(), threading.Event()
    pairs = (("aoki", "suzuki"), ("hayashi", "kato"))
    writers = [threading.Thread(target=keep_writing, args=(town, *pair, journal, stop)) for pair in pairs]
    for writer in writers:
        writer.start()
    try:
        wait_until(lambda: len(journal.sent) >= 8 or bool(journal.broken), "some letters were sent")
        assert not journal.broken
        os.kill(int((cluster.data_dir / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)
    finally:
        for writer in writers:
            writer.join(PATIENCE)
        stop.set()
    assert len(journal.broken) == len(writers), "both were stopped by the death of the server"
    return journal


def check_trail(*, close: bool) -> tuple[bool, int]:
    """Whether every seal holds, and how many lines are sealed; with ``close`` everything written is sealed first."""
    with logged_in_as(pgroles.WORKER), system("checking the trail"):
        if close:
            seal()
        with transaction.atomic():
            verdict = verify()
    return verdict.holds, verdict.entries


def test_what_was_confirmed_is_there_after_the_database_was_killed_and_nothing_is_half(
    django_db_blocker: Any, tmp_path: Path
) -> None:
    with django_db_blocker.unblock(), killable_town(tmp_path) as (town, cluster):
        assert check_trail(close=True)[0]
        journal = write_until_killed(town, cluster)
        cluster.start()
        with psycopg.connect(cluster.url(pgroles.OWNER)) as owner:
            kept: dict[UUID, tuple[str, str]] = dict(
                owner.execute(
                    "SELECT r.uid, (l.content->>'purpose', r.state) FROM referrals_referral r"
                    " JOIN referrals_referralletter l ON l.referral_id = r.id"
                ).fetchall()
            )
            for what, query in HALF.items():
                assert owner.execute(query.encode()).fetchall() == [], what
        assert journal.saves >= 24
        assert journal.purposes.keys() <= kept.keys()
        assert {uid for uid, (_purpose, state) in kept.items() if state == "sent"} >= journal.sent
        # A save may have been kept although the answer no longer came; never an older text than the confirmed one.
        assert all(kept[uid][0] >= purpose for uid, purpose in journal.purposes.items())
        holds, entries = check_trail(close=True)
        assert holds
        assert entries >= journal.saves + len(journal.sent)
        sato = town.cast.actor("sato")
        with acting(sato), transaction.atomic():
            assert all(queries.one(sato, uid).state == "sent" for uid in journal.sent)
