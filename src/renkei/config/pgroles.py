"""The database roles of Renkei and the SQL that makes them, in one place.

The same statements set up the embedded cluster and are printed by ``renkei database-setup`` for people who
bring their own server, so that both are walled alike:

``renkei_owner``   owns the tables, migrates, backs up; passes row-level security, makes test databases
``renkei_app``     the web processes; owns nothing, row-level security always applies
``renkei_worker``  the jobs; owns nothing, row-level security always applies
``gate_reader``    cannot log in; owns the SECURITY DEFINER functions that the policies ask
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

OWNER, APP, WORKER, READER = "renkei_owner", "renkei_app", "renkei_worker", "gate_reader"
DATABASE = "renkei"
# template1 too: test databases and the databases of a restore are copies of it
SET_UP_IN = ("postgres", "template1", DATABASE)

# Raised with every change below: a cluster remembers the number in the comment on its database.
SETUP_VERSION = "renkei setup 1"

_ATTRIBUTES = {
    OWNER: "LOGIN NOSUPERUSER CREATEDB NOCREATEROLE BYPASSRLS",
    APP: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    WORKER: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    READER: "NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
}

# PostgreSQL 15 has no INHERIT option on a membership; there the owner role itself is made not to inherit.
_MEMBERSHIPS = f"""DO $$ BEGIN
  GRANT {READER} TO {OWNER};
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE 'GRANT {APP}, {WORKER} TO {OWNER} WITH INHERIT FALSE, SET TRUE';
  ELSE
    GRANT {APP}, {WORKER} TO {OWNER};
    ALTER ROLE {OWNER} NOINHERIT;
  END IF;
END $$"""


def role_sql() -> list[str]:
    """Statements that make the four roles and their memberships; may run again on a cluster that has them."""
    statements = []
    for role, attributes in _ATTRIBUTES.items():
        statements.append(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}')"
            f" THEN CREATE ROLE {role}; END IF; END $$"
        )
        statements.append(f"ALTER ROLE {role} {attributes}")
    return [*statements, _MEMBERSHIPS]


def database_sql(dbname: str = DATABASE, *, builtin_locale: bool = True) -> str:
    """The statement that makes an empty UTF-8 database of the owner.

    ``builtin_locale`` asks for the C.UTF-8 of PostgreSQL 17 and later, which sorts alike on every machine.
    """
    locale = " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin_locale else ""
    return (
        f"CREATE DATABASE {dbname} OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'{locale}"
    )


def grant_sql() -> list[str]:
    """Statements for inside the database: who may make things in the schema, who may only use it."""
    return [
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT CREATE, USAGE ON SCHEMA public TO {READER}",
        f"GRANT USAGE ON SCHEMA public TO {APP}, {WORKER}",
    ]


def setup_script(dbname: str = DATABASE) -> str:
    """A psql script for the administrator of an own server (PostgreSQL 15 or later); may run again."""
    create = database_sql(dbname, builtin_locale=False).replace("'", "''")
    lines = [
        "-- Renkei: roles and database. Run as a PostgreSQL superuser: psql -f FILE postgres",
        "\\set ON_ERROR_STOP on",
        "SET client_min_messages = warning;",
        *(f"{statement};" for statement in role_sql()),
        f"SELECT '{create}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{dbname}')\\gexec",
        f"\\connect {dbname}",
        *(f"{statement};" for statement in grant_sql()),
        "-- Then give each role its own password (psql asks for it, nothing is stored in a file):",
        *(f"--   \\password {role}" for role in (OWNER, APP, WORKER)),
    ]
    return "\n".join(lines) + "\n"


def is_set_up(url: str) -> bool:
    """Whether roles and database stand on the server that the superuser's ``url`` leads to."""
    question = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            found = connection.execute(question, [DATABASE]).fetchone()
    except psycopg.OperationalError:
        return False
    return found is not None and found[0] == SETUP_VERSION


def set_up(urls: Mapping[str, str]) -> None:
    """Make roles and database over the superuser's ``urls`` (one for each name of ``SET_UP_IN``).

    Every statement may run again after an interruption; the comment that says it is done is written last.
    """
    with psycopg.connect(urls["postgres"], autocommit=True) as connection:
        _execute(connection, role_sql())
        question = "SELECT 1 FROM pg_database WHERE datname = %s"
        if not connection.execute(question, [DATABASE]).fetchone():
            _execute(connection, [database_sql()])
    for dbname in ("template1", DATABASE):
        with psycopg.connect(urls[dbname], autocommit=True) as connection:
            _execute(connection, grant_sql())
    with psycopg.connect(urls["postgres"], autocommit=True) as connection:
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
        connection.execute(comment.format(sql.Identifier(DATABASE), sql.Literal(SETUP_VERSION)))


def _execute(connection: psycopg.Connection[tuple[object, ...]], statements: list[str]) -> None:
    for statement in statements:
        connection.execute(statement.encode())
