"""Every main flow pressed, stopped at its worst moment, killed there, started again: what was found at each stop.

A trigger stops a transaction in one of two places while somebody holds its lock: ``WRITTEN``, when the last row of the
work is written and the program waits for that answer, so that it cannot have said COMMIT yet; and ``COMMIT``, when it has
said so and nothing is durable yet. The trail is no place for the first: its lines go with COMMIT in one message (ADR
0014), and a server that has COMMIT already carries it out although the program is dead.
"""

from __future__ import annotations

import http.client
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections, transaction

from checks.faults import PATIENCE, Town, kill_server, logged_in_as, wait_until
from checks.flows import FLOWS, IN_WORKER, LAST_IN_WORKER, Facts, Write
from checks.presses import take_in_first
from checks.processes import Web, end, start_worker
from checks.stage import Stage, Subject, set_stage
from checks.world import fingerprint
from renkei.config import pgroles
from renkei.config.postgres import Cluster
from renkei.events.bus import deliver_pending
from testing.fixtures import StaffClient

SPACE = 7_203
WRITTEN, COMMIT = 1, 2
LOOK = 0.1
"""Seconds between two looks: a wait shall not cost what it waits for."""
AT_ONCE = 32
"""More jobs at a time than there are: each of them stands in its middle when the worker is killed."""
OPEN = """SELECT count(DISTINCT coalesce(i.sha256, j.id::text))
 FROM procrastinate_jobs j LEFT JOIN indicators_eventimport i ON i.uid::text = j.args->>'import_uid'
 WHERE j.status IN ('todo', 'doing') AND j.queue_name IN ('events', 'scans', 'mail', 'default')"""
"""Two uploads of one file wait for each other: only one of them can stand in its middle."""
LEFT = (
    "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND queue_name <> 'periodic'"
)
Prints = dict[str, tuple[int, object]]
Outcome = tuple[int, str] | Exception
MACHINERY = "^(django_session|procrastinate_.*|audit_audit.*|clients_clientuse|jobs_jobfailure)$"
"""Tables of the machinery: log-ins, queue, counts of calls; and the trail, which also tells of reading and refusing."""
Counts = dict[str, dict[str, int]]
"""Flow → fact → how many."""


class Receiver:
    """A house's own system on loopback: says yes, and counts the numbers of what it was told."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        told = self.told

        class Hears(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                told[f"{self.path} {self.headers['webhook-id']}"] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *values: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hears)
        self.host = f"127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No more."""
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Found:
    """What one killing left: before the press, right after the kill, after the repeat; and what the presses were answered."""

    before: Counts
    killed: Counts = field(default_factory=dict)
    repeated: Counts = field(default_factory=dict)
    answers: dict[str, Outcome] = field(default_factory=dict)
    again: dict[str, Outcome] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    """Tables that were not as before the press, when the process was dead."""
    grown: Counter[str] = field(default_factory=Counter)
    """Table → how many rows came of the press that was kept."""
    doubled: Counter[str] = field(default_factory=Counter)
    """Table → how many rows came of a press after one that had been kept."""


def growth(before: Prints, after: Prints) -> Counter[str]:
    """Table → how many more rows."""
    return Counter({t: n for t, (count, _hash) in after.items() if (n := count - before[t][0])})


class Killing:
    """One cluster, one web, one worker at a time; three subjects of each flow."""

    def __init__(self, town: Town, cluster: Cluster, receiver: Receiver) -> None:
        self.town, self.cluster, self.receiver = town, cluster, receiver
        self.stage: Stage = set_stage(town)
        self.web = Web(town.database, threads=2 * len(FLOWS) + 2)
        self.worker: subprocess.Popen[bytes] | None = None
        self.cookies: dict[str, dict[str, str]] = {"": {}}
        self.subjects: dict[str, dict[str, Subject]] = {}
        self.watcher = self._login()
        self.traps = 0
        self._set_traps()

    def _login(self) -> psycopg.Connection[tuple[Any, ...]]:
        url = self.cluster.url("postgres", self.town.database)
        bounded = f"-c statement_timeout={PATIENCE:.0f}s"
        return psycopg.connect(url, autocommit=True, options=bounded)

    def _set_traps(self) -> None:
        self.watcher.execute(
            "CREATE FUNCTION stop_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_lock_shared({SPACE}, TG_ARGV[0]::int);"
            f" PERFORM pg_advisory_unlock_shared({SPACE}, TG_ARGV[0]::int); RETURN NEW; END $$"
        )
        stops = ", ".join(f"'{action}'" for action in (*(f.stops_at for f in FLOWS.values()), *IN_WORKER))
        ends = {
            Write("INSERT", "audit_auditentry", f"NEW.outcome = 'done' AND NEW.action IN ({stops})"),
            Write("UPDATE", "events_outboxevent", "NEW.delivered_at IS NOT NULL"),
            Write("UPDATE", "notices_outgoingmail", "NEW.paper_uid IS NOT NULL"),
        }
        for write in {*(f.last for f in FLOWS.values()), *LAST_IN_WORKER}:
            self._set_trap(WRITTEN, write)
        for write in ends:
            self._set_trap(COMMIT, write, "DEFERRABLE INITIALLY DEFERRED")

    def _set_trap(self, moment: int, write: Write, when: str = "") -> None:
        """At ``write``, or with it at the end of its transaction."""
        self.traps += 1
        self.watcher.execute(
            f"CREATE {'CONSTRAINT ' if when else ''}TRIGGER stop_{self.traps} AFTER {write.deed} ON {write.table}"
            f" {when} FOR EACH ROW WHEN ({write.when}) EXECUTE FUNCTION stop_here('{moment}')".encode()
        )

    # looking

    def counts(self, which: str, facts: Callable[[str], Facts]) -> Counts:
        """Every fact of every flow about the subjects of one killing."""
        return {
            flow: {fact: self._number(query, subject.keys) for fact, query in facts(flow).items()}
            for flow, subject in self.subjects[which].items()
        }

    def saved(self, which: str) -> Counts:
        """What the presses made."""
        return self.counts(which, lambda flow: FLOWS[flow].saved)

    def told(self, which: str) -> Counts:
        """What the worker made of it."""
        return self.counts(which, lambda flow: FLOWS[flow].told)

    def _number(self, query: str, keys: Mapping[str, Any]) -> int:
        row = self.watcher.execute(query.encode(), keys).fetchone()
        assert row is not None
        return int(row[0])

    def prints(self) -> Prints:
        """Number and content of the rows of every table that people's work lies in."""
        tables = self.watcher.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ %s ORDER BY 1",
            [MACHINERY],
        )
        found: Any = fingerprint(self.town.database, [str(name) for (name,) in tables.fetchall()])
        return dict(found)

    def stopped(self) -> int:
        """How many transactions stand in a trap."""
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %(space)s AND NOT granted"
        return self._number(query, {"space": SPACE})

    def quiet(self) -> None:
        """Wait until the database has noticed who is dead, and ended what they left."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('renkei_app', 'renkei_worker') AND state <> 'idle'"
        wait_until(lambda: not self._number(query, {}), "the sessions of the dead are over", pause=LOOK)

    # doing

    def make_ready(self, *killings: str) -> None:
        """A subject of each flow for each killing; what the preparing told is delivered."""
        take_in_first(self.stage)
        for which in killings:
            self.subjects[which] = {name: flow.prepare(self.stage) for name, flow in FLOWS.items()}
        self.tell_all()
        with logged_in_as(pgroles.OWNER):
            for who in {s.press.who for made in self.subjects.values() for s in made.values()} - {""}:
                self.cookies[who] = self._cookies_of(who)

    def tell_all(self) -> None:
        """What was told so far is delivered here; the worker begins with an empty queue."""
        with logged_in_as(pgroles.WORKER), transaction.atomic():
            deliver_pending()
        self.watcher.execute("DELETE FROM procrastinate_jobs")

    def _cookies_of(self, who: str) -> dict[str, str]:
        client = StaffClient().log_in(self.town.cast.actor(who))
        client.get("/accounts/me/")
        return {name: client.cookies[name].value for name in (settings.SESSION_COOKIE_NAME, "csrftoken")}

    @contextmanager
    def trap(self, moment: int) -> Iterator[None]:
        """Transactions stop at ``moment`` inside the block, and go on afterwards if they still can."""
        holder = self._login()
        holder.execute("SELECT pg_advisory_lock(%s, %s)", [SPACE, moment])
        try:
            yield
            with suppress(psycopg.OperationalError):  # the server itself may be dead by now
                holder.execute("SELECT pg_advisory_unlock_all()")
        finally:
            holder.close()

    def send(self, subject: Subject) -> Outcome:
        """One press, and what came back."""
        try:
            return self.web.send(subject.press, self.cookies[subject.press.who])
        except (OSError, http.client.HTTPException) as error:
            return error

    @contextmanager
    def all_stopped(self, which: str) -> Iterator[dict[str, Outcome]]:
        """Every flow's press stands in a trap inside the block, beside what stands there already; then come the answers."""
        answers, beside = dict[str, Outcome](), self.stopped()
        with ThreadPoolExecutor(len(FLOWS)) as pool:
            sent = {name: pool.submit(self.send, s) for name, s in self.subjects[which].items()}
            wait_until(
                lambda: self.stopped() == len(FLOWS) + beside or any(f.done() for f in sent.values()),
                "every press is in its middle",
                pause=LOOK,
            )
            early = {name: future.result() for name, future in sent.items() if future.done()}
            assert not early, early
            yield answers
            answers.update({name: future.result(PATIENCE) for name, future in sent.items()})

    def repeat(self, which: str, found: Found) -> Counter[str]:
        """Everybody presses once more; returns how many more rows each table has then."""
        prints = self.prints()
        found.again = {name: self.send(subject) for name, subject in self.subjects[which].items()}
        found.repeated = self.saved(which)
        return growth(prints, self.prints())

    def kill_web(self, unheard: str, lost: str) -> tuple[Found, Found]:
        """kill -9 of the web processes with two presses of every flow under way; then each press once more.

        One is still writing (``unheard``), the other waits for the end of its COMMIT (``lost``).
        """
        writing, ending, prints = Found(self.saved(unheard)), Found(self.saved(lost)), self.prints()
        with ExitStack() as stack:
            stack.enter_context(self.trap(COMMIT))
            ending.answers = stack.enter_context(self.all_stopped(lost))
            stack.enter_context(self.trap(WRITTEN))
            writing.answers = stack.enter_context(self.all_stopped(unheard))
            self.web.kill()
        self.quiet()
        writing.killed, ending.killed = self.saved(unheard), self.saved(lost)
        ending.grown = growth(prints, self.prints())
        self.web.start()
        known = self._number("SELECT max(id) FROM procrastinate_jobs", {})
        writing.grown = self.repeat(unheard, writing)
        # The worker shall have one job of each flow, not two.
        self.watcher.execute("DELETE FROM procrastinate_jobs WHERE id > %s", [known])
        ending.doubled = self.repeat(lost, ending)
        return writing, ending

    def kill_worker(self, moment: int) -> None:
        """kill -9 of the worker while every job that it can do stands at ``moment``."""
        with self.working(moment):
            assert self.worker is not None
            assert end(self.worker, signal.SIGKILL) == -signal.SIGKILL
        self.quiet()

    @contextmanager
    def working(self, moment: int) -> Iterator[None]:
        """A worker of which all open jobs stand at ``moment`` inside the block."""
        self.let_minutes_pass()
        jobs = self._number(OPEN, {})
        with self.trap(moment):
            self.start_worker()
            wait_until(lambda: self.stopped() == jobs, "every job is in its middle", pause=LOOK)
            yield

    def start_worker(self) -> None:
        """With room for every job at once."""
        hosts = {"RENKEI_INTERNAL_HOSTS": self.receiver.host}
        self.worker = start_worker(self.town.database, at_once=AT_ONCE, **hosts)

    def let_minutes_pass(self) -> None:
        """The killed worker has been silent for five minutes, and the jobs of the clock are due again."""
        for statement in (
            "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '5 minutes'",
            "UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - interval '5 minutes' WHERE status = 'todo'",
            "DELETE FROM procrastinate_periodic_defers",
        ):
            self.watcher.execute(statement.encode())

    def kill_database(self, which: str) -> Found:
        """kill -9 of the server while every press and every job of the worker waits for its COMMIT."""
        found, prints = Found(self.saved(which)), self.prints()
        with self.working(COMMIT), self.all_stopped(which) as found.answers:
            kill_server(self.cluster)
        self.watcher.close()
        connections.close_all()
        self.cluster.start()
        self.watcher = self._login()
        found.killed, now = self.saved(which), self.prints()
        found.changed = [table for table in now if now[table] != prints[table]]
        assert self.worker is not None
        end(self.worker, signal.SIGKILL)
        found.grown = self.repeat(which, found)
        return found

    def finish(self) -> None:
        """A worker that nobody kills empties the queue."""
        self.let_minutes_pass()
        self.start_worker()
        assert self.worker is not None
        wait_until(lambda: not self._number(LEFT, {}), "the last worker empties the queue", pause=LOOK)
        assert end(self.worker) in (0, -signal.SIGTERM)

    def close(self) -> None:
        """Nothing that was started here goes on."""
        self.web.kill()
        if self.worker is not None:
            end(self.worker, signal.SIGKILL)
        self.watcher.close()
        self.receiver.close()
