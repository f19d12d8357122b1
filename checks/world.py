"""A committed copy of the region with one row of every model about somebody, and plain log-ins to it.

Ordinary tests roll back and wear a role by ``SET ROLE``. The proofs of the wall need rows that are committed, a
transaction that is really over, and a connection that logged in as the web's role and can become nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.db import connection, connections, models
from psycopg import sql

from checks.filler import Filler
from renkei.gate.actor import ANONYMOUS, Actor, current
from renkei.kernel.roles import Role
from testing.cast import Cast, load
from testing.database import arranging, cloned_database

OUTSIDERS = [f"{key}_{role.value}" for key in ("x1", "x2") for role in Role]
"""Log-ins of every role at the two facilities outside every circle (``testing/cast.py`` arranges them)."""
NOBODY = "nobody"
STRANGERS = [*OUTSIDERS, NOBODY]


@dataclass(frozen=True)
class World:
    """The cast, one arranged row per model (owned by C1, shared with H1), and the name of the database."""

    cast: Cast
    rows: dict[type[models.Model], models.Model]
    database: str

    def stranger(self, login_id: str) -> Actor:
        """One of ``STRANGERS``."""
        return ANONYMOUS if login_id == NOBODY else self.cast.actor(login_id)

    def strangers(self) -> list[Actor]:
        """Every role of two facilities outside, and nobody at all."""
        return [self.stranger(login_id) for login_id in STRANGERS]

    def about_somebody(self) -> list[tuple[type[models.Model], models.Model]]:
        """Models whose rows belong to a patient, a facility or a person, with the arranged row of each."""
        return [(model, row) for model, row in self.rows.items() if scope_of(model) in WALLED]


WALLED = {"patient", "facility", "person"}


def scope_of(model: type[models.Model]) -> str:
    """The declared scope as a word; empty for a model of a third party."""
    return str(getattr(model, "scope", ""))


@contextmanager
def database_of_its_own(name: str) -> Iterator[None]:
    """Every connection of this process leads to a fresh clone inside the block, and back afterwards."""
    before = str(connections["default"].settings_dict["NAME"])
    try:
        with cloned_database(name):
            yield
    finally:
        for alias in connections:
            connections[alias].close()
            connections[alias].settings_dict["NAME"] = before


@contextmanager
def committed_world(name: str) -> Iterator[World]:
    """A clone with every model's row committed."""
    with database_of_its_own(name):
        with arranging():
            cast = load(current())
            rows = Filler(cast).fill_everything()
        # Statistics are a way to see values, too: the proof needs them to exist.
        with login("renkei_owner", name) as owner:
            owner.execute("ANALYZE")
        yield World(cast, rows, name)


@contextmanager
def login(role: str, database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A real connection that logged in as ``role``, autocommitting; not ``SET ROLE``."""
    url = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(url, user=role, dbname=database, autocommit=True) as opened:
        yield opened


def fingerprint(database: str, tables: list[str]) -> dict[str, object]:
    """Number and content of every row of ``tables``, as the owner sees them: the proof that nothing changed."""
    found: dict[str, object] = {}
    with login("renkei_owner", database) as owner:
        for table in tables:
            query = sql.SQL("SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} t")
            found[table] = owner.execute(query.format(sql.Identifier(table))).fetchone()
    return found


def rows_of(database: str, tables: list[str]) -> dict[str, dict[int, tuple[object, int | None]]]:
    """Content and facility of every row of ``tables`` by its key, as the owner sees them: to tell whose rows are new.

    The facility is None in a table without that column.
    """
    with login("renkei_owner", database) as owner:
        query = "SELECT id, hashtextextended(t::text, 0), (to_jsonb(t)->>'facility_id')::bigint FROM {} t"
        return {
            table: {
                int(str(key)): (content, None if whose is None else int(str(whose)))
                for key, content, whose in owner.execute(sql.SQL(query).format(sql.Identifier(table)))
            }
            for table in tables
        }


def count(query: str, *values: object) -> int:
    """The first number of ``query`` on the default connection."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.fetchone()[0])
