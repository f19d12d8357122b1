"""A committed town with real log-ins, people who press in the same instant, and what must be whole afterwards."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.core.management import call_command
from django.db import connections, transaction
from django.db.backends.signals import connection_created

from checks.world import database_of_its_own, login
from renkei.accounts.models import Membership, Person
from renkei.config import pgroles
from renkei.config.postgres import Cluster
from renkei.gate.actor import Actor, current
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.kernel.roles import Role
from renkei.referrals import actions, queries
from renkei.referrals.models import Referral
from renkei.referrals.types import Diagnosis, LetterContent
from testing.cast import Cast, load, people
from testing.database import _wear_app_role, arranging

PATIENCE = 20.0
"""Seconds after which a wait is given up; on an idle machine everything here takes a fraction of it."""
LETTER = LetterContent(
    purpose="HbA1c 9.2%。教育入院を含めご高診をお願いします。", diagnoses=(Diagnosis("2型糖尿病"),)
)
Deed = Callable[[], Any]
COLLEAGUE = "futami"


@dataclass(frozen=True)
class Town:
    """The cast with a second clerk at H1, committed in ``database``; every connection logs in as the web's role."""

    cast: Cast
    database: str

    def draft(self, content: LetterContent = LETTER) -> Referral:
        """A complete draft of the physician of C1 to H1."""
        aoki = self.cast.actor("aoki")
        with acting(aoki):
            made = actions.draft(aoki, self.cast.patient("suzuki"))
            return actions.write(aoki, made, content=content, receiver=self.cast.facility("H1"))

    def sent(self) -> Referral:
        """A letter on the desk of H1, as the sender sees it."""
        aoki, made = self.cast.actor("aoki"), self.draft()
        with acting(aoki), transaction.atomic():
            actions.finalise_and_send(aoki, queries.one(aoki, made.uid))
        return made

    def seen(self, login_id: str, referral: Referral) -> tuple[Actor, Referral]:
        """A person of the cast, and the referral as they have it on their screen now."""
        actor = self.cast.actor(login_id)
        with acting(actor), transaction.atomic():
            return actor, queries.one(actor, referral.uid)

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows as the owner of the tables sees them."""
        with login(pgroles.OWNER, self.database) as owner:
            return owner.execute(query.encode(), values).fetchall()


@contextmanager
def committed_town(name: str) -> Iterator[Town]:
    """A clone of the template with one more clerk, used with real log-ins of the web's role."""
    with database_of_its_own(name):
        with arranging():
            hire_colleague()
            cast = load(current())
        with logged_in_as(pgroles.APP):
            yield Town(cast, name)


@contextmanager
def killable_town(folder: Path) -> Iterator[tuple[Town, Cluster]]:
    """A town on a durable database server of its own, which a test may kill."""
    cluster = Cluster(folder / "postgres", durable=True)
    before = {
        a: (connections[a].settings_dict["NAME"], connections[a].settings_dict["HOST"]) for a in connections
    }
    try:
        cluster.start()
        _lead_to({alias: (pgroles.DATABASE, str(cluster.socket_dir)) for alias in before})
        with mock.patch.dict(os.environ, DATABASE_OWNER_URL=cluster.url(pgroles.OWNER)):
            call_command("migrate", database="owner", verbosity=0)
            with logged_in_as(pgroles.WORKER), system("peopling") as actor, transaction.atomic():
                people()
                cast: Cast = load(actor)
            with logged_in_as(pgroles.APP):
                yield Town(cast, pgroles.DATABASE), cluster
    finally:
        _lead_to(before)
        cluster.stop()


def kill_server(cluster: Cluster) -> None:
    """SIGKILL to the database server that ``cluster`` started."""
    os.kill(int((cluster.data_dir / "postmaster.pid").read_text().split("\n", 1)[0]), signal.SIGKILL)


def _lead_to(places: dict[str, tuple[str, str]]) -> None:
    for alias, (name, host) in places.items():
        connections[alias].close()
        connections[alias].settings_dict |= {"NAME": name, "HOST": host}


def hire_colleague() -> None:
    """A second clerk in the liaison office of H1; as the system."""
    person = Person(login_id=COLLEAGUE, name="二見 京子", kana="フタミ キョウコ", is_active=True)
    person.set_unusable_password()
    person.save()
    beside = Membership.objects.visible_to(current()).get(person__login_id="sato")
    Membership.objects.create(
        person=person,
        facility_id=beside.facility_id,
        roles=[Role.LIAISON_STAFF.value],
        started_on=clock.today(),
    )


@contextmanager
def logged_in_as(role: str) -> Iterator[None]:
    """Every new connection of this process logs in as ``role``, in every thread, and can become nobody else."""
    before = {alias: connections[alias].settings_dict["USER"] for alias in ("default", "trail")}
    wore = connection_created.disconnect(
        _wear_app_role
    )  # the owner's sessions put a role on, real log-ins do not
    if role == pgroles.OWNER:
        connection_created.connect(_wear_app_role)
    _log_in_as(dict.fromkeys(before, role))
    try:
        yield
    finally:
        connection_created.disconnect(_wear_app_role)
        if wore:
            connection_created.connect(_wear_app_role)
        _log_in_as(before)


def _log_in_as(roles: dict[str, str]) -> None:
    for alias, role in roles.items():
        connections[alias].close()
        connections[alias].settings_dict["USER"] = role


def wait_until(reached: Callable[[], bool], what: str, *, pause: float = 0.005) -> None:
    """Look every ``pause`` seconds; AssertionError with ``what`` after ``PATIENCE``."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, f"gave up waiting: {what}"
        time.sleep(pause)


def waiting(watcher: psycopg.Connection[Any], database: str) -> int:
    """How many sessions of ``database`` wait for somebody else's lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND cardinality(pg_blocking_pids(pid)) > 0"
    )
    found = watcher.execute(query, [database]).fetchone()
    assert found is not None
    return int(found[0])


def at_once(town: Town, referral: Referral, *deeds: Deed) -> list[Any]:
    """Do ``deeds`` in threads with connections of their own; the row is held back until all of them ask for it.

    Returns what each deed returned or raised, in order.
    """
    with (
        login(pgroles.OWNER, town.database) as watcher,
        login(pgroles.OWNER, town.database) as holder,
        ThreadPoolExecutor(len(deeds)) as pool,
    ):
        with holder.transaction():
            holder.execute("SELECT 1 FROM referrals_referral WHERE id = %s FOR UPDATE", [referral.pk])
            done = [pool.submit(_alone, deed) for deed in deeds]
            wait_until(
                lambda: waiting(watcher, town.database) == len(deeds) or any(f.done() for f in done),
                "everybody asks for the referral",
            )
            assert not any(f.done() for f in done), [f.result() for f in done if f.done()]
        return [future.result(PATIENCE) for future in done]


def _alone(deed: Deed) -> Any:
    try:
        return deed()
    except Exception as error:  # the outcome is judged by the test
        return error
    finally:
        connections.close_all()


def version_on(page: str) -> str:
    """The version that the forms of a page carry."""
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]
