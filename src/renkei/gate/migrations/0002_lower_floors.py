"""Walls the tables of the floors below: the trail, the outbox and the stored files."""

from __future__ import annotations

from django.db import migrations

from renkei.gate.rls import CIRCLE, FACILITY, NOBODY, Protect, rule

TRAIL = [
    # The number is drawn after the shared lock: below the highest number that the sealer sees, nothing is open.
    """CREATE FUNCTION audit_take_number() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM pg_advisory_xact_lock_shared(7203001);
         NEW.id := nextval(pg_get_serial_sequence('audit_auditentry', 'id'));
         RETURN NEW;
       END $$""",
    "CREATE TRIGGER take_number BEFORE INSERT ON audit_auditentry FOR EACH ROW EXECUTE FUNCTION audit_take_number()",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit_auditentry, audit_auditseal FROM renkei_app, renkei_worker",
    "REVOKE INSERT ON audit_auditseal FROM renkei_app",
    "REVOKE DELETE, TRUNCATE ON events_outboxevent FROM renkei_app, renkei_worker",
    "ALTER TABLE events_outboxevent ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE events_outboxevent FORCE ROW LEVEL SECURITY",
    "CREATE POLICY added ON events_outboxevent FOR INSERT TO renkei_app, renkei_worker WITH CHECK (true)",
    """CREATE POLICY system ON events_outboxevent TO renkei_worker
       USING ((SELECT gate_system())) WITH CHECK ((SELECT gate_system()))""",
]


class Migration(migrations.Migration):
    """Every line of the trail belongs to the facility that acted; patients' histories come through a function."""

    dependencies = [
        ("gate", "0001_wall"),
        ("audit", "0001_initial"),
        ("events", "0001_initial"),
        ("files", "0001_initial"),
    ]
    operations = [
        Protect(
            "audit_auditentry",
            using=rule(FACILITY, facility_id="facility_id"),
            check="true",
            update=NOBODY,
        ),
        Protect("audit_auditseal", using="true", check=NOBODY, update=NOBODY),
        Protect("files_storedfile", using=rule(CIRCLE, circle_id="circle_id"), update=NOBODY),
        migrations.RunSQL(TRAIL, migrations.RunSQL.noop),
    ]
