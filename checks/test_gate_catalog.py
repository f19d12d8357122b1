"""The catalog of the migrated database: every table walled, every role small, every definer function fenced."""

from __future__ import annotations

import pytest
from django.apps import apps

from checks.world import World, login, scope_of
from renkei.config import pgroles

WITHOUT_WALL = {
    "django_migrations": "which migrations ran; read by doctor and backup",
    "django_content_type": "names of models; no data about anybody",
    "django_session": "random keys to signed data; the key is the secret, the table is asked before anybody is known",
    "renkei_cache": "Django's cache: counters and signed values under random keys, asked before anybody is known",
    "auth_group": "Django's groups: unused, Renkei grants by role of a membership",
    "auth_group_permissions": "Django's groups: unused",
    "auth_permission": "names of Django's own permissions: unused",
    "account_emailaddress": "allauth: addresses for log-in, asked before anybody is known",
    "account_emailconfirmation": "allauth: confirmation keys, asked before anybody is known",
    "mfa_authenticator": "allauth: second factors, asked between password and log-in",
    "usersessions_usersession": "allauth: the list of one's own sessions, kept by its middleware for everybody",
    "socialaccount_socialaccount": "allauth: log-in by another identity provider, asked before anybody is known",
    "socialaccount_socialapp": "allauth: identity providers",
    "socialaccount_socialtoken": "allauth: tokens are not stored (SOCIALACCOUNT_STORE_TOKENS is off)",
    "procrastinate_jobs": "the queue: arguments are numbers only; the worker polls without an actor",
    "procrastinate_events": "the queue: times of states",
    "procrastinate_workers": "the queue: heartbeats",
    "procrastinate_periodic_defers": "the queue: the clock's last ticks",
}
"""Tables of third-party packages, each with the reason why no row-level security stands before it."""


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, tuple[bool, bool, list[str], str]]:
    """Table → enabled, forced, names of its policies, owner."""
    query = """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                 array(SELECT polname::text FROM pg_policy p WHERE p.polrelid = c.oid), pg_get_userbyid(c.relowner)
               FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"""
    with login(pgroles.OWNER, world.database) as owner:
        return {str(row[0]): tuple(row[1:]) for row in owner.execute(query)}  # type: ignore[misc]


def test_every_table_of_the_product_stands_behind_the_wall(
    tables: dict[str, tuple[bool, bool, list[str], str]],
) -> None:
    for model in apps.get_models():
        if not scope_of(model):
            continue
        enabled, forced, policies, _owner = tables[model._meta.db_table]
        assert enabled, (
            f"{model._meta.label}: row-level security is not enabled; add Protect() to its migration"
        )
        assert forced, f"{model._meta.label}: row-level security is not forced"
        assert {"added", "system"} <= set(policies), f"{model._meta.label}: {policies}"


def test_a_table_without_a_wall_is_on_the_list_with_a_reason(
    tables: dict[str, tuple[bool, bool, list[str], str]],
) -> None:
    open_tables = {name for name, (enabled, *_rest) in tables.items() if not enabled}
    assert open_tables <= set(WITHOUT_WALL), open_tables - set(WITHOUT_WALL)
    assert all(len(reason) > 15 for reason in WITHOUT_WALL.values())


def test_the_list_names_no_table_that_is_gone(tables: dict[str, tuple[bool, bool, list[str], str]]) -> None:
    assert set(WITHOUT_WALL) <= set(tables)


def test_no_policy_on_a_patients_table_lets_everybody_read(world: World) -> None:
    query = """SELECT tablename, policyname FROM pg_policies
               WHERE cmd IN ('SELECT', 'ALL') AND qual = 'true' AND NOT roles <@ ARRAY['gate_reader']::name[]"""
    with login(pgroles.OWNER, world.database) as owner:
        found = {str(table) for table, _policy in owner.execute(query)}
    walled = {model._meta.db_table for model, _row in world.about_somebody()}
    assert not found & walled


@pytest.mark.parametrize("role", [pgroles.APP, pgroles.WORKER])
def test_the_roles_of_web_and_jobs_own_nothing_and_pass_nothing(world: World, role: str) -> None:
    with login(role, world.database) as connection:
        found = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = %s",
            [role],
        ).fetchone()
        assert found == (False, False, False, False, False)
        owns = "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE deptype = 'o' AND rolname = %s"
        assert connection.execute(owns, [role]).fetchone() == (0,)
        member = (
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %s"
        )
        assert connection.execute(member, [role]).fetchone() == (0,)


def test_gate_reader_cannot_log_in_and_owns_functions_only(world: World) -> None:
    with login(pgroles.OWNER, world.database) as owner:
        role = "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'gate_reader'"
        assert owner.execute(role).fetchone() == (False, False, False)
        owned = "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = 'gate_reader'"
        assert owner.execute(owned).fetchone() == (0,)


WRITTEN_BY_READER = {
    (
        "circles_circle",
        "INSERT",
    ): "emergency access: a stranger opens a circle of a day with a reason; policy: purpose",
    ("circles_member", "INSERT"): "emergency access: the member of that circle; policy: source is emergency",
}
"""What the owner of the definer functions may write, each with the reason; its policies narrow it further."""


def test_gate_reader_may_read_and_write_only_what_is_listed(world: World) -> None:
    query = """SELECT table_name, privilege_type FROM information_schema.table_privileges
               WHERE grantee = 'gate_reader' AND privilege_type <> 'SELECT'"""
    with login(pgroles.OWNER, world.database) as owner:
        found = {(str(table), str(privilege)) for table, privilege in owner.execute(query)}
        assert found <= set(WRITTEN_BY_READER)
        open_policies = """SELECT count(*) FROM pg_policies WHERE roles @> ARRAY['gate_reader']::name[]
                           AND cmd <> 'SELECT' AND coalesce(with_check, 'true') = 'true'"""
        assert owner.execute(open_policies).fetchone() == (0,)


def test_definer_functions_belong_to_gate_reader_and_look_into_public_first(world: World) -> None:
    query = """SELECT p.oid::regprocedure::text, pg_get_userbyid(p.proowner), p.proconfig
               FROM pg_proc p WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"""
    with login(pgroles.OWNER, world.database) as owner:
        found = owner.execute(query).fetchall()
    assert len(found) >= 4
    for name, owned_by, settings in found:
        assert owned_by == "gate_reader", name
        assert settings == ["search_path=public, pg_temp"], f"{name}: {settings}"


def test_definer_functions_answer_for_the_actor_only(world: World) -> None:
    """Without an actor each of them says no, or nothing."""
    patient = world.cast.patient("suzuki").pk
    with login(pgroles.APP, world.database) as app:
        for name in ("gate_sees_patient", "gate_sees_circle", "gate_may_open"):
            assert app.execute(f"SELECT {name}(%s)", [patient]).fetchone() == (False,), name
        lines = app.execute("SELECT count(*) FROM audit_of_patient(%s, 9999999, 500)", [patient]).fetchone()
        assert lines == (0,)


def test_deleting_is_granted_on_no_table_about_patients(world: World) -> None:
    with login(pgroles.OWNER, world.database) as owner:
        for model, _row in world.about_somebody():
            if scope_of(model) != "patient":
                continue
            for role in (pgroles.APP, pgroles.WORKER):
                query = (
                    "SELECT has_table_privilege(%s, %s, 'DELETE') OR has_table_privilege(%s, %s, 'TRUNCATE')"
                )
                table = model._meta.db_table
                assert owner.execute(query, [role, table, role, table]).fetchone() == (False,), (table, role)


def test_tables_that_lists_read_look_periods_up_instead_of_calling_a_function(world: World) -> None:
    query = """SELECT tablename, policyname FROM pg_policies WHERE (tablename LIKE 'referrals\\_%' OR tablename = 'patients_patient')
               AND policyname = 'seen' AND qual LIKE '%gate_sees%'"""
    with login(pgroles.OWNER, world.database) as owner:
        walled = (
            "SELECT count(*) FROM pg_policies WHERE policyname = 'seen' AND tablename LIKE 'referrals\\_%'"
        )
        assert (owner.execute(walled).fetchone() or (0,))[0] >= 11
        assert owner.execute(query).fetchall() == []
