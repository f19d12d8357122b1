"""The number of this module: an effective-dated rule of each facility [K]."""

from __future__ import annotations

from renkei.directory.queries import rule

FAILURES = "webhook.failures_until_stop"
DEFAULTS = {FAILURES: 20}


def failures_until_stop(facility_id: int) -> int:
    """After how many failed attempts in a row a receiver is stopped."""
    return int(rule(FAILURES, facility_id, default=DEFAULTS[FAILURES]))
