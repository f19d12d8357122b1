"""Look-up keys, the drawing of the way apart from the facility, and uploaded lists that wait for a person."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import renkei.kernel.clock
import renkei.kernel.identifiers
from django.db import migrations, models
from renkei.gate.rls import EVERYBODY, FACILITY, KNOWN, Protect, rule


class Migration(migrations.Migration):
    dependencies = [
        ("gate", "0001_wall"),
        ("directory", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FacilityImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.UUIDField(default=renkei.kernel.identifiers.uuid7, editable=False, unique=True),
                ),
                ("person_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=255)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(default=renkei.kernel.clock.now)),
                ("applied_at", models.DateTimeField(null=True)),
                ("summary", models.JSONField(default=dict)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MapPicture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.BinaryField()),
                ("media_type", models.CharField(max_length=20)),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.RemoveField(
            model_name="facility",
            name="map_image",
        ),
        migrations.AddField(
            model_name="facility",
            name="search_pairs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=2), blank=True, default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="facility",
            name="version",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="facility",
            name="search_key",
            field=models.CharField(blank=True, editable=False, max_length=400),
        ),
        migrations.AddIndex(
            model_name="facility",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search_pairs"], name="facility_search"),
        ),
        migrations.AddIndex(
            model_name="facility",
            index=models.Index(fields=["kana", "id"], name="facility_by_kana"),
        ),
        migrations.AddField(
            model_name="facilityimport",
            name="facility",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="directory.facility"
            ),
        ),
        migrations.AddField(
            model_name="mappicture",
            name="facility",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="map_picture",
                to="directory.facility",
            ),
        ),
        Protect("directory_mappicture", using=EVERYBODY, check=KNOWN, deletable=True, update=KNOWN),
        Protect("directory_facilityimport", using=rule(FACILITY, facility_id="facility_id")),
        # A special relation can end; nothing else of the directory is ever deleted.
        migrations.RunSQL(
            [
                "GRANT DELETE ON directory_specialrelation TO renkei_app, renkei_worker",
                f"CREATE POLICY removed ON directory_specialrelation FOR DELETE TO renkei_app, renkei_worker USING ({KNOWN})",
            ],
            migrations.RunSQL.noop,
        ),
    ]
