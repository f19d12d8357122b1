"""The numbers of this module: effective-dated rules of each facility over the national ones of the migration."""

from __future__ import annotations

from renkei.directory.queries import rule

MOST_FILES = 5
MOST_FILE_BYTES = 10 * 1024 * 1024
MOST_BODY_BYTES = 25 * 1024 * 1024


def number(code: str, facility_id: int | None = None) -> int:
    """The number of ``code`` in force today."""
    return int(rule(code, facility_id))
