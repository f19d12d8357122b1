"""A number without the house that gave it is looked up, too (FHIR: identifier without a system)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0011_suspension'),
        ('patients', '0003_regional_person'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='patient',
            index=models.Index(condition=models.Q(('local_number', ''), _negated=True), fields=['local_number'], name='patient_of_region_by_number'),
        ),
    ]
