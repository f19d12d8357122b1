"""Search keys wide enough for every name, and the look-up inside names."""

from django.db import migrations, models

SEARCH = [
    # ``@>`` and ``strpos`` are not leakproof: under row-level security they would lose the index on pairs. The function
    # reads as gate_reader and repeats the visibility rule itself. ``skip_*`` leaves out what the prefix search found.
    """CREATE FUNCTION patients_search(in_kanji text[], in_kana text[], pairs text[], skip_kanji text, skip_kana text,
                                      born date, after_key text, after_id bigint, size int)
       RETURNS TABLE (found_key text, found_id bigint)
       LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       BEGIN
         IF cardinality(pairs) = 0 THEN RETURN; END IF;
         RETURN QUERY SELECT p.kana_key::text, p.id FROM patients_patient p
           WHERE p.bigrams @> pairs::varchar[]
             AND (born IS NULL OR p.birth_on = born)
             AND (p.kana_key, p.id) > (after_key, after_id)
             AND NOT (skip_kanji <> '' AND p.kanji_key ^@ skip_kanji)
             AND NOT (skip_kana <> '' AND p.kana_key ^@ skip_kana)
             AND NOT EXISTS (SELECT FROM unnest(in_kanji) word WHERE strpos(p.kanji_key, word) = 0)
             AND NOT EXISTS (SELECT FROM unnest(in_kana) word WHERE strpos(p.kana_key, word) = 0)
             AND (p.facility_id = (SELECT gate_facility()) OR gate_sees_patient(p.id))
           ORDER BY p.kana_key, p.id LIMIT least(size, 500);
       END $$""",
    """ALTER FUNCTION patients_search(text[], text[], text[], text, text, date, text, bigint, int)
       OWNER TO gate_reader""",
]


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
        ('patients', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
        migrations.AlterModelOptions(
            name='insurednumber',
            options={'ordering': ['-valid_from', '-id']},
        ),
        migrations.AlterModelOptions(
            name='keycontact',
            options={'ordering': ['id']},
        ),
        migrations.AddField(
            model_name='insurednumber',
            name='match_key',
            field=models.CharField(blank=True, db_collation='C', db_index=True, editable=False, max_length=120),
        ),
        migrations.AddField(
            model_name='keycontact',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='patient',
            name='kana',
            field=models.CharField(blank=True, max_length=200, verbose_name='カナ'),
        ),
        migrations.AlterField(
            model_name='patient',
            name='kana_key',
            field=models.CharField(db_collation='C', editable=False, max_length=200),
        ),
        migrations.AlterField(
            model_name='patient',
            name='kanji_key',
            field=models.CharField(db_collation='C', editable=False, max_length=200),
        ),
        migrations.AlterField(
            model_name='patient',
            name='name',
            field=models.CharField(max_length=200, verbose_name='氏名'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['phone_digits'], condition=~models.Q(phone_digits=''), name='patient_of_region_by_phone'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['kana_key', 'id'], name='patient_of_region_by_kana'),
        ),
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(fields=['kanji_key', 'id'], name='patient_of_region_by_kanji'),
        ),
    ]
