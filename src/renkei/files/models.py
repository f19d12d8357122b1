"""Stored files: bytes in the database, so that a letter and its attachments commit, restore and vanish together."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class StoredFile(models.Model):
    """One file, byte-identical as it came. ``circle_id`` and ``facility_id`` are plain values (floor 0)."""

    scope: ClassVar[str] = "patient"

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    circle_id = models.BigIntegerField(db_index=True)
    facility_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    stored_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
