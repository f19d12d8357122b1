"""The template database of a test run, its clones, and the role a test wears."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from renkei.gate.context import system

TEMPLATE = "renkei"
DEMO_TEMPLATE = "renkei_demo"
APP, WORKER = "renkei_app", "renkei_worker"


def _wear_app_role(sender: object, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    if connection.alias != "owner":
        # By the driver's own connection: whoever acts just now, nobody's rows are asked for.
        connection.connection.execute(f"SET ROLE {APP}")


@contextmanager
def arranging(reason: str = "arranging a test") -> Iterator[None]:
    """Write and read as the system under the worker's role, inside the transaction of the test."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {WORKER}")
        with system(reason):
            yield
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {APP}")


def use_database(name: str) -> None:
    """Point every connection of this process at database ``name``."""
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def ensure_template() -> None:
    """Migrate and people the template once for all workers of this run."""
    from testing.cast import people

    folder = Path(os.environ["RENKEI_TEST_FOLDER"])
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "template.ready").exists():
            return
        use_database(TEMPLATE)
        call_command("migrate", database="owner", verbosity=0)
        connection_created.connect(_wear_app_role)
        connections.close_all()
        with arranging():
            people()
        connections.close_all()
        (folder / "template.ready").touch()


def ensure_demo_template() -> str:
    """The demo region as a second template, built once for all workers of this run when first asked for.

    Returns its name, for ``clone``. Only outside a test's transaction: the connections are closed on the way.
    """
    from renkei.demo.loading import load

    ensure_template()
    folder = Path(os.environ["RENKEI_TEST_FOLDER"])
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "demo.ready").exists():
            clone(DEMO_TEMPLATE)
            with database(DEMO_TEMPLATE):
                load.empty_tables()
                load.load(told=lambda line: None)
            (folder / "demo.ready").touch()
    return DEMO_TEMPLATE


@contextmanager
def database(name: str) -> Iterator[None]:
    """Every connection of this process goes to database ``name`` inside the block, and back afterwards."""
    before = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
    connection_created.connect(_wear_app_role)
    use_database(name)
    try:
        yield
    finally:
        connections.close_all()
        for alias, former in before.items():
            connections[alias].settings_dict["NAME"] = former


@contextmanager
def cloned_database(name: str, template: str = TEMPLATE) -> Iterator[None]:
    """A copy of the template under ``name``, used by every connection inside the block."""
    ensure_template()
    connection_created.connect(_wear_app_role)
    clone(name, template)
    use_database(name)
    try:
        yield
    finally:
        connections.close_all()


def clone(name: str, template: str = TEMPLATE) -> None:
    """``CREATE DATABASE name TEMPLATE template``; nobody may be connected to the template."""
    folder = Path(os.environ["RENKEI_TEST_FOLDER"])
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        url = os.environ["DATABASE_OWNER_URL"]
        # An autovacuum that is just looking at the old copy belongs to the superuser; only that one may send it away.
        with psycopg.connect(url, user="postgres", dbname="postgres", autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        with psycopg.connect(url, dbname="postgres", autocommit=True) as owner:
            owner.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
