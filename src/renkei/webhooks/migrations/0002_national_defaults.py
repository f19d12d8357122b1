"""The number that counts where no facility has set its own (全国の初期値); it stands in no source."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import migrations

DEFAULTS = (("webhook.failures_until_stop", 20),)


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

    dependencies = [("webhooks", "0001_initial"), ("directory", "0004_unread_reply")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
