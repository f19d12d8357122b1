"""Documents of other systems and scanned papers: byte-identical beside their reading, and what waits for a person."""

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


class ScanSource(models.TextChoices):
    """How pages came in."""

    UPLOAD = "upload", "画面から"
    FOLDER = "folder", "フォルダから"
    MAIL = "mail", "メールから"


class ScanFileState(models.TextChoices):
    """Where the reading of a file stands."""

    WAITING = "waiting", "読み取り待ち"
    READING = "reading", "読み取り中"
    DONE = "done", "読み取り済"
    FAILED = "failed", "読み取れません"


class ScanFile(FacilityData):
    """A file of scanned pages as it came, byte-identical; it may hold papers of several patients, so it belongs to the house.

    ``pages_read`` of ``pages`` is the progress; a killed worker goes on from there.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=10, choices=ScanSource.choices)
    came_from = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(default=clock.now)
    received_by = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=ScanFileState.choices, default=ScanFileState.WAITING)
    error = models.CharField(max_length=300, blank=True)
    pages = models.PositiveSmallIntegerField(default=0)
    pages_read = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["facility", "sha256"], name="scan_taken_in_once")]

    def __str__(self) -> str:
        return self.name


class ScanPage(FacilityData):
    """One page as a machine saw it: its codes, which way is up, whether it is one of our forms, a small picture."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"thumbnail", "codes"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    file = models.ForeignKey(ScanFile, models.PROTECT, related_name="seen")
    number = models.PositiveSmallIntegerField()
    codes = models.JSONField(default=list)
    turn = models.PositiveSmallIntegerField(default=0)
    form = models.BooleanField(default=False)
    thumbnail = models.BinaryField()

    class Meta:
        ordering = ["file_id", "number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="page_read_once")]


class ScanPartState(models.TextChoices):
    """What became of a paper."""

    UNMATCHED = "unmatched", "未照合"
    FILED = "filed", "登録済"
    DISCARDED = "discarded", "破棄"


class ScanPart(FacilityData):
    """One paper in a file: pages that belong together, filed on a referral or waiting for a person (未照合).

    ``why`` tells the person what was wrong with its code; ``proposed_id`` is the referral that a worthless code still names.
    ``follows`` is the paper with a code that lay right before pages without one: whose answer they may continue.
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    file = models.ForeignKey(ScanFile, models.PROTECT, related_name="parts")
    first_page = models.PositiveSmallIntegerField()
    last_page = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=ScanPartState.choices, default=ScanPartState.UNMATCHED)
    why = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    proposed = models.ForeignKey(
        "referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+"
    )
    follows = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    referral = models.ForeignKey(
        "referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+"
    )
    reply = models.ForeignKey(
        "referrals.ReplyLetter", models.PROTECT, null=True, blank=True, related_name="+"
    )
    file_uid = models.UUIDField(null=True, blank=True)
    late = models.BooleanField(default=False)
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = models.CharField(max_length=120, blank=True)
    by_code = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["file", "first_page"], name="part_cut_once")]
        indexes = [
            models.Index(fields=["facility", "state", "-id"], name="parts_by_state"),
            models.Index(fields=["referral"], name="parts_of_referral"),
        ]

    @property
    def page_count(self) -> int:
        """How many pages."""
        return self.last_page - self.first_page + 1


class Misfiling(FacilityData):
    """誤登録の記録: whose paper lay on whose referral, from when to when, who could see it and who did."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    part = models.ForeignKey(ScanPart, models.PROTECT, related_name="misfilings")
    wrong = models.ForeignKey("referrals.Referral", models.PROTECT, related_name="+")
    right = models.ForeignKey("referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=120, blank=True)
    undone_at = models.DateTimeField(default=clock.now)
    undone_by = models.CharField(max_length=120, blank=True)
    could_see = models.JSONField(default=list)
    looked = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]


class OrcaConnection(FacilityData):
    """Where a house's 日レセ answers. ``password`` is sealed; no page shows it again."""

    versioned = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})

    version = models.PositiveIntegerField(default=0, editable=False)
    facility = models.OneToOneField("directory.Facility", models.PROTECT, related_name="+")
    base_url = models.CharField("アドレス", max_length=200)
    user = models.CharField("利用者名", max_length=60)
    password = models.CharField(max_length=400)
    enabled = models.BooleanField("使う", default=True)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return self.base_url
