"""Documents of other systems: what was taken in, byte-identical beside its reading, and what waits for a person."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from renkei.gate.models import FacilityData, PatientData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class ImportedDocument(PatientData):
    """One document that became a referral. The bytes lie in ``files`` as they came; here stands what was read of them.

    ``sections`` is a list of ``{"code", "title", "path", "text"}``: everything readable, nothing dropped.
    """

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.OneToOneField("referrals.Referral", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    format = models.CharField(max_length=20)
    file_uid = models.UUIDField()
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    sender_number = models.CharField(max_length=20, blank=True)
    document_number = models.CharField(max_length=200, blank=True)
    document_version = models.PositiveIntegerField(default=1)
    profile = models.CharField(max_length=200, blank=True)
    profile_version = models.CharField(max_length=20, blank=True)
    sections = models.JSONField(default=list)
    warnings = models.JSONField(default=list)
    forced = models.BooleanField(default=False)
    forced_note = models.CharField(max_length=500, blank=True)
    imported_at = models.DateTimeField(default=clock.now)
    imported_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["facility", "sha256"], name="document_taken_in_once")]
        indexes = [
            models.Index(
                fields=["facility", "sender_number", "document_number"], name="documents_by_their_number"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WaitingDocument(FacilityData):
    """A readable document that a person must decide about: who the patient is, or whether it is meant for this house.

    Its bytes are emptied once it was decided; the row stays.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    questions = models.JSONField(default=list)
    uploaded_by = models.CharField(max_length=120, blank=True)
    uploaded_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "sha256"],
                condition=models.Q(decided_at__isnull=True),
                name="document_waits_once",
            )
        ]

    def __str__(self) -> str:
        return self.name
