"""Circle (共有範囲): a patient plus the facilities that may see this thing, each for a period."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.db.models import F, Q

from renkei.circles.types import Level, Source
from renkei.gate.models import PatientData
from renkei.kernel import clock

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


class Circle(PatientData):
    """What is shared with whom about one patient; every row about the matter carries its key."""

    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="circles")
    owner_facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=40)
    opened_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.purpose} #{self.pk}"


class Member(PatientData):
    """A facility's period in a circle; ends, is never removed. ``patient`` is repeated for the one-probe check."""

    circle = models.ForeignKey(Circle, models.PROTECT, related_name="members")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.FULL)
    source = models.CharField(max_length=12, choices=Source.choices)
    valid_from = models.DateTimeField(default=clock.now)
    valid_until = models.DateTimeField(default=FOREVER)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["circle", "facility"], name="member_of_circle", include=["valid_from", "valid_until"]
            ),
            models.Index(
                fields=["patient", "facility"],
                name="member_of_patient",
                include=["valid_from", "valid_until"],
            ),
            models.Index(fields=["facility", "circle"], name="circles_of_facility"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="member_period_in_order"
            )
        ]


class EmergencyAccess(PatientData):
    """緊急参照: who opened whose record without being in the circle, why, and what the review said."""

    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    person_label = models.CharField(max_length=120)
    reason = models.CharField(max_length=500)
    opened_at = models.DateTimeField(default=clock.now)
    valid_until = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.CharField(max_length=120, blank=True)
    review = models.CharField(max_length=500, blank=True)
    justified = models.BooleanField(null=True, blank=True)
