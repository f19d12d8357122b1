"""A house finds the patients that others share with it by an index that holds nothing else."""

from django.db import migrations, models


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
    ]
