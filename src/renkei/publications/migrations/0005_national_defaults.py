"""What counts for reports on functions where no facility and no prefecture has set its own (全国の初期値)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

OWN = "本製品の初期値(法令の定めではない)"
DEFAULTS: tuple[tuple[str, int], ...] = (("functions.hospital_class", 0), ("functions.gap_percent", 20))
FROM = date(2020, 4, 1)


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.bulk_create(
        rows.model(
            code=code, jurisdiction="JP", params={"value": value}, valid_from=FROM, source=OWN, certain=False
        )
        for code, value in DEFAULTS
    )


class Migration(migrations.Migration):
    """After the table of rules."""

    dependencies = [("publications", "0004_search"), ("directory", "0008_import_columns")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
