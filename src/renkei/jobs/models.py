"""Why a job failed: the queue keeps states and counts, but not what went wrong."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class JobFailure(models.Model):
    """One failed attempt of a job of the queue (``job_number``), with the first line of its error."""

    scope: ClassVar[str] = "system"

    # Drawn here, so that an insert needs no RETURNING: a job that acts as nobody may note its failure, not read it.
    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job_number = models.BigIntegerField()
    attempt = models.PositiveIntegerField()
    error = models.CharField(max_length=500)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["job_number", "-uid"], name="failures_of_job")]

    def __str__(self) -> str:
        return f"#{self.job_number}: {self.error}"
