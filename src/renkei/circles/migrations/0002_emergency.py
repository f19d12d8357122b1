"""緊急参照 opens through one function only: the policy on members lets nobody join a circle by themselves."""

from __future__ import annotations

from django.db import migrations

OPEN = [
    # 24 hours at most from the product's clock, whatever the caller asks for; recorded by the caller's action.
    """CREATE FUNCTION circles_open_emergency(wanted bigint, upto timestamptz, why text) RETURNS boolean
       LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       DECLARE here bigint := gate_facility(); home bigint; fresh bigint;
       BEGIN
         IF here IS NULL OR gate_person() IS NULL OR length(btrim(why)) < 5
            OR upto > gate_now() + interval '24 hours' THEN RETURN false; END IF;
         SELECT facility_id INTO home FROM patients_patient WHERE id = wanted;
         IF home IS NULL THEN RETURN false; END IF;
         INSERT INTO circles_circle (version, uid, patient_id, owner_facility_id, purpose, opened_at)
           VALUES (1, gen_random_uuid(), wanted, home, 'emergency', gate_now()) RETURNING id INTO fresh;
         INSERT INTO circles_member (version, uid, circle_id, patient_id, facility_id, level, source,
                                     valid_from, valid_until, reason)
           SELECT 1, gen_random_uuid(), c.id, wanted, here, 3, 'emergency', gate_now(), upto, why
             FROM circles_circle c WHERE c.patient_id = wanted;
         RETURN true;
       END $$""",
    "GRANT SELECT, INSERT ON circles_circle, circles_member TO gate_reader",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO gate_reader",
    "CREATE POLICY emergency ON circles_circle FOR INSERT TO gate_reader WITH CHECK (purpose = 'emergency')",
    "CREATE POLICY emergency ON circles_member FOR INSERT TO gate_reader WITH CHECK (source = 'emergency')",
    "ALTER FUNCTION circles_open_emergency(bigint, timestamptz, text) OWNER TO gate_reader",
]


class Migration(migrations.Migration):
    """After the tables of circles."""

    dependencies = [("circles", "0001_initial")]
    operations = [migrations.RunSQL(OPEN, migrations.RunSQL.noop)]
