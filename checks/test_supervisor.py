"""The database dies under a running Renkei: the worker ends with it, and comes back by itself when the database is back.

Who starts the database again: of an embedded one, the Renkei that supervises it; of the user's own server, its operator.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from checks.faults import PATIENCE, Town, kill_server, killable_town, wait_until
from renkei.config import pgroles
from renkei.config.children import MOST_FAILURES, Child, Children
from renkei.config.console import Trouble
from renkei.config.postgres import Cluster

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
WAITS = "it starts again when the database answers"
DONE = "SELECT 1 FROM procrastinate_jobs WHERE id = %s AND status = 'succeeded'"


@pytest.fixture(scope="module")
def killable(
    django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Town, Cluster, Path]]:
    """A migrated town on a server of its own, in a data folder as ``renkei`` knows it."""
    folder = tmp_path_factory.mktemp("supervised")
    with django_db_blocker.unblock(), killable_town(folder) as (town, cluster):
        yield town, cluster, folder


class Worker:
    """``renkei worker``: the supervisor with the real job process under it, and what it says."""

    def __init__(self, folder: Path, **environment: str) -> None:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "LANG", "LC_"))}
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "renkei.config.cli", "worker"],
            env=plain | {"RENKEI_DATA": str(folder)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            self.said.extend(pipe)

    def says(self, words: str) -> bool:
        """Whether it said so by now; AssertionError with all it said when it ended."""
        assert self.process.poll() is None, "".join(self.said)
        return any(words in line for line in list(self.said))

    def kill_job_process(self) -> None:
        """SIGKILL to the one process under the supervisor; by itself it ends half a minute after the database went."""
        me = self.process.pid
        (child,) = Path(f"/proc/{me}/task/{me}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)

    def end(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.listener.join(PATIENCE)


@contextmanager
def worker(folder: Path, **environment: str) -> Iterator[Worker]:
    """Ended after the test, however it went."""
    running = Worker(folder, **environment)
    try:
        yield running
    finally:
        running.end()


def put_a_job(cluster: Cluster) -> int:
    """Something for the worker to do, as the clock would put it there."""
    with psycopg.connect(cluster.url(pgroles.OWNER), autocommit=True) as owner:
        row = owner.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
            " VALUES ('periodic', 'renkei.gate.jobs.seal_trail', '{\"timestamp\": 0}') RETURNING id"
        ).fetchone()
        owner.execute('NOTIFY procrastinate_any_queue_v1, \'{"type": "job_inserted"}\'')
    assert row is not None
    return int(row[0])


def is_done(cluster: Cluster, job: int) -> bool:
    """Whether a worker did it; no answer of the database is a no."""
    with suppress(psycopg.OperationalError), psycopg.connect(cluster.url(pgroles.OWNER)) as owner:
        return owner.execute(DONE, [job]).fetchone() is not None
    return False


def works(cluster: Cluster) -> None:
    """A job that is put there now gets done."""
    job = put_a_job(cluster)
    wait_until(lambda: is_done(cluster, job), "the worker does a job", pause=0.1)


def test_the_worker_waits_for_the_users_own_server_and_works_when_its_operator_brought_it_back(
    killable: tuple[Town, Cluster, Path],
) -> None:
    _town, cluster, folder = killable
    urls = {
        "DATABASE_URL": cluster.url(pgroles.APP),
        "DATABASE_OWNER_URL": cluster.url(pgroles.OWNER),
        "DATABASE_WORKER_URL": cluster.url(pgroles.WORKER),
    }
    with worker(folder / "elsewhere", **urls) as running:
        works(cluster)
        kill_server(cluster)
        running.kill_job_process()
        wait_until(lambda: running.says(WAITS), "the supervisor tells that it waits", pause=0.1)
        assert not cluster.alive(), "nobody but its operator starts it"
        cluster.start()
        works(cluster)
        assert running.end() == 0


def test_the_supervisor_of_the_embedded_database_brings_back_both(
    killable: tuple[Town, Cluster, Path],
) -> None:
    _town, cluster, folder = killable
    cluster.stop()
    try:
        with worker(folder) as running:
            wait_until(cluster.alive, "the database is up", pause=0.1)
            works(cluster)
            kill_server(cluster)
            wait_until(lambda: running.says("Starting the database again"), "it notices", pause=0.1)
            wait_until(cluster.alive, "the database is back", pause=0.1)
            works(cluster)
            assert running.end() == 0
        assert not cluster.alive(), "what it started it ends"
    finally:
        cluster.start()


def dying(folder: Path, *, may_run: list[bool]) -> Child:
    """A process that ends at once, like the worker without a database; each start leaves a line."""
    note = f"open({str(folder / 'starts')!r}, 'a').write('x')"
    return Child("worker", [sys.executable, "-c", note], dict(os.environ), can_run=lambda: may_run[0])


def test_however_long_the_database_is_away_no_death_is_counted_against_the_worker(tmp_path: Path) -> None:
    may_run = [False]
    children = Children()
    child = children.add(dying(tmp_path, may_run=may_run))
    try:
        for _ in range(3 * MOST_FAILURES):
            wait_until(lambda: _gone(children, child), "it ended", pause=0.01)
            child.again_at = 0
            children.watch()
            assert child.process is None, "no start without a database"
        assert child.failures == 0
        may_run[0] = True
        with pytest.raises(Trouble):
            wait_until(
                lambda: _again(children, child), "a worker that dies with a database is told", pause=0.01
            )
        assert child.failures == MOST_FAILURES
    finally:
        children.end()


def _gone(children: Children, child: Child) -> bool:
    children.watch()
    return child.process is None


def _again(children: Children, child: Child) -> bool:
    child.again_at = 0
    children.watch()
    return False
