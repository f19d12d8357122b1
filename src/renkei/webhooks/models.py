"""Where a house's events go, and what became of each."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from renkei.gate.models import FacilityData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.webhooks.types import State


class Subscription(FacilityData):
    """One receiver of one house. ``secret`` is sealed; it is shown once, when it is made.

    ``failures`` counts attempts in a row that failed; ``stopped_at`` is when they stopped it.
    """

    versioned = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"secret"})

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    name = models.CharField("名称", max_length=60)
    url = models.CharField("送り先", max_length=500)
    kinds = ArrayField(models.CharField(max_length=40), default=list)
    secret = models.CharField(max_length=300)
    enabled = models.BooleanField("送る", default=True)
    failures = models.PositiveIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Delivery(FacilityData):
    """One event for one receiver. ``event_id`` stays the same through every attempt; nothing here is about a patient."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="deliveries")
    event_id = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    referral_uid = models.UUIDField()
    number = models.CharField(max_length=16)
    occurred_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    answered = models.PositiveSmallIntegerField(null=True, blank=True)
    says = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_at"], name="deliveries_due", condition=models.Q(state="waiting")),
            models.Index(fields=["subscription", "-id"], name="deliveries_of_receiver"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "event_id"], name="delivery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
