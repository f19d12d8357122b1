"""Functions that a report said are told from those that a facility says of itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0008_import_columns"),
    ]

    operations = [
        migrations.AddField(
            model_name="facilityprofile",
            name="functions_year",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="報告年"),
        ),
    ]
