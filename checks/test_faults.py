"""Killed in the middle: web, worker and database in each main flow. Nothing is lost, half or doubled."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction

from checks.faults import LETTER, PATIENCE, Town, kill_server, killable_town, logged_in_as, wait_until
from checks.flows import FLOWS
from checks.killing import COMMIT, WRITTEN, Counts, Found, Killing, Outcome, Receiver
from checks.stage import subscribe
from renkei.audit.chain import seal, verify
from renkei.config import pgroles
from renkei.config.postgres import Cluster
from renkei.gate.context import acting, system
from renkei.jobs import jobs
from renkei.referrals import actions, queries

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
NEEDS_WORKER = [name for name, flow in FLOWS.items() if not flow.no_worker]


@pytest.fixture(scope="module")
def killable(
    django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Town, Cluster]]:
    """One town on a server of its own for every killing of this file."""
    with django_db_blocker.unblock(), killable_town(tmp_path_factory.mktemp("killable")) as made:
        yield made


# any moment, many writers


@dataclass
class Journal:
    """What the writers were told is saved: letter → the last purpose, and letters that were sent."""

    purposes: dict[UUID, str] = field(default_factory=dict)
    sent: set[UUID] = field(default_factory=set)
    saves: int = 0
    broken: list[Exception] = field(default_factory=list)


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
        kill_server(cluster)
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
    killable: tuple[Town, Cluster],
) -> None:
    town, cluster = killable
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


# the worst moment of each main flow


@dataclass
class Story:
    """Every killing of every flow, one after the other, in one town; the tests below read what was found."""

    unheard: Found
    answer_lost: Found
    database: Found
    worker_before: Counts
    worker_killed: dict[str, Counts]
    told: dict[str, Counts]
    deliveries: list[tuple[Any, ...]]
    heard: Counter[str]
    failures: list[tuple[Any, ...]]
    stray_jobs: list[tuple[Any, ...]]
    trail_holds: bool


@pytest.fixture(scope="module")
def story(killable: tuple[Town, Cluster]) -> Iterator[Story]:
    killing = Killing(*killable, Receiver())
    try:
        yield tell(killing)
    finally:
        killing.close()


def tell(killing: Killing) -> Story:
    """Web, worker, database with the worker, worker again; what is killed is started again, nothing else."""
    town = killing.town
    killing.make_ready("unheard", "answer lost", "database")
    killing.web.start()
    subscribe(town, f"http://{killing.receiver.host}/")
    unheard, lost = killing.kill_web("unheard", "answer lost")
    before = killing.told("answer lost")
    killing.kill_worker(WRITTEN)
    killed = {"before its COMMIT": killing.told("answer lost")}
    database = killing.kill_database("database")
    killed["with the database"] = killing.told("answer lost")
    killing.kill_worker(COMMIT)
    killed["after its COMMIT"] = killing.told("answer lost")
    killing.finish()
    return Story(
        unheard,
        lost,
        database,
        before,
        killed,
        {which: killing.told(which) for which in ("answer lost", "database")},
        town.ask(
            "SELECT f.name, d.event_id, d.state FROM webhooks_delivery d JOIN directory_facility f ON f.id = d.facility_id"
        ),
        killing.receiver.told,
        town.ask("SELECT DISTINCT error FROM jobs_jobfailure"),
        town.ask(STRAY),
        check_trail(close=True)[0],
    )


STRAY = """SELECT j.id FROM procrastinate_jobs j WHERE j.args ? 'event_uid'
 AND NOT EXISTS (SELECT FROM events_outboxevent e WHERE e.uid::text = j.args->>'event_uid')"""


def none_of(facts: dict[str, int]) -> bool:
    return set(facts.values()) == {0}


def once(facts: dict[str, int]) -> bool:
    return set(facts.values()) == {1}


def status(outcome: Outcome) -> int:
    """0 for no answer at all."""
    return outcome[0] if isinstance(outcome, tuple) else 0


@pytest.mark.parametrize("flow", FLOWS)
def test_a_press_whose_web_process_is_killed_while_it_writes_leaves_nothing_and_works_once_afterwards(
    story: Story, flow: str
) -> None:
    found = story.unheard
    assert status(found.answers[flow]) == 0
    assert none_of(found.before[flow]), found.before[flow]
    assert none_of(found.killed[flow]), found.killed[flow]
    assert status(found.again[flow]) == FLOWS[flow].answers
    assert once(found.repeated[flow]), found.repeated[flow]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_press_whose_web_process_is_killed_at_its_commit_is_kept_whole_and_the_next_one_doubles_nothing(
    story: Story, flow: str
) -> None:
    found = story.answer_lost
    assert status(found.answers[flow]) == 0
    assert none_of(found.before[flow]), found.before[flow]
    assert once(found.killed[flow]), found.killed[flow]
    assert status(found.again[flow]) == FLOWS[flow].once_more
    assert once(found.repeated[flow]), found.repeated[flow]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_press_whose_database_is_killed_at_its_commit_is_told_leaves_nothing_and_works_once_afterwards(
    story: Story, flow: str
) -> None:
    found = story.database
    assert status(found.answers[flow]) == 503
    assert none_of(found.before[flow]), found.before[flow]
    assert none_of(found.killed[flow]), found.killed[flow]
    assert status(found.again[flow]) == FLOWS[flow].answers
    assert once(found.repeated[flow]), found.repeated[flow]


@pytest.mark.parametrize("flow", NEEDS_WORKER)
def test_what_a_killed_worker_was_at_is_done_once(story: Story, flow: str) -> None:
    assert none_of(story.worker_before[flow]), story.worker_before[flow]
    for moment in ("before its COMMIT", "with the database"):
        assert none_of(story.worker_killed[moment][flow]), moment
    assert once(story.worker_killed["after its COMMIT"][flow])
    for told in story.told.values():
        assert once(told[flow]), told[flow]


def test_no_table_of_peoples_work_changes_when_the_database_dies_at_every_commit(story: Story) -> None:
    assert story.database.changed == []


def test_every_killing_leaves_as_many_rows_in_each_table_as_any_other(story: Story) -> None:
    assert story.unheard.grown == story.answer_lost.grown == story.database.grown
    # A second upload of the same visits stands in the list of files; its rows are known by then and count once.
    assert story.answer_lost.doubled == Counter({"indicators_eventimport": 1})


def test_each_house_hears_of_each_event_once_and_every_killed_job_says_why(story: Story) -> None:
    assert {state for _house, _event, state in story.deliveries} == {"done"}
    assert len(story.heard) == len(story.deliveries)
    assert set(story.heard.values()) == {1}
    assert story.failures == [(jobs.REASON,)]


def test_no_job_stays_behind_without_its_event(story: Story) -> None:
    """A worker that is killed while it files a paper takes the news of it, and the job of the news, back with it."""
    assert story.stray_jobs == []


def test_the_trail_holds_after_every_killing(story: Story) -> None:
    assert story.trail_holds


def test_a_flow_without_a_worker_says_why_and_leaves_no_job_behind() -> None:
    assert all(bool(flow.told) != bool(flow.no_worker) for flow in FLOWS.values())


def test_a_job_that_takes_its_worker_down_each_time_ends_on_the_page_of_failed_jobs(
    killable: tuple[Town, Cluster],
) -> None:
    town, cluster = killable
    with psycopg.connect(cluster.url(pgroles.OWNER), autocommit=True) as owner:
        row = owner.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status, attempts)"
            " VALUES ('default', 'proof.deadly', 'doing', %s) RETURNING id",
            [jobs.MOST_ATTEMPTS - 1],
        ).fetchone()
    assert row is not None
    with logged_in_as(pgroles.WORKER):
        jobs.take_up_abandoned(timestamp=0)
    ask = "SELECT status::text FROM procrastinate_jobs WHERE id = %s"
    assert town.ask(ask, row[0]) == [("failed",)]
    assert town.ask("SELECT attempt FROM jobs_jobfailure WHERE job_number = %s", row[0]) == [
        (jobs.MOST_ATTEMPTS,)
    ]


def test_a_killed_job_of_the_clock_whose_next_turn_waits_does_not_hold_up_the_others(
    killable: tuple[Town, Cluster],
) -> None:
    town, cluster = killable
    made = (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, status, queueing_lock)"
        " VALUES ('periodic', 'proof.clock', %s, %s) RETURNING id"
    )
    with psycopg.connect(cluster.url(pgroles.OWNER), autocommit=True) as owner:
        rows = [
            owner.execute(made, given).fetchone()
            for given in (("doing", "proof.clock"), ("todo", "proof.clock"), ("doing", None))
        ]
    with logged_in_as(pgroles.WORKER):
        jobs.take_up_abandoned(timestamp=0)
    numbers = [row[0] for row in rows if row]
    ask = "SELECT status::text FROM procrastinate_jobs WHERE id = ANY(%s) ORDER BY id"
    assert town.ask(ask, numbers) == [("aborted",), ("todo",), ("todo",)]
