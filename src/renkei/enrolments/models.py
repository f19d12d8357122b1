"""Schemes that somebody runs, applications, memberships with their terms, certificates, and the public list."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from renkei.enrolments.types import ApplicationKind, Channel, State
from renkei.gate.models import FacilityData, PublicData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.kernel.names import kanji_key


def physician_key(name: str) -> str:
    """Two spellings of one name agree (blanks, old forms of characters)."""
    return kanji_key(name)[:80]


class Scheme(PublicData):
    """A scheme (制度) that a facility runs: the manifest called ``key``, with what the owner added.

    ``areas`` are codes of the areas that it covers (区域), for conditions that ask for them.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    key = models.CharField("種類", max_length=40)
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    name = models.CharField("名称", max_length=80)
    greeting = models.CharField("公開ページの案内", max_length=500, blank=True)
    contact = models.CharField("問い合わせ先", max_length=120, blank=True)
    areas = ArrayField(models.CharField(max_length=8), default=list, blank=True, verbose_name="区域")
    takes_applications = models.BooleanField("Web申請を受け付ける", default=True)
    from_on = models.DateField("開始日", default=clock.today)
    ended_on = models.DateField("終了日", null=True, blank=True)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["owner_id", "key"]
        constraints = [models.UniqueConstraint(fields=["key", "owner"], name="scheme_once")]

    def __str__(self) -> str:
        return self.name


class _OfScheme(FacilityData):
    """Seen by the institution (``facility``) and by the one that runs the scheme (``owner``)."""

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class _Subject(models.Model):
    """Who is enrolled; what is empty does not belong to this kind of scheme."""

    physician_name = models.CharField("医師名", max_length=80, blank=True)
    physician_kana = models.CharField("カナ", max_length=120, blank=True)
    person_id = models.BigIntegerField(null=True, blank=True)
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    seat = models.CharField("席", max_length=60, blank=True)
    category = models.CharField("区分", max_length=40, blank=True)
    answers = models.JSONField("申請内容", default=dict, blank=True)

    class Meta:
        abstract = True


class Enrolment(_OfScheme, _Subject):
    """A membership of a scheme. ``ended_on`` is the first day without it; None as long as nobody ended it.

    ``objects_to_renewal``: the institution does not want the next term. ``exceptions`` is a list of
    ``{"rule", "says", "why", "allowed_by", "on"}``: conditions that were not met, and who allowed it (原則の例外).
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    physician_key = models.CharField(max_length=80, blank=True, editable=False)
    joined_on = models.DateField("登録日")
    ended_on = models.DateField("終了日", null=True, blank=True)
    end_reason = models.CharField("終了の理由", max_length=200, blank=True)
    ended_by = models.CharField(max_length=120, blank=True)
    objects_to_renewal = models.BooleanField("更新しない", default=False)
    exceptions = models.JSONField(default=list, blank=True)
    joined_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["scheme_id", "facility_id", "id"]
        indexes = [models.Index(fields=["owner", "scheme", "ended_on"], name="enrolments_of_scheme")]
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "facility", "physician_key", "seat"],
                condition=Q(ended_on=None),
                name="enrolment_once_at_a_facility",
            ),
            models.UniqueConstraint(
                fields=["scheme", "organization"],
                condition=Q(ended_on=None, organization__isnull=False),
                name="enrolment_once_a_corporation",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("joined_on")), name="enrolment_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.facility_id} {self.physician_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the key that finds a second registration of the same physician."""
        self.physician_key = physician_key(self.physician_name)
        super().save(*args, **kwargs)

    @property
    def last_on(self) -> date | None:
        """The last day of a membership that ends; None as long as nobody ended it."""
        return None if self.ended_on is None else self.ended_on - timedelta(days=1)

    def active_on(self, day: Any) -> bool:
        """Whether the membership counts on ``day``."""
        return self.joined_on <= day and (self.ended_on is None or day < self.ended_on)


class Application(_OfScheme, _Subject):
    """An application (申請) as it was handed in, with what was decided."""

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=ApplicationKind.choices, default=ApplicationKind.JOIN)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.WEB)
    state = models.CharField(max_length=10, choices=State.choices, default=State.SUBMITTED)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField("理由", max_length=300, blank=True)
    submitted_at = models.DateTimeField(default=clock.now)
    submitted_by = models.CharField(max_length=120)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    answer = models.CharField("返事", max_length=300, blank=True)

    class Meta:
        ordering = ["-submitted_at", "-id"]
        indexes = [models.Index(fields=["owner", "state", "submitted_at"], name="applications_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "returned"]) | ~Q(answer=""), name="application_told_why"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.facility_id} {self.state}"


class MembershipTerm(_OfScheme):
    """One term (期間) of a membership; both days count, ``until_on`` None without an end."""

    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="terms")
    from_on = models.DateField("はじまり")
    until_on = models.DateField("おわり", null=True, blank=True)
    automatic = models.BooleanField("自動更新", default=False)
    told_at = models.DateTimeField("予告した日時", null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["enrolment_id", "from_on"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "from_on"], name="term_once_a_day")]

    def __str__(self) -> str:
        return f"{self.enrolment_id} {self.from_on}–{self.until_on}"


class Certificate(PublicData):
    """A certificate (登録証) as issued; whoever holds its ``token`` may ask whether it is good.

    Names are repeated as printed. ``valid_until`` is the last day; a renewal lengthens it, so that the paper on the wall
    stays good; ``voided_on`` is the first day on which it is not.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"token"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    token = models.UUIDField(default=uuid4, unique=True, editable=False)
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+")
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    number = models.CharField("番号", max_length=40)
    holder = models.CharField("氏名・名称", max_length=120)
    facility_name = models.CharField(max_length=120)
    issued_on = models.DateField("交付日")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    voided_on = models.DateField(null=True, blank=True)
    void_reason = models.CharField(max_length=200, blank=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-issued_on", "-id"]
        constraints = [models.UniqueConstraint(fields=["scheme", "number"], name="certificate_number_once")]

    def __str__(self) -> str:
        return self.number


class Listing(PublicData):
    """The public list of members (名簿): what search and everybody else may know. ``until_on`` is the first day without it.

    A member that moved to another institution has one row for each of them.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+")
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    organization = models.ForeignKey(
        "directory.Organization", models.PROTECT, null=True, blank=True, related_name="+"
    )
    name = models.CharField(max_length=120, blank=True)
    category = models.CharField(max_length=40, blank=True)
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["scheme_id", "facility_id", "id"]
        indexes = [models.Index(fields=["facility", "scheme"], name="listings_of_facility")]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.facility_id} {self.name}"


class SignedPaper(_OfScheme):
    """A signed paper (協定書, 申込書) as it was scanned, with the day on which it was signed; never changed."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="+")
    name = models.CharField("ファイル名", max_length=255)
    signed_on = models.DateField("署名日")
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    kept_at = models.DateTimeField(default=clock.now)
    kept_by = models.CharField(max_length=120)

    class Meta:
        ordering = ["-signed_on", "-id"]
        constraints = [models.UniqueConstraint(fields=["enrolment", "sha256"], name="signed_paper_once")]

    def __str__(self) -> str:
        return self.name
