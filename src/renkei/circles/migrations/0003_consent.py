"""Consent (同意・留保), and the search that comes before emergency access."""

import django.contrib.postgres.fields
import django.db.models.deletion
import renkei.kernel.clock
import renkei.kernel.identifiers
from renkei.gate.rls import FACILITY, PATIENT, Protect, rule
from django.db import migrations, models

LOOK = [
    # How often this person searched in the last hour, at whichever facility.
    """CREATE FUNCTION circles_emergency_searches() RETURNS bigint
       LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       BEGIN
         RETURN (SELECT count(*) FROM circles_emergencysearch s
                 WHERE s.person_id = gate_person() AND s.searched_at > gate_now() - interval '1 hour');
       END $$""",
    # Exact name or reading with the birth date, at most ten, and only what identifies. The search has to be on record
    # before it is made, and more than twenty in an hour find nothing, whoever calls.
    """CREATE FUNCTION circles_find_in_emergency(name_key text, reading_key text, born date)
       RETURNS TABLE (found_id bigint, found_name text, found_kana text, found_birth date, found_facility text)
       LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
       BEGIN
         IF gate_facility() IS NULL OR circles_emergency_searches() NOT BETWEEN 1 AND 20 THEN RETURN; END IF;
         RETURN QUERY SELECT p.id, p.name::text, p.kana::text, p.birth_on, f.name::text
           FROM patients_patient p JOIN directory_facility f ON f.id = p.facility_id
           WHERE p.birth_on = born
             AND ((name_key <> '' AND p.kanji_key = name_key) OR (reading_key <> '' AND p.kana_key = reading_key))
           ORDER BY p.kana_key, p.id LIMIT 10;
       END $$""",
    "ALTER FUNCTION circles_emergency_searches() OWNER TO gate_reader",
    "ALTER FUNCTION circles_find_in_emergency(text, text, date) OWNER TO gate_reader",
]


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0001_wall'),
        ('circles', '0002_emergency'),
        ('directory', '0001_initial'),
        ('patients', '0002_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('type', models.CharField(choices=[('implicit_notice', '院内掲示による黙示の同意'), ('explicit_network', '地域連携ネットワークへの参加同意'), ('explicit_inquiry', '照会時の明示の同意'), ('path', '地域連携パスへの同意'), ('research_anonymised', '匿名化した研究利用への同意'), ('card', '緊急カードへの同意'), ('transport', '搬送時の情報提供への同意')], max_length=24, verbose_name='種類')),
                ('reach', models.CharField(choices=[('all', '参加するすべての施設'), ('org_list', '名指しした複数の施設'), ('org', '1つの施設'), ('person', '特定の人')], max_length=12, verbose_name='範囲')),
                ('facilities', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('named_person', models.CharField(blank=True, max_length=80, verbose_name='相手の人')),
                ('info_classes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=24), blank=True, default=list, size=None)),
                ('purpose', models.CharField(max_length=200, verbose_name='目的')),
                ('given_by', models.CharField(max_length=80, verbose_name='同意した人')),
                ('relation', models.CharField(blank=True, max_length=40, verbose_name='続柄')),
                ('method', models.CharField(choices=[('paper', '書面'), ('oral', '口頭(診療録に記載)'), ('electronic', '電子')], max_length=12, verbose_name='方法')),
                ('evidence', models.CharField(blank=True, max_length=200, verbose_name='根拠の所在')),
                ('reservation', models.CharField(blank=True, max_length=300, verbose_name='留保')),
                ('valid_from', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('recorded_by', models.CharField(max_length=120)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_by', models.CharField(blank=True, max_length=120)),
                ('withdraw_reason', models.CharField(blank=True, max_length=200)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='patients.patient')),
            ],
            options={
                'ordering': ['-valid_from', '-id'],
            },
        ),
        migrations.AddField(
            model_name='member',
            name='consent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='circles.consent'),
        ),
        migrations.CreateModel(
            name='EmergencySearch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person_id', models.BigIntegerField()),
                ('searched_at', models.DateTimeField(default=renkei.kernel.clock.now)),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
            ],
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at', None), ('withdrawn_by', '')), ('withdrawn_at__isnull', False), _connector='OR'), name='withdrawal_has_its_instant'),
        ),
        migrations.AddIndex(
            model_name='emergencysearch',
            index=models.Index(fields=['person_id', 'searched_at'], name='emergency_search_by_person'),
        ),
        Protect("circles_consent", using=rule(PATIENT, patient_id="patient_id")),
        Protect("circles_emergencysearch", using=rule(FACILITY, facility_id="facility_id"), update="false"),
        migrations.RunSQL(LOOK, migrations.RunSQL.noop),
    ]
