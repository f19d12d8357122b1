"""Reads instants as quickly as Python can: a page of referrals has two hundred of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzLoader


class Instant(TimestamptzLoader):
    """``timestamptz`` of a session in UTC; what Python cannot read (infinity, years BC) is left to the driver."""

    timezone = UTC
    """What Django looks for before it puts a loader of its own in place."""

    def load(self, data: Buffer) -> datetime:
        """An aware instant in UTC."""
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)


def register(connection: Any) -> None:
    """For every cursor of ``connection``."""
    connection.adapters.register_loader("timestamptz", Instant)
