"""Grants of the two login roles and the predicate functions of the wall, shipped closed."""

from __future__ import annotations

from django.db import migrations

GRANTS = [
    "GRANT USAGE ON SCHEMA public TO renkei_app, renkei_worker, gate_reader",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO renkei_app, renkei_worker",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO renkei_app, renkei_worker",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO renkei_app, renkei_worker",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO renkei_app, renkei_worker",
]
FUNCTIONS = [
    """CREATE FUNCTION gate_facility() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
       $$ SELECT NULLIF(current_setting('app.facility', true), '')::bigint $$""",
    """CREATE FUNCTION gate_person() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
       $$ SELECT NULLIF(current_setting('app.person', true), '')::bigint $$""",
    """CREATE FUNCTION gate_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
       $$ SELECT COALESCE(current_setting('app.system', true), '') <> '' $$""",
    """CREATE FUNCTION gate_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
       $$ SELECT COALESCE(NULLIF(current_setting('app.now', true), '')::timestamptz, now()) $$""",
    """CREATE FUNCTION gate_sees_circle(wanted bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS
       $$ BEGIN RETURN false; END $$""",
    """CREATE FUNCTION gate_sees_patient(wanted bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS
       $$ BEGIN RETURN false; END $$""",
    """CREATE FUNCTION gate_may_open(wanted bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS
       $$ BEGIN RETURN false; END $$""",
]


class Migration(migrations.Migration):
    """Comes before every table with a policy."""

    dependencies = [("contenttypes", "0002_remove_content_type_name"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop), migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
