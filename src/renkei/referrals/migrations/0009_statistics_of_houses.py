"""The database learns which houses have much more work than others.

A region has some hundred large houses among ten thousand. With the usual hundred most common values the planner takes a
hospital for an average clinic, and goes through everything it may see instead of what waits on its desk.
"""

from django.db import migrations

HOUSES = ["ALTER TABLE {} ALTER COLUMN {} SET STATISTICS 500".format(*column) for column in (
    ("circles_member", "facility_id"),
    ("referrals_referral", "sender_id"),
    ("referrals_referral", "receiver_id"),
    ("referrals_deadline", "facility_id"),
)]


class Migration(migrations.Migration):

    dependencies = [
        ("circles", "0006_search_functions"),
        ("referrals", "0008_print_jobs"),
    ]

    operations = [migrations.RunSQL(HOUSES, migrations.RunSQL.noop)]
