"""A regional person is a number without a name: known staff may draw one, nobody changes one."""

from __future__ import annotations

from django.db import migrations

FIXED = ["ALTER POLICY changed ON patients_regionalperson USING (false) WITH CHECK (false)"]


class Migration(migrations.Migration):
    """After the search."""

    dependencies = [("patients", "0002_search")]
    operations = [migrations.RunSQL(FIXED, migrations.RunSQL.noop)]
