"""A system that takes a document in has no person behind it, and its sender may be new to the directory.

Beside people, a client of a facility may add houses that do not use Renkei; it changes none.
"""

from django.db import migrations

MET = """CREATE POLICY met ON directory_facility FOR INSERT TO renkei_app, renkei_worker
 WITH CHECK ((SELECT gate_facility()) IS NOT NULL AND NOT uses_renkei)"""


class Migration(migrations.Migration):
    dependencies = [
        ("gate", "0003_history"),
        ("directory", "0004_unread_reply"),
    ]

    operations = [migrations.RunSQL(MET, "DROP POLICY met ON directory_facility")]
