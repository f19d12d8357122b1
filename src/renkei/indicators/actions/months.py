"""The lock between those who write events of a month and those who close it."""

from __future__ import annotations

from datetime import date

from django.db import connection

from renkei.indicators.models import MonthClosing

SPACE = 5_801
"""A number space of its own for advisory locks."""


def hold(facility_id: int, *, alone: bool) -> None:
    """Until the end of the transaction: many may write events at once, but nobody while a month is being closed."""
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [SPACE, facility_id])


def closed_months(facility_id: int) -> set[date]:
    """The months of a facility that are closed now; the caller holds the lock."""
    rows = MonthClosing._base_manager.filter(facility_id=facility_id, reopened_at=None)
    return set(rows.values_list("month_on", flat=True))
