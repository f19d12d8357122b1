"""How long a reply may lie unread before the clinic is told again (S43)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations


def seed(apps: Any, schema_editor: Any) -> None:
    """Under the owner, which the wall does not bind; the historical model has no guard."""
    rows = apps.get_model("directory", "Rule")._base_manager.using(schema_editor.connection.alias)
    rows.create(
        code="reply.unread_days",
        jurisdiction="JP",
        params={"value": 3},
        valid_from=date(2020, 4, 1),
        source="本製品の初期値(法令の定めではない)",
        certain=False,
    )


class Migration(migrations.Migration):
    """After the national defaults."""

    dependencies = [("directory", "0003_national_defaults")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
