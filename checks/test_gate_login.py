"""A real connection of the web's role: what it may not do whatever SQL it is made to run."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from checks.world import World, login
from renkei.config import pgroles

Connection = psycopg.Connection[tuple[object, ...]]
ROLES = [pgroles.APP, pgroles.WORKER]


@pytest.fixture(params=ROLES)
def connected(world: World, request: pytest.FixtureRequest) -> Iterator[Connection]:
    with login(request.param, world.database) as opened:
        assert opened.execute("SELECT session_user, current_user").fetchone() == (
            request.param,
            request.param,
        )
        yield opened


@pytest.fixture
def app(world: World) -> Iterator[Connection]:
    with login(pgroles.APP, world.database) as opened:
        yield opened


def tables(world: World) -> list[str]:
    return [model._meta.db_table for model, _row in world.about_somebody()]


def refused(connection: Connection, query: str | sql.Composed) -> bool:
    try:
        connection.execute(query)  # type: ignore[arg-type]
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_no_walled_table_can_be_emptied(connected: Connection, world: World) -> None:
    for table in [*tables(world), "audit_auditentry", "audit_auditseal", "events_outboxevent"]:
        assert refused(connected, sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table))), table


@pytest.mark.parametrize("role", [pgroles.OWNER, pgroles.WORKER, pgroles.READER, "postgres"])
def test_the_web_cannot_become_another_role(app: Connection, role: str) -> None:
    assert refused(app, f"SET ROLE {role}")
    assert refused(app, f"SET SESSION AUTHORIZATION {role}")


@pytest.mark.parametrize("role", [pgroles.OWNER, pgroles.APP, pgroles.READER, "postgres"])
def test_the_worker_cannot_become_another_role(world: World, role: str) -> None:
    with login(pgroles.WORKER, world.database) as worker:
        assert refused(worker, f"SET ROLE {role}")
        assert refused(worker, f"SET SESSION AUTHORIZATION {role}")


def test_the_web_cannot_enter_the_system(app: Connection, world: World) -> None:
    with app.transaction():
        app.execute("SELECT set_config('app.system', 'pretending', true)")
        for model, row in world.about_somebody():
            if str(model.scope) != "patient":  # type: ignore[attr-defined]
                continue
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(model._meta.db_table))
            assert app.execute(query).fetchone() == (0,), model
            assert row.pk


def test_the_worker_sees_patients_only_after_it_entered_the_system(world: World) -> None:
    with login(pgroles.WORKER, world.database) as worker:
        assert worker.execute("SELECT count(*) FROM patients_patient").fetchone() == (0,)
        with worker.transaction():
            worker.execute("SELECT set_config('app.system', 'a job', true)")
            found = worker.execute("SELECT count(*) FROM patients_patient").fetchone()
            assert found is not None
            assert found > (0,)
        assert worker.execute("SELECT count(*) FROM patients_patient").fetchone() == (0,)


def test_the_trail_can_only_be_added_to(connected: Connection) -> None:
    for table in ("audit_auditentry", "audit_auditseal"):
        assert refused(connected, f"UPDATE {table} SET id = id")
        assert refused(connected, f"DELETE FROM {table}")
    assert refused(connected, "UPDATE audit_auditentry SET says = ''")


def test_the_web_cannot_seal(app: Connection) -> None:
    assert refused(
        app,
        "INSERT INTO audit_auditseal (first_entry, last_entry, entry_count, previous_digest, digest,"
        " sealed_at) VALUES (1, 1, 1, '', '', now())",
    )


def test_the_number_of_a_trail_line_cannot_be_chosen(app: Connection, world: World) -> None:
    """A line that slips into a closed batch would be found; a line with a future number would block the next one."""
    app.execute(
        "INSERT INTO audit_auditentry (id, at, outcome, action, says, actor_kind, person_id, actor_label, facility_id,"
        " facility_label, patient_ids, subject, shown, changes, reason, request_id, address)"
        " VALUES (999999999, now(), 'done', 'x', 'x', 'x', 0, '', 0, '', '{}', '', '{}', '[]', '', '', '')"
    )
    with login(pgroles.OWNER, world.database) as owner:
        found = owner.execute("SELECT max(id) FROM audit_auditentry").fetchone()
    assert found is not None
    assert found < (999999999,)


def test_triggers_policies_and_row_security_cannot_be_switched_off(
    connected: Connection, world: World
) -> None:
    for table in [*tables(world), "audit_auditentry"]:
        name = sql.Identifier(table)
        for statement in (
            "ALTER TABLE {} DISABLE TRIGGER ALL",
            "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY seen ON {}",
            "CREATE POLICY open ON {} USING (true)",
            "DROP TABLE {}",
        ):
            assert refused(connected, sql.SQL(statement).format(name)), (table, statement)
    assert refused(connected, "SET session_replication_role = replica")


def test_turning_row_security_off_makes_reading_fail_not_open(connected: Connection) -> None:
    connected.execute("SET row_security = off")
    assert refused(connected, "SELECT * FROM patients_patient")


def test_the_predicates_cannot_be_replaced(connected: Connection) -> None:
    for name in ("gate_sees_circle", "gate_sees_patient", "gate_may_open"):
        body = (
            f"CREATE OR REPLACE FUNCTION {name}(wanted bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        )
        assert refused(connected, body)
    for name in ("gate_facility", "gate_person"):
        assert refused(
            connected, f"CREATE OR REPLACE FUNCTION {name}() RETURNS bigint LANGUAGE sql AS 'SELECT 1'"
        )


def test_nothing_can_be_made_in_the_schema(connected: Connection) -> None:
    assert refused(connected, "CREATE TABLE loot (id int)")
    assert refused(
        connected, "CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz'"
    )


def test_a_function_of_ones_own_in_a_temporary_schema_does_not_move_the_wall(connected: Connection) -> None:
    """The definer functions fix their search path, so that a planted table of the same name is not asked."""
    connected.execute(
        "CREATE TEMP TABLE circles_member (circle_id bigint, patient_id bigint, facility_id bigint,"
        " valid_from timestamptz, valid_until timestamptz)"
    )
    connected.execute(
        "INSERT INTO pg_temp.circles_member SELECT n, n, 1, '-infinity', 'infinity'"
        " FROM generate_series(1, 50) n"
    )
    connected.execute("GRANT SELECT ON pg_temp.circles_member TO PUBLIC")
    with connected.transaction():
        connected.execute("SELECT set_config('app.facility', '1', true)")
        planted = connected.execute(
            "SELECT count(*) FROM generate_series(1, 50) n WHERE gate_sees_circle(n)"
            " AND NOT EXISTS (SELECT FROM public.circles_member m WHERE m.circle_id = n)"
        ).fetchone()
    assert planted == (0,)


def test_files_and_programs_of_the_server_are_out_of_reach(connected: Connection) -> None:
    assert refused(connected, "COPY (SELECT 1) TO '/tmp/renkei-proof'")
    assert refused(connected, "COPY (SELECT 1) TO PROGRAM 'true'")
    assert refused(connected, "SELECT pg_read_file('postgresql.conf')")
