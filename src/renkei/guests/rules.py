"""The numbers of this module: effective-dated rules of each facility, with these values where no rule stands.

None of them stands in a source; they are a beginning that every house changes [K].
"""

from __future__ import annotations

from renkei.directory.queries import rule

DEFAULTS: dict[str, int] = {"guest.open_limit": 3, "guest.asks_per_hour": 10, "guest.looks_per_hour": 30}
MOST_FILES = 5
MOST_FILE_BYTES = 10 * 1024 * 1024
MOST_BODY_BYTES = 25 * 1024 * 1024


def number(code: str, facility_id: int | None = None) -> int:
    """The number of ``code`` in force today."""
    return int(rule(code, facility_id, default=DEFAULTS[code]))
