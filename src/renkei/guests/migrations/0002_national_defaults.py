"""The numbers that count where no facility has set its own (全国の初期値); none of them stands in a source."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

DEFAULTS = (("guest.open_limit", 3), ("guest.asks_per_hour", 10), ("guest.looks_per_hour", 30))


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
    """After the tables."""

    dependencies = [("guests", "0001_initial"), ("directory", "0004_unread_reply")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
