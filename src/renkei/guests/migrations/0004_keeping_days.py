"""How long a request stays open, and how long a refused or expired one keeps what it says about a patient."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

DEFAULTS = (("guest.open_days", 30), ("guest.keep_days", 90))


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
    """After the columns."""

    dependencies = [("guests", "0003_blanked"), ("directory", "0005_met_on_paper")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
