"""Whether a page may call the API: asked before anybody is known, so by a narrow function of ``gate_reader``."""

from __future__ import annotations

from django.db import migrations

from renkei.clients.wall import ORIGINS


class Migration(migrations.Migration):
    """Needs the table of clients."""

    dependencies = [("clients", "0001_initial"), ("gate", "0001_wall")]
    operations = [migrations.RunSQL(ORIGINS, migrations.RunSQL.noop)]
