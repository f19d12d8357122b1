"""Searches by name look through what the house may see, by whichever way is shorter, and call no function for each row."""

from django.db import migrations, models

# As in patients/0002_search.py: ``@>`` and ``strpos`` are not leakproof, so these read as gate_reader and repeat the
# visibility rule themselves (ADR 0012). The house's open periods are gathered first. A few thousand patients are looked
# through as they are, whatever the name (OFFSET 0 keeps the planner from beginning with the region's people of that name,
# whose number it cannot know well); with more of them, EXECUTE lets it choose by the values of the call. MATERIALIZED: else
# the limit leads it along the region's index of readings until enough of them are the house's.
_DEFINER = """RETURNS TABLE (found_key text, found_id bigint)
       LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       DECLARE
         here bigint := gate_facility();
         at timestamptz := gate_now();
         known bigint[];"""
_HEAD = f"""{_DEFINER}
         theirs text;
         fitting text := '($1 IS NULL OR p.birth_on = $1) AND (p.kana_key, p.id) > ($2, $3)'"""
_KANA = """|| (SELECT coalesce(string_agg(format(' AND strpos(p.kana_key, $5[%s]) > 0', n), ''), '')
             FROM generate_subscripts(in_kana, 1) n)"""
_KANJI = _KANA.replace("kana", "kanji").replace("$5", "$6")
_PERIODS = """known := ARRAY(SELECT DISTINCT m.patient_id FROM circles_member m
           WHERE m.facility_id = here AND m.valid_from <= at AND m.valid_until > at)"""
_KNOWN = f"""{_PERIODS};
         theirs := '(SELECT * FROM patients_patient s WHERE s.id = ANY($8) AND s.facility_id <> $7'
           || CASE WHEN cardinality(known) > 5000 THEN ')' ELSE ' OFFSET 0)' END || ' p'"""
SEARCH = [
    f"""CREATE OR REPLACE FUNCTION patients_search(
         in_kanji text[], in_kana text[], pairs text[], skip_kanji text, skip_kana text,
         born date, after_key text, after_id bigint, size int)
       {_HEAD}
           {_KANA}
           {_KANJI}
           || CASE WHEN skip_kanji <> '' THEN ' AND NOT p.kanji_key ^@ $9' ELSE '' END
           || CASE WHEN skip_kana <> '' THEN ' AND NOT p.kana_key ^@ $10' ELSE '' END;
       BEGIN
         IF cardinality(pairs) = 0 OR here IS NULL THEN RETURN; END IF;
         {_KNOWN};
         RETURN QUERY EXECUTE
           'WITH found AS MATERIALIZED (
              SELECT p.kana_key, p.id FROM patients_patient p
              WHERE p.facility_id = $7 AND p.bigrams @> $11 AND ' || fitting || '
              UNION ALL
              SELECT p.kana_key, p.id FROM ' || theirs || ' WHERE p.bigrams @> $11 AND ' || fitting || ')
            SELECT f.kana_key::text, f.id FROM found f ORDER BY f.kana_key, f.id LIMIT $4'
           USING born, after_key, after_id, least(size, 500), in_kana, in_kanji, here, known, skip_kanji, skip_kana,
             pairs::varchar[];
       END $$""",
    f"""CREATE FUNCTION patients_shared(
         begins_kanji text, begins_kana text, in_kana text[], born date, after_key text, after_id bigint, size int)
       {_HEAD}
           {_KANA}
           || CASE WHEN begins_kanji <> '' THEN ' AND p.kanji_key ^@ $6' ELSE '' END
           || CASE WHEN begins_kana <> '' THEN ' AND p.kana_key ^@ $9' ELSE '' END;
       BEGIN
         IF here IS NULL THEN RETURN; END IF;
         {_KNOWN};
         RETURN QUERY EXECUTE
           'WITH found AS MATERIALIZED (
              SELECT p.kana_key, p.id FROM ' || theirs || ' WHERE ' || fitting || ')
            SELECT f.kana_key::text, f.id FROM found f ORDER BY f.kana_key, f.id LIMIT $4'
           USING born, after_key, after_id, least(size, 1000), in_kana, begins_kanji, here, known, begins_kana;
       END $$""",
    # Equal names, birthdays and telephones of the region are few: they are asked whether the house knows them.
    f"""CREATE FUNCTION patients_alike(kanji text, kana text, born date, phone text)
       {_DEFINER}
       BEGIN
         IF here IS NULL THEN RETURN; END IF;
         {_PERIODS};
         RETURN QUERY EXECUTE
           'SELECT p.kana_key::text, p.id FROM patients_patient p
            WHERE (p.kanji_key = $1 OR p.kana_key = $2 OR p.birth_on = $3 OR p.phone_digits = $4)
              AND (p.facility_id = $5 OR p.id = ANY($6))'
           USING nullif(kanji, ''), nullif(kana, ''), born, nullif(phone, ''), here, known;
       END $$""",
    """ALTER FUNCTION patients_search(text[], text[], text[], text, text, date, text, bigint, int)
       OWNER TO gate_reader""",
    "ALTER FUNCTION patients_alike(text, text, date, text) OWNER TO gate_reader",
    "ALTER FUNCTION patients_shared(text, text, text[], date, text, bigint, int) OWNER TO gate_reader",
]


class Migration(migrations.Migration):

    dependencies = [
        ("circles", "0004_own_periods"),
        ("patients", "0003_regional_person"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                fields=["facility", "patient"], include=("valid_from", "valid_until"), name="patients_of_facility"
            ),
        ),
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
    ]
