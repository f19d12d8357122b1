"""Rows on their way into a table by COPY: keys are given here, so that rows can point at each other before they exist."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from django.db import models
from django.db.backends.utils import CursorWrapper
from psycopg.types.json import Jsonb


class Table:
    """The new rows of one model. ``numbered`` False leaves the key to the database (the trail draws its own)."""

    def __init__(self, cursor: CursorWrapper, model: type[models.Model], *, numbered: bool = True) -> None:
        self.cursor = cursor
        self.name = model._meta.db_table
        fields = [f for f in model._meta.concrete_fields if numbered or not f.primary_key]
        self.columns = [f.column for f in fields]
        self._places = {f.attname: place for place, f in enumerate(fields)}
        self._json = {f.attname for f in fields if isinstance(f, models.JSONField)}
        fresh = [
            f for f in fields if f.has_default() and callable(f.default) and f.default not in (list, dict)
        ]
        self._made_anew: dict[str, Callable[[], Any]] = {f.attname: f.default for f in fresh}
        self._blank = [None if f.primary_key or f in fresh else self._plain(f) for f in fields]
        self._key = self._places.get("id") if numbered else None
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {self.name}")
        self.last = int(cursor.fetchone()[0])
        self.rows: list[list[Any]] = []

    def add(self, **values: Any) -> int:
        """A row; columns by attribute name (``circle_id``), the rest by the model's defaults. Returns its key."""
        row = self._blank.copy()
        for name, make in self._made_anew.items():
            if name not in values:
                row[self._places[name]] = make()
        for name, value in values.items():
            plain = value.value if isinstance(value, Enum) else value
            row[self._places[name]] = Jsonb(plain) if name in self._json else plain
        if self._key is not None:
            self.last += 1
            row[self._key] = self.last
        self.rows.append(row)
        return self.last

    def _plain(self, field: models.Field[Any, Any]) -> Any:
        """A default that every row may share; a saved row has version 1."""
        if field.attname == "version":
            return 1
        default = field.get_default()
        default = default.value if isinstance(default, Enum) else default
        return Jsonb(default) if field.attname in self._json else default

    def sort(self, name: str) -> None:
        """Bring the rows in the order of a column, for tables without keys of ours."""
        self.rows.sort(key=lambda row: row[self._places[name]])

    def write(self) -> int:
        """COPY everything collected and set the sequence behind it; returns how many rows."""
        columns = ", ".join(f'"{column}"' for column in self.columns)
        with self.cursor.copy(f"COPY {self.name} ({columns}) FROM STDIN") as stream:
            for row in self.rows:
                stream.write_row(row)
        if self._key is not None and self.last:
            self.cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [self.name, self.last])
        return len(self.rows)
