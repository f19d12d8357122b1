"""The outbox: an event is a row of the same transaction as what it tells."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class OutboxEvent(models.Model):
    """One event waiting for, or delivered to, its subscribers."""

    scope: ClassVar[str] = "system"

    # The key is drawn here, so that an insert needs no RETURNING: whoever emits may not read the outbox.
    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"], name="events_undelivered", condition=models.Q(delivered_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"
