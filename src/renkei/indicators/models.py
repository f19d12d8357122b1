"""What is counted and what was counted: visits, back-referrals, closed months with their figures, reports."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from renkei.gate.models import FacilityData
from renkei.indicators.types import ArrivalMode, Entered, ReferralDocument
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class EventImport(FacilityData):
    """A CSV of visits or back-referrals, kept as it came until it is read; ``rows_done`` says how far.

    ``state`` is waiting, running, done or failed; ``takes_late`` with ``reason``: rows of closed months come in as
    corrections (締め後の訂正).
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, default="visits")
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="waiting")
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_joined = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_late = models.PositiveIntegerField(default=0)
    rows_bad = models.PositiveIntegerField(default=0)
    unknown_columns = models.JSONField(default=list)
    takes_late = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    failure = models.CharField(max_length=300, blank=True)
    uploaded_by = models.CharField(max_length=120, blank=True)
    uploaded_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-id"]
        indexes = [models.Index(fields=["facility", "-uploaded_at"], name="event_imports_newest")]

    def __str__(self) -> str:
        return self.name


class EventImportProblem(FacilityData):
    """One row of a CSV that did not come in, with the column and what to do."""

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    event_import = models.ForeignKey(EventImport, models.PROTECT, related_name="problems")
    row_number = models.PositiveIntegerField()
    column = models.CharField(max_length=60)
    says = models.CharField(max_length=300)

    class Meta:
        ordering = ["event_import_id", "row_number", "id"]
        constraints = [
            models.UniqueConstraint(fields=["event_import", "row_number", "column"], name="problem_told_once")
        ]


class Event(FacilityData):
    """What visits and back-referrals share. ``key`` keeps the same event from coming in twice.

    ``late`` rows came in after their month was closed: they count only once the month is opened again.
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    department = models.CharField(max_length=60, blank=True)
    patient = models.ForeignKey("patients.Patient", models.PROTECT, null=True, blank=True, related_name="+")
    patient_number = models.CharField(max_length=20, blank=True)
    referral = models.ForeignKey(
        "referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+"
    )
    online_only = models.BooleanField(default=False)
    entered = models.CharField(max_length=8, choices=Entered.choices, default=Entered.PRODUCT)
    entered_at = models.DateTimeField(default=clock.now)
    key = models.CharField(max_length=80)
    event_import = models.ForeignKey(EventImport, models.PROTECT, null=True, blank=True, related_name="+")
    row_number = models.PositiveIntegerField(default=0)
    late = models.BooleanField(default=False)
    late_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class Visit(Event):
    """One visit (受診): the fields that the rules of both laws ask for (rules A.3 and A.7). ``municipality`` is where
    the patient lives, an area code of the directory."""

    visit_on = models.DateField()
    visit_time = models.TimeField(null=True, blank=True)
    is_first_visit = models.BooleanField(default=True)
    arrival_mode = models.CharField(max_length=20, choices=ArrivalMode.choices, default=ArrivalMode.WALK)
    is_holiday = models.BooleanField(default=False)
    is_night = models.BooleanField(default=False)
    via_emergency_program = models.BooleanField(default=False)
    checkup_detected = models.BooleanField(default=False)
    referral_doc = models.CharField(
        max_length=20, choices=ReferralDocument.choices, default=ReferralDocument.NONE
    )
    from_facility = models.ForeignKey(
        "directory.Facility", models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_name = models.CharField(max_length=120, blank=True)
    municipality = models.CharField(max_length=8, blank=True)
    fee_b005_11 = models.BooleanField(default=False)
    fee_b011 = models.BooleanField(default=False)
    final_reply_on = models.DateField(null=True, blank=True)
    joined_key = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["facility", "visit_on", "id"], name="visits_by_day"),
            models.Index(
                fields=["facility", "visit_on", "id"],
                name="visits_with_letter",
                condition=~Q(referral_doc="none"),
            ),
            models.Index(
                fields=["facility", "joined_key"], name="visits_joined", condition=~Q(joined_key="")
            ),
            models.Index(fields=["referral"], name="visits_of_referral"),
        ]
        constraints = [models.UniqueConstraint(fields=["facility", "key"], name="visit_once")]

    def __str__(self) -> str:
        return f"{self.visit_on} {self.patient_number}"


class BackReferral(Event):
    """One patient given back or on (逆紹介): a letter of the product, or a line of the house's own ledger."""

    issued_on = models.DateField()
    to_facility = models.ForeignKey(
        "directory.Facility", models.PROTECT, null=True, blank=True, related_name="+"
    )
    to_name = models.CharField(max_length=120, blank=True)
    consent = models.BooleanField(default=False)
    document_issued = models.BooleanField(default=False)
    fee_claimed = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["facility", "issued_on", "id"], name="back_referrals_by_day")]
        constraints = [models.UniqueConstraint(fields=["facility", "key"], name="back_referral_once")]

    def __str__(self) -> str:
        return f"{self.issued_on} {self.patient_number}"


class MonthClosing(FacilityData):
    """締め: a month whose figures stand. Opened again with a reason; a new closing is a new row."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    month_on = models.DateField()
    closed_at = models.DateTimeField(default=clock.now)
    closed_by = models.CharField(max_length=120)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_by = models.CharField(max_length=120, blank=True)
    reopen_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-month_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "month_on"], condition=Q(reopened_at=None), name="month_closed_once"
            )
        ]


class MonthlyFigure(FacilityData):
    """The counts of one indicator in a closed month, with the definition they were made with; never changed."""

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    closing = models.ForeignKey(MonthClosing, models.PROTECT, related_name="figures")
    month_on = models.DateField()
    indicator = models.CharField(max_length=60)
    counts = models.JSONField(default=dict)
    definition = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["closing", "indicator"], name="figure_once")]
        indexes = [models.Index(fields=["facility", "month_on"], name="figures_by_month")]


class Report(FacilityData):
    """業務報告書 of a fiscal year as it was made: its numbers and definition versions stay; a newer one is a new row."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField(default=1)
    content = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=clock.now)
    made_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["-fiscal_year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "fiscal_year", "number"], name="report_once")
        ]

    def __str__(self) -> str:
        return f"{self.fiscal_year} 第{self.number}版"
