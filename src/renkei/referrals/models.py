"""The trunk: one table of referrals with a kind; letters, moves, replies, dates, messages and deadlines around it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from renkei.circles.types import Basis
from renkei.gate.models import FacilityData, PatientData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.referrals.types import LetterContent, ReplyKind, State, Urgency


class Referral(PatientData):
    """One request from a sender to a receiver about a patient, from draft to close.

    ``sender_*`` and ``receiver_*`` repeat printed names, so that a letter keeps them when people and places change.
    A receiver without a facility row (``receiver`` None) is reached on paper.
    """

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="referrals")
    receiver_patient = models.ForeignKey(
        "patients.Patient", models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=24, default="referral")
    number = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=12, default=State.DRAFT, choices=[(s.value, s.value) for s in State])
    urgency = models.CharField(
        max_length=8, default=Urgency.ROUTINE, choices=[(u.value, u.value) for u in Urgency]
    )
    sender = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    sender_department = models.CharField(max_length=60, blank=True)
    sender_physician_id = models.BigIntegerField(default=0)
    sender_physician = models.CharField(max_length=80, blank=True)
    receiver = models.ForeignKey(
        "directory.Facility", models.PROTECT, null=True, blank=True, related_name="+"
    )
    receiver_name = models.CharField(max_length=120, blank=True)
    receiver_department = models.CharField(max_length=60, blank=True)
    receiver_physician = models.CharField(max_length=80, blank=True)
    electronic = models.BooleanField(default=True)
    suggested = models.ForeignKey(
        "directory.Facility", models.PROTECT, null=True, blank=True, related_name="+"
    )
    wish = models.CharField(max_length=200, blank=True)
    wish_from = models.DateField(null=True, blank=True)
    wish_until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=20, choices=Basis.choices, default=Basis.POSTED_NOTICE)
    basis_note = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=12, default="screen")
    purpose = models.CharField(max_length=200, blank=True)
    diagnosis = models.CharField(max_length=200, blank=True)
    answers = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="back_referrals")
    entered_by_id = models.BigIntegerField(default=0)
    entered_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    appointment_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)
    back_referral_planned = models.BooleanField(default=False)
    final_report_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=500, blank=True)
    moved_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["receiver", "state", "-sent_at"], name="referral_inbox"),
            models.Index(fields=["sender", "state", "-created_at"], name="referral_outbox"),
            models.Index(fields=["receiver", "appointment_at"], name="referral_by_date"),
            models.Index(fields=["patient", "-created_at"], name="referral_of_patient"),
            models.Index(
                fields=["receiver"],
                name="referral_planned_back",
                condition=Q(back_referral_planned=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State]), name="referral_state_of_the_table"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.CLOSED) | Q(final_report_at__isnull=False) | ~Q(close_reason=""),
                name="closed_with_report_or_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.DRAFT, State.WITHDRAWN]) | Q(sent_at__isnull=False),
                name="sent_has_an_instant",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ReferralLetter(PatientData):
    """One version of the 診療情報提供書. Once finalised the database refuses any change; a correction is a new version."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="letters")
    number = models.PositiveSmallIntegerField(default=1)
    content = models.JSONField(default=dict)
    printed = models.JSONField(default=dict)
    correction_reason = models.CharField(max_length=200, blank=True)
    entered_by_id = models.BigIntegerField(default=0)
    entered_by = models.CharField(max_length=80, blank=True)
    finalised_by_id = models.BigIntegerField(default=0)
    finalised_by = models.CharField(max_length=80, blank=True)
    finalised_at = models.DateTimeField(null=True, blank=True)
    original_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    saved_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["referral_id", "number"]
        constraints = [models.UniqueConstraint(fields=["referral", "number"], name="letter_version_once")]

    def read_content(self) -> LetterContent:
        """The content as plain values."""
        return LetterContent.from_json(self.content)


class ReferralMove(PatientData):
    """One step in the life of a referral: who, when, from where to where; never changed (functional history)."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=clock.now)
    name = models.CharField(max_length=30)
    from_state = models.CharField(max_length=12)
    to_state = models.CharField(max_length=12)
    says = models.CharField(max_length=300)
    note = models.CharField(max_length=500, blank=True)
    person_id = models.BigIntegerField(default=0)
    person = models.CharField(max_length=120, blank=True)
    facility_id = models.BigIntegerField(default=0)
    facility_name = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["referral_id", "id"]
        indexes = [models.Index(fields=["referral", "id"], name="moves_in_order")]


class DateOffer(PatientData):
    """A date offered, confirmed, moved or cancelled (日程); the one in force is on the referral."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="offers")
    starts_at = models.DateTimeField()
    department = models.CharField(max_length=60, blank=True)
    physician = models.CharField(max_length=80, blank=True)
    place = models.CharField(max_length=100, blank=True)
    bring = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, default="offered")
    offered_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True, blank=True)


class ReplyLetter(PatientData):
    """A reply (返書) of one of five kinds; a draft until the physician sends it, unchangeable afterwards.

    ``on_paper`` came by fax or post and was filed by the sender's house; ``taken_back_at`` is the instant at which a wrong
    filing was undone (誤登録の取り消し): the row stays, nobody is shown it any more.
    """

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="replies")
    kind = models.CharField(max_length=20, choices=[(k.value, k.value) for k in ReplyKind])
    text = models.TextField()
    plan = models.TextField(blank=True)
    diagnoses = models.JSONField(default=list)
    prescriptions = models.TextField(blank=True)
    entered_by_id = models.BigIntegerField(default=0)
    entered_by = models.CharField(max_length=80, blank=True)
    author_id = models.BigIntegerField(default=0)
    author = models.CharField(max_length=80, blank=True)
    facility_id = models.BigIntegerField()
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    first_read_at = models.DateTimeField(null=True, blank=True)
    first_read_by = models.CharField(max_length=120, blank=True)
    told_again_at = models.DateTimeField(null=True, blank=True)
    on_paper = models.BooleanField(default=False)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["referral_id", "id"]
        indexes = [
            models.Index(
                fields=["sent_at"],
                name="replies_unread",
                condition=Q(sent_at__isnull=False, first_read_at__isnull=True, told_again_at__isnull=True),
            )
        ]


class Attachment(PatientData):
    """A file with the letter or a reply; the bytes lie in ``files``."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="attachments")
    reply = models.ForeignKey(ReplyLetter, models.PROTECT, null=True, blank=True, related_name="attachments")
    file_uid = models.UUIDField()
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    added_at = models.DateTimeField(default=clock.now)
    added_by = models.CharField(max_length=120, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)


class PaperCode(PatientData):
    """The code of a paper that went out: which reply its form asks for, until when it counts, whether it was revoked.

    ``facility`` gave it out; at any other house it is worth nothing.
    """

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="paper_codes")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    key = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, blank=True)
    issued_at = models.DateTimeField(default=clock.now)
    issued_by = models.CharField(max_length=120, blank=True)
    valid_until = models.DateField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["referral_id", "id"]


class Message(PatientData):
    """A line between the two sides about a referral, or a telephone call that was noted."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="messages")
    at = models.DateTimeField(default=clock.now)
    text = models.TextField()
    by_telephone = models.BooleanField(default=False)
    person_id = models.BigIntegerField(default=0)
    person = models.CharField(max_length=120)
    facility_id = models.BigIntegerField()
    facility_name = models.CharField(max_length=120)

    class Meta:
        ordering = ["referral_id", "id"]


class MessageRead(PatientData):
    """A person read a message (既読)."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, models.PROTECT, related_name="reads")
    person_id = models.BigIntegerField()
    facility_id = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "person_id"], name="read_once")]


class Deadline(PatientData):
    """A timer of the workflow table that runs for one facility: due, reminded, met."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="deadlines")
    facility_id = models.BigIntegerField()
    name = models.CharField(max_length=20)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(default=clock.now)
    met_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["facility_id", "due_at"], name="deadlines_running", condition=Q(met_at__isnull=True)
            ),
            models.Index(fields=["referral", "name"], name="deadlines_of_referral"),
        ]


class OrderNumber(PatientData):
    """The number by which the sender's own system knows a referral (依頼番号): the same order never becomes two letters."""

    circle = models.ForeignKey("circles.Circle", models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", models.PROTECT, related_name="+")
    referral = models.ForeignKey(Referral, models.PROTECT, related_name="order_numbers")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    system = models.CharField(max_length=200)
    value = models.CharField(max_length=100)

    class Meta:
        ordering = ["referral_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "system", "value"], name="order_becomes_one_letter")
        ]


class PrintState(models.TextChoices):
    """Where a print job stands."""

    WAITING = "waiting", "印刷の準備中"
    DONE = "done", "印刷できます"
    FAILED = "failed", "印刷できません"
    GONE = "gone", "保存期間が終わりました"


class PrintOf(models.TextChoices):
    """What a print job is made of: letters of the desk, or papers of the print queue."""

    LETTERS = "letters", "紹介状"
    PAPERS = "papers", "紙の送付"


class PrintJob(FacilityData):
    """What a desk prints as one file (まとめて印刷). It holds papers of several patients, so it belongs to the house.

    ``done`` of ``total`` are set; a killed worker goes on from there. ``lost`` are characters without a glyph.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    person_id = models.BigIntegerField(default=0)
    asked_by = models.CharField(max_length=120, blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    of = models.CharField(max_length=10, choices=PrintOf, default=PrintOf.LETTERS)
    state = models.CharField(max_length=10, choices=PrintState.choices, default=PrintState.WAITING)
    total = models.PositiveSmallIntegerField()
    done = models.PositiveSmallIntegerField(default=0)
    lost = models.JSONField(default=list)
    error = models.CharField(max_length=300, blank=True)
    content = models.BinaryField(default=bytes)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["finished_at"], name="print_jobs_to_empty", condition=Q(state=PrintState.DONE)
            )
        ]

    @property
    def page(self) -> str:
        """The name of the page where it was asked for, and can be again."""
        return "紙の送付" if self.of == PrintOf.PAPERS else "受付デスク"

    @property
    def lost_codes(self) -> str:
        """The characters that print as 〓, by their codes: ``U+1F9EC``."""
        return " ".join("+".join(f"U+{ord(c):04X}" for c in char) for char in self.lost)


class PrintSheet(FacilityData):
    """One letter of a print job as it is set, emptied once it is part of the whole; or the ``uid`` of a paper, which keeps its own."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    job = models.ForeignKey(PrintJob, models.PROTECT, related_name="sheets")
    position = models.PositiveSmallIntegerField()
    referral = models.ForeignKey(Referral, models.PROTECT, null=True, related_name="+")
    letter = models.ForeignKey(ReferralLetter, models.PROTECT, null=True, related_name="+")
    paper_uid = models.UUIDField(null=True)
    content = models.BinaryField(default=bytes)
    set_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["job_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="sheet_set_once"),
            models.CheckConstraint(
                condition=Q(letter=None) ^ Q(paper_uid=None), name="sheet_is_a_letter_or_a_paper"
            ),
        ]
