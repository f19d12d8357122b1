"""Tests run on an embedded PostgreSQL of their own, as the role of the web processes that owns nothing.

One cluster for a run; one template database, migrated and peopled with the cast once; every worker gets a clone.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from renkei.config.postgres import Cluster

# A run that is killed cannot end its database; this waits for the run and ends what it left, by its own process id.
WATCH = """while kill -0 "$1" 2>/dev/null; do sleep 2; done
[ -f "$2/postmaster.pid" ] && kill -INT "$(head -n 1 "$2/postmaster.pid")" 2>/dev/null && sleep 3
rm -rf "$3" """


def _start_cluster() -> None:
    """Only the process that starts the run supervises the database; workers inherit the environment."""
    folder = tempfile.mkdtemp(prefix="renkei-test-")
    (Path(folder) / "static").mkdir()
    cluster = Cluster(Path(folder) / "postgres", durable=False)
    cluster.start()

    def end() -> None:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    command = ["sh", "-c", WATCH, "sh", str(os.getpid()), str(cluster.data_dir), folder]
    quiet = subprocess.DEVNULL
    watcher = subprocess.Popen(command, start_new_session=True, stdin=quiet, stdout=quiet, stderr=quiet)
    watcher.returncode = 0  # it outlives this process on purpose: nobody waits for it
    os.environ["RENKEI_TEST"] = os.environ["RENKEI_COMPARE_COMPILED"] = "1"
    os.environ["RENKEI_DATA"] = folder
    os.environ["RENKEI_TEST_FOLDER"] = folder
    os.environ["DATABASE_OWNER_URL"] = cluster.url("renkei_owner")
    # The tests log in as the owner and put on the role of the web at once (testing/database.py), so that they can
    # change into the worker's role to arrange rows inside the same transaction.
    os.environ["DATABASE_URL"] = cluster.url("renkei_owner")


if "RENKEI_TEST_FOLDER" not in os.environ:
    _start_cluster()
os.environ["DJANGO_SETTINGS_MODULE"] = "renkei.config.settings"
django.setup()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest, worker_id: str) -> Iterator[None]:
    """A clone of the migrated and peopled template for this worker."""
    from testing.database import cloned_database

    with django_db_blocker.unblock(), cloned_database(f"renkei_{worker_id}"):  # type: ignore[attr-defined]
        yield


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """``master`` without xdist."""
    workerinput = getattr(request.config, "workerinput", None)
    return str(workerinput["workerid"]) if workerinput else "master"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every database test has both connections: the request's and the trail's."""
    for item in items:
        if item.get_closest_marker("django_db") or "cast" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db(databases=["default", "trail"]), append=False)


pytest_plugins = ["testing.fixtures", "testing.scheduling"]
