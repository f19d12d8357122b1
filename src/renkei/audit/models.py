"""The trail: append-only entries and the seals that chain them.

No foreign keys: an entry outlives whatever it speaks of. The application's database roles may only INSERT and SELECT.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from renkei.kernel import clock


class Outcome(models.TextChoices):
    """How the attempt ended."""

    DONE = "done", "実行"
    READ = "read", "閲覧"
    DENIED = "denied", "拒否"


class AuditEntry(models.Model):
    """Who did what to whom, when; ``changes`` holds before and after of every row an action wrote."""

    scope: ClassVar[str] = "system"

    at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    action = models.CharField(max_length=80)
    says = models.CharField(max_length=200)
    actor_kind = models.CharField(max_length=12)
    person_id = models.BigIntegerField(default=0)
    actor_label = models.CharField(max_length=200, blank=True)
    facility_id = models.BigIntegerField(default=0)
    facility_label = models.CharField(max_length=200, blank=True)
    patient_ids = ArrayField(models.BigIntegerField(), default=list)
    subject = models.CharField(max_length=80, blank=True)
    subject_id = models.BigIntegerField(null=True)
    shown = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["facility_id", "-id"], name="audit_by_facility"),
            models.Index(fields=["subject", "subject_id", "id"], name="audit_by_subject"),
            GinIndex(fields=["patient_ids"], name="audit_by_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_label} {self.says}"


class AuditSeal(models.Model):
    """A closed batch of entries: ``digest`` covers every line of the batch and the digest before it."""

    scope: ClassVar[str] = "system"

    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField(unique=True)
    entry_count = models.PositiveIntegerField()
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.first_entry}–{self.last_entry} {self.digest[:12]}"
