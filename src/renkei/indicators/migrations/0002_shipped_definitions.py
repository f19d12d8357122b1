"""The definitions that the catalog ships, as effective-dated rules; newer ones come by ``load_reference``."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from renkei.indicators.registry import shipped_rules


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.bulk_create(
        rows.model(
            code=rule["code"],
            jurisdiction=rule["jurisdiction"],
            valid_from=rule["valid_from"],
            params={"value": rule["params"]},
            source=rule["source"],
            certain=rule["certain"],
        )
        for rule in shipped_rules()
    )


class Migration(migrations.Migration):
    """After the tables."""

    dependencies = [("indicators", "0001_initial"), ("directory", "0004_unread_reply")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
