"""The access history of a patient across facilities, and the wall around the reasons of failed jobs."""

from __future__ import annotations

from django.db import migrations

from renkei.gate.rls import KNOWN, NOBODY, Protect

HISTORY = [
    # Everybody's lines about one patient, for whoever may see that patient. Owned by gate_reader, whose policy on the
    # trail shows every line; the question of who asks is answered by gate_sees_patient alone.
    """CREATE FUNCTION audit_of_patient(patient bigint, before bigint, size int) RETURNS SETOF audit_auditentry
       LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       BEGIN
         IF NOT gate_sees_patient(patient) THEN
           RETURN;
         END IF;
         RETURN QUERY SELECT e.* FROM audit_auditentry e
           WHERE e.patient_ids @> ARRAY[patient] AND e.id < before
           ORDER BY e.id DESC LIMIT least(size, 500);
       END $$""",
    "ALTER FUNCTION audit_of_patient(bigint, bigint, int) OWNER TO gate_reader",
]


class Migration(migrations.Migration):
    """Needs the predicate functions of 0001 and the trail's wall of 0002."""

    dependencies = [("gate", "0002_lower_floors"), ("jobs", "0001_initial")]
    operations = [
        migrations.RunSQL(HISTORY, migrations.RunSQL.noop),
        # A failing job writes its line as nobody in particular, after everything else was rolled back.
        Protect("jobs_jobfailure", using=KNOWN, check="true", update=NOBODY),
    ]
