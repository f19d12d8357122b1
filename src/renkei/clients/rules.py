"""The numbers of this module: effective-dated rules, with these values where no rule stands."""

from __future__ import annotations

from renkei.directory.queries import rule

DEFAULTS: dict[str, int] = {
    # SMART Backend Services: "expires_in SHOULD NOT exceed 300".
    "client.system_token_seconds": 300,
    "client.app_token_seconds": 900,
    "client.app_days": 90,
    "client.key_days": 400,
}
CODE_SECONDS = 60
"""Life of an authorization code: an app fetches its token at once (RFC 6749 4.1.2 allows ten minutes at most)."""
ASSERTION_SECONDS = 300
"""The furthest ``exp`` of a signed log-in (SMART Backend Services)."""
LEEWAY_SECONDS = 30
TELL_DAYS = (30, 7, 1)
"""Days before a key ends on which the facility's administrators are told."""


def number(code: str, facility_id: int) -> int:
    """The number of ``code`` in force today for a facility."""
    return int(rule(code, facility_id, default=DEFAULTS[code]))
