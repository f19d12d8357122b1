"""The web process is killed while somebody waits for its answer, and the clock of the machine jumps."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from psycopg.conninfo import make_conninfo

from checks.faults import PATIENCE, Town, committed_town, logged_in_as, version_on, wait_until, waiting
from checks.world import login
from renkei.audit.chain import seal, verify
from renkei.config import launch, pgroles
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.referrals import actions, queries
from renkei.referrals.models import Referral
from testing.fixtures import StaffClient

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def town(django_db_blocker: Any, worker_id: str) -> Iterator[Town]:
    with django_db_blocker.unblock(), committed_town(f"renkei_{worker_id}_outages_web") as made:
        yield made


@dataclass
class Web:
    """The product's web processes on a port of their own, and the cookies of somebody who is logged in there."""

    port: int
    process: subprocess.Popen[bytes]
    cookies: dict[str, str]

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and page; a form is posted with its token."""
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            form = {**form, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        try:
            wire.request("GET" if form is None else "POST", path, urlencode(form or {}), headers)
            answer = wire.getresponse()
            return answer.status, answer.read().decode()
        finally:
            wire.close()

    def kill(self) -> None:
        """SIGKILL to the process that was started here and to all of its own."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _cookies_of(town: Town, login_id: str) -> dict[str, str]:
    with logged_in_as(pgroles.OWNER):
        client = StaffClient().log_in(town.cast.actor(login_id))
        client.get("/accounts/me/")
    return {
        settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
        "csrftoken": client.cookies["csrftoken"].value,
    }


@contextmanager
def web(town: Town, login_id: str) -> Iterator[Web]:
    """Running web processes with ``login_id`` logged in."""
    port = _free_port()
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], user=pgroles.APP, dbname=town.database)
    env = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    process = subprocess.Popen(
        launch.web_command("127.0.0.1", port, workers=1, threads=2),
        env=env | {"DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = Web(port, process, _cookies_of(town, login_id))
    try:
        wait_until(lambda: _answers(running), "the web processes answer")
        yield running
    finally:
        running.kill()


def _answers(running: Web) -> bool:
    try:
        return running.ask("/healthz")[0] == 200
    except OSError:
        time.sleep(0.1)
        return False


def _state(town: Town, referral: Referral) -> str:
    return str(town.ask("SELECT state FROM referrals_referral WHERE id = %s", referral.pk)[0][0])


def test_a_web_process_killed_while_it_saves_keeps_nothing_and_the_next_one_goes_on(town: Town) -> None:
    referral = town.sent()
    show = reverse("referrals:show", args=[referral.uid])
    press = reverse("referrals:make", args=[referral.uid, "receive"])
    with web(town, "sato") as running, ThreadPoolExecutor(1) as pool:
        form = {"version": version_on(running.ask(show)[1])}
        with login(pgroles.OWNER, town.database) as watcher, login(pgroles.OWNER, town.database) as holder:
            with holder.transaction():
                # The press has written its line and waits at the last table it needs.
                holder.execute("LOCK TABLE referrals_referralmove IN SHARE MODE")
                answer = pool.submit(running.ask, press, form)
                wait_until(lambda: waiting(watcher, town.database) > 0, "the press is under way")
                running.kill()
            with pytest.raises((OSError, http.client.HTTPException)):
                answer.result(PATIENCE)
            wait_until(lambda: not waiting(watcher, town.database), "its transaction is over")
    assert _state(town, referral) == "sent"
    assert not town.ask(
        "SELECT 1 FROM referrals_referralmove WHERE referral_id = %s AND name = 'receive'", referral.pk
    )
    with web(town, "sato") as running:
        assert running.ask(press, form)[0] == 302
    assert _state(town, referral) == "received"


def _receive(town: Town, referral: Referral) -> None:
    sato, seen = town.seen("sato", referral)
    with acting(sato):
        actions.receive(sato, seen)


def test_a_clock_that_jumps_ahead_and_back_loses_nothing_and_breaks_no_seal(town: Town) -> None:
    """A letter sent by a machine whose clock is a day ahead: it is on the desk when the day has come, and the trail holds."""
    now, sato = clock.now(), town.cast.actor("sato")
    with clock.frozen(now + timedelta(days=1)):
        early = town.sent()
    with clock.frozen(now), acting(sato), transaction.atomic(), pytest.raises(NotFound):
        queries.one(sato, early.uid)
    with clock.frozen(now):
        second = town.sent()
        _receive(town, second)
    with clock.frozen(now + timedelta(days=1, minutes=1)):
        _receive(town, early)
    assert (_state(town, early), _state(town, second)) == ("received", "received")
    with logged_in_as(pgroles.WORKER), system("checking the trail"):
        seal()
        with transaction.atomic():
            assert verify().holds
