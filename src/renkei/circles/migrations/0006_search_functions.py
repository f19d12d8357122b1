"""Searches by name look through what the house may see, by whichever way is shorter, and call no function for each row."""

from django.db import migrations

# As in patients/0002_search.py: ``@>`` and ``strpos`` are not leakproof, so these read as gate_reader and repeat the
# visibility rule themselves (ADR 0012, 0013). The house's open periods are gathered first. Up to 5,000 patients are looked
# through as they are, whatever the name: OFFSET 0 keeps the planner from beginning with the region's people of that name,
# whose number it cannot know well, and MATERIALIZED from walking the region's index of readings until enough of them are
# the house's. Among more than that it may do either, but walk only for everybody or a reading: that page is soon full.
# EXECUTE plans with the values of the call.
_RETURNS = """RETURNS TABLE (found_key text, found_id bigint)
       LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$"""
_PERIOD = "m.facility_id = {here} AND m.valid_from <= {at} AND m.valid_until > {at}"
_OPEN = "EXISTS (SELECT FROM circles_member m WHERE m.patient_id = {key} AND " + _PERIOD + ")"
_HEAD = f"""{_RETURNS}
       DECLARE
         here bigint := gate_facility();
         at timestamptz := gate_now();
         known bigint[];
         theirs text := '(SELECT * FROM patients_patient s WHERE s.id = ANY($8) AND s.facility_id <> $7 OFFSET 0) p';
         fitting text := '($1 IS NULL OR p.birth_on = $1) AND (p.kana_key, p.id) > ($2, $3)'"""
_KANA = """|| (SELECT coalesce(string_agg(format(' AND strpos(p.kana_key, $5[%s]) > 0', n), ''), '')
             FROM generate_subscripts(in_kana, 1) n)"""
_KANJI = _KANA.replace("kana", "kanji").replace("$5", "$6")
_KNOWN = f"""known := ARRAY(SELECT DISTINCT m.patient_id FROM circles_member m
           WHERE {_PERIOD.format(here="here", at="at")} LIMIT 5001);
         IF cardinality(known) > 5000 THEN
           theirs := '(SELECT * FROM patients_patient s WHERE s.facility_id <> $7
             AND {_OPEN.format(key="s.id", here="$7", at="$12")}) p';
         END IF"""
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
         RETURN QUERY EXECUTE 'WITH found AS MATERIALIZED (
              SELECT p.kana_key, p.id FROM patients_patient p
              WHERE p.facility_id = $7 AND p.bigrams @> $11 AND ' || fitting || '
              UNION ALL
              SELECT p.kana_key, p.id FROM ' || theirs || ' WHERE p.bigrams @> $11 AND ' || fitting || ')
            SELECT f.kana_key::text, f.id FROM found f ORDER BY f.kana_key, f.id LIMIT $4'
           USING born, after_key, after_id, least(size, 500), in_kana, in_kanji, here, known, skip_kanji, skip_kana,
             pairs::varchar[], at;
       END $$""",
    f"""CREATE OR REPLACE FUNCTION patients_shared(
         begins_kanji text, begins_kana text, in_kana text[], born date, after_key text, after_id bigint, size int)
       {_HEAD}
           {_KANA}
           || CASE WHEN begins_kanji <> '' THEN ' AND p.kanji_key ^@ $6' ELSE '' END
           || CASE WHEN begins_kana <> '' THEN ' AND p.kana_key ^@ $9' ELSE '' END;
       BEGIN
         IF here IS NULL THEN RETURN; END IF;
         {_KNOWN};
         RETURN QUERY EXECUTE 'WITH found AS '
           || CASE WHEN cardinality(known) > 5000 AND begins_kanji = '' THEN 'NOT ' ELSE '' END || 'MATERIALIZED (
              SELECT p.kana_key, p.id FROM ' || theirs || ' WHERE ' || fitting || ')
            SELECT f.kana_key::text, f.id FROM found f ORDER BY f.kana_key, f.id LIMIT $4'
           USING born, after_key, after_id, least(size, 1000), in_kana, begins_kanji, here, known, begins_kana,
             NULL::text, NULL::text, at;
       END $$""",
    f"""CREATE OR REPLACE FUNCTION patients_alike(kanji text, kana text, born date, phone text)
       {_RETURNS}
       DECLARE here bigint := gate_facility();
       BEGIN
         IF here IS NULL THEN RETURN; END IF;
         RETURN QUERY EXECUTE
           'SELECT p.kana_key::text, p.id FROM patients_patient p
            WHERE (p.kanji_key = $1 OR p.kana_key = $2 OR p.birth_on = $3 OR p.phone_digits = $4)
              AND (p.facility_id = $5 OR {_OPEN.format(key="p.id", here="$5", at="$6")})'
           USING nullif(kanji, ''), nullif(kana, ''), born, nullif(phone, ''), here, gate_now();
       END $$""",
    """ALTER FUNCTION patients_search(text[], text[], text[], text, text, date, text, bigint, int)
       OWNER TO gate_reader""",
    "ALTER FUNCTION patients_shared(text, text, text[], date, text, bigint, int) OWNER TO gate_reader",
    "ALTER FUNCTION patients_alike(text, text, date, text) OWNER TO gate_reader",
]


class Migration(migrations.Migration):

    dependencies = [("circles", "0005_search_of_a_house")]

    operations = [migrations.RunSQL(SEARCH, migrations.RunSQL.noop)]
