"""Circle (共有範囲): a patient plus the facilities that may see this thing, each for a period."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType, Level, Source
from renkei.gate.models import FacilityData, PatientData
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


class Consent(PatientData):
    """同意・留保: what the patient, or who may speak for them, said about sharing (rules I.3).

    ``facilities`` are the keys of the facilities it names; ``reservation`` is what the patient keeps back (留保) and beats
    every implied consent. Withdrawn, never removed.
    """

    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="consents")
    type = models.CharField("種類", max_length=24, choices=ConsentType.choices)
    reach = models.CharField("範囲", max_length=12, choices=ConsentReach.choices)
    facilities = ArrayField(models.BigIntegerField(), default=list, blank=True)
    named_person = models.CharField("相手の人", max_length=80, blank=True)
    info_classes = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    purpose = models.CharField("目的", max_length=200)
    given_by = models.CharField("同意した人", max_length=80)
    relation = models.CharField("続柄", max_length=40, blank=True)
    method = models.CharField("方法", max_length=12, choices=ConsentMethod.choices)
    evidence = models.CharField("根拠の所在", max_length=200, blank=True)
    reservation = models.CharField("留保", max_length=300, blank=True)
    valid_from = models.DateTimeField(default=clock.now)
    recorded_by = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=120, blank=True)
    withdraw_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-valid_from", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by="") | Q(withdrawn_at__isnull=False),
                name="withdrawal_has_its_instant",
            )
        ]


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
    consent = models.ForeignKey(Consent, models.PROTECT, null=True, blank=True, related_name="members")

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
            models.Index(
                fields=["facility", "patient"],
                name="patients_of_facility",
                include=["valid_from", "valid_until"],
            ),
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


class EmergencySearch(FacilityData):
    """One look for a patient outside the circles: who and when. Limits the searches per hour."""

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    searched_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["person_id", "searched_at"], name="emergency_search_by_person")]
