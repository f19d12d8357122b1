"""A membership is made by the facility it belongs to, or by the log-in pages; nobody joins a house by themselves."""

from __future__ import annotations

from django.db import migrations

from renkei.gate.rls import FACILITY, rule

HOUSE = rule(FACILITY, facility_id="facility_id") + " OR (SELECT gate_system())"
NARROWER = [
    f"ALTER POLICY added ON accounts_membership WITH CHECK ({HOUSE})",
    # Reading under lock needs USING: who switches houses locks their own membership of the other one.
    f"ALTER POLICY changed ON accounts_membership USING ({HOUSE} OR person_id = (SELECT gate_person())) WITH CHECK ({HOUSE})",
]


class Migration(migrations.Migration):
    """After the invitations."""

    dependencies = [("accounts", "0002_invitations")]
    operations = [migrations.RunSQL(NARROWER, migrations.RunSQL.noop)]
