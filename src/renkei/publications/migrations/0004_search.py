"""The search knows who is listed; the log of the counter; the bands of distance and the pace of the public pages."""

from __future__ import annotations

from datetime import date
from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models

from renkei.gate.rls import FACILITY, Protect, rule

DEFAULTS: tuple[tuple[str, Any], ...] = (("search.distance_bands", [1, 2, 5, 10, 20]), ("search.looks_per_minute", 60))


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.bulk_create(
        rows.model(
            code=code,
            jurisdiction="JP",
            params={"value": value},
            valid_from=date(2020, 4, 1),
            source="本製品の初期値(法令の定めではない)",
            certain=False,
        )
        for code, value in DEFAULTS
    )


class Migration(migrations.Migration):

    dependencies = [
        ('gate', '0003_history'),
        ('directory', '0006_profile'),
        ('publications', '0003_functions'),
        ('referrals', '0007_own_periods'),
    ]

    operations = [
        migrations.AddField(
            model_name='searchentry',
            name='closed_on',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='searchentry',
            name='listed',
            field=models.BooleanField(default=True),
        ),
        migrations.CreateModel(
            name='CounterSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
                ('uid', models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True)),
                ('started_at', models.DateTimeField(default=renkei.kernel.clock.now, verbose_name='受付')),
                ('staff', models.CharField(max_length=120, verbose_name='担当')),
                ('need', models.JSONField(blank=True, default=dict, verbose_name='希望')),
                ('need_note', models.CharField(blank=True, max_length=300, verbose_name='希望の補足')),
                ('shortlist', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('printed_at', models.DateTimeField(blank=True, null=True)),
                ('way', models.CharField(blank=True, choices=[('guided', '案内のみ'), ('referral', '逆紹介状を作成'), ('appointment', '初診の予約を依頼')], max_length=12, verbose_name='ご案内の方法')),
                ('way_note', models.CharField(blank=True, max_length=300, verbose_name='内容')),
                ('outcome', models.CharField(blank=True, choices=[('visited', '受診した'), ('not_visited', '受診しなかった'), ('unknown', '確認できない'), ('nothing', '合う先がなかった')], max_length=12, verbose_name='結果')),
                ('visited_on', models.DateField(blank=True, null=True, verbose_name='受診日')),
                ('outcome_note', models.CharField(blank=True, max_length=300, verbose_name='結果の補足')),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('consent', models.BooleanField(default=False, verbose_name='氏名の記録に同意')),
                ('patient_name', models.CharField(blank=True, max_length=100, verbose_name='氏名')),
                ('chosen', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility', verbose_name='選んだ先')),
                ('facility', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='directory.facility')),
                ('referral', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.referral')),
            ],
            options={
                'ordering': ['-started_at', '-id'],
                'indexes': [models.Index(fields=['facility', 'started_at'], name='counter_by_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('consent', True), models.Q(('patient_name', ''), ('referral', None)), _connector='OR'), name='counter_name_by_consent')],
            },
        ),
        Protect("publications_countersession", using=rule(FACILITY, facility_id="facility_id")),
        migrations.RunPython(seed, migrations.RunPython.noop, elidable=False),
    ]
