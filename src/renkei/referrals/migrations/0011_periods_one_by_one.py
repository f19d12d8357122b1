"""The wall looks up the period of the row at hand; it no longer reads all periods of the facility first (ADR 0012)."""

from django.db import migrations

from renkei.gate.rls import Rewall, in_open_period

CHANGEABLE = ("referral", "referralletter", "dateoffer", "replyletter", "attachment", "deadline", "papercode", "ordernumber")
ADDED_ONLY = ("referralmove", "message", "messageread")


def of_circle(table: str) -> str:
    """The predicate of one table of this module."""
    return in_open_period(f"{table}.circle_id", "circle_id")


class Migration(migrations.Migration):

    dependencies = [
        ("circles", "0008_periods_one_by_one"),
        ("referrals", "0010_prints_of_papers"),
    ]

    operations = [
        *(Rewall(t, using=of_circle(t), check=of_circle(t), update=of_circle(t)) for t in (f"referrals_{n}" for n in CHANGEABLE)),
        *(Rewall(t, using=of_circle(t), check=of_circle(t)) for t in (f"referrals_{n}" for n in ADDED_ONLY)),
    ]
