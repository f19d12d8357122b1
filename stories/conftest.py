"""Stories run in a real browser against a real server: Debian's chromium, granian, a worker, a database cloned from the
demo template, and a clock of their own. Everything listens on loopback and is ended by its own process id."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from psycopg import sql
from psycopg.types.json import Jsonb
from pytest_socket import enable_socket

from renkei.config.postgres import Cluster
from renkei.kernel import clock
from stories.steps import SHOTS, Desk
from testing.database import DEMO_TEMPLATE, clone, ensure_demo_template

GRANIAN = [sys.executable, "-m", "granian", "--interface", "wsgi", "renkei.config.wsgi:application"]
GRANIAN += ["--host", "127.0.0.1", "--workers", "1", "--blocking-threads", "4"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """Stories talk to their own server on 127.0.0.1; the browser's flags keep it from talking to anyone else."""


def pytest_configure(config: pytest.Config) -> None:
    """Playwright's own loop leaves sockets to the garbage collector at the very end."""
    config.addinivalue_line("filterwarnings", "ignore::ResourceWarning")
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """A running site: its address and its data folder."""

    url: str
    data: Path
    database: str

    def run_job(self, name: str) -> None:
        """Put a periodic job into the queue now, as if its hour had come; the site's own worker runs it."""
        with psycopg.connect(
            os.environ["DATABASE_OWNER_URL"], dbname=self.database, autocommit=True
        ) as owner:
            owner.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('periodic', %s, %s)",
                [name, Jsonb({"timestamp": 0})],
            )
            owner.execute('NOTIFY procrastinate_any_queue_v1, \'{"type": "job_inserted"}\'')

    def count(self, table: str) -> int:
        """How many rows a table of the site holds, past every wall."""
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname=self.database) as owner:
            found = owner.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        return int(found[0]) if found else 0

    def set_clock(self, *wall: int) -> None:
        """Move the site's clock: year, month, day, hour, minute in Japan; every process follows within a second."""
        offset = clock.jst(*wall) - datetime.now(UTC)
        (self.data / "clock.json").write_text(json.dumps({"offset_seconds": offset.total_seconds()}))
        time.sleep(0.7)


@pytest.fixture(scope="session")
def demo_template(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    """The demo region, loaded once before any browser starts (its event loop keeps Django away from the database)."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        ensure_demo_template()


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, demo_template: None) -> Iterator[Site]:
    """One server, worker and database for a story file."""
    enable_socket()
    name = "story_" + request.module.__name__.rsplit(".", 1)[-1].removeprefix("test_")[:40]
    clone(name, DEMO_TEMPLATE)
    folder = Path(os.environ["RENKEI_TEST_FOLDER"]) / name
    folder.mkdir(exist_ok=True)
    port = _free_port()
    site = Site(f"http://localhost:{port}", folder, name)
    site.set_clock(2026, 6, 1, 8, 30)
    web, worker = _start(name, folder, port)
    try:
        _wait(site.url + "/healthz", web)
        yield site
    finally:
        for process in (web, worker):
            process.terminate()
        for process in (web, worker):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        SHOTS.mkdir(exist_ok=True)
        shutil.copy(folder / "server.log", SHOTS / f"{name}.log")
        shutil.rmtree(folder, ignore_errors=True)


def _start(name: str, folder: Path, port: int) -> tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]:
    cluster = Cluster(Path(os.environ["RENKEI_TEST_FOLDER"]) / "postgres", durable=False)
    base = {
        **{k: v for k, v in os.environ.items() if not k.startswith("DATABASE")},
        "RENKEI_DATA": str(folder),
        "RENKEI_DEMO": "1",
        "RENKEI_LOG": "ERROR",
        "RENKEI_TEST": "1",
        "DJANGO_SETTINGS_MODULE": "renkei.config.settings",
    }
    log = (folder / "server.log").open("wb")
    web = subprocess.Popen(
        [*GRANIAN, "--port", str(port)],
        env={**base, "DATABASE_URL": cluster.url("renkei_app", name)},
        stdout=log,
        stderr=log,
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "django", "procrastinate", "worker"],
        env={**base, "DATABASE_URL": cluster.url("renkei_worker", name)},
        stdout=log,
        stderr=log,
    )
    return web, worker


def _wait(url: str, web: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if web.poll() is not None:
            raise RuntimeError("the web server ended at once")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("the web server did not answer")


@pytest.fixture(scope="session")
def playwright(demo_template: None) -> Iterator[Playwright]:
    """Playwright without any browser of its own."""
    enable_socket()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's chromium."""
    path = os.environ.get("RENKEI_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        pytest.fail(f"No chromium at {path}: apt install chromium, or set RENKEI_CHROMIUM.")
    browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def people(site: Site, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Everybody of the region at their own browser: ``people.at("sato.h1")`` is a logged-in page."""
    desk = Desk(site.url, chromium, request.node.name)
    yield desk
    desk.close(failed=getattr(request.node, "failed", False))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember a failure, so that the pages are photographed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
