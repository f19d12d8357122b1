"""Which row a duplicate was joined to, and the yearly confirmation of what a facility shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.create(
        code="directory.confirm_months",
        jurisdiction="JP",
        params={"value": 12},
        valid_from=date(2020, 4, 1),
        source="本製品の初期値(法令の定めではない)",
        certain=False,
    )


class Migration(migrations.Migration):
    """After the tables of the profile."""

    dependencies = [("directory", "0006_profile")]
    operations = [
        migrations.AddField(
            "facility",
            "joined_to",
            models.ForeignKey(
                "directory.facility",
                django.db.models.deletion.PROTECT,
                null=True,
                blank=True,
                related_name="duplicates",
            ),
        ),
        migrations.AddField(
            "facilityprofile",
            "reminded_on",
            models.DateField("確認を依頼した日", null=True, blank=True),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop, elidable=False),
    ]
