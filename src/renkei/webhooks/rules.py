"""The number of this module: an effective-dated rule of each facility over the national one of the migration."""

from __future__ import annotations

from renkei.directory.queries import rule

FAILURES = "webhook.failures_until_stop"


def failures_until_stop(facility_id: int) -> int:
    """After how many failed attempts in a row a receiver is stopped."""
    return int(rule(FAILURES, facility_id))
