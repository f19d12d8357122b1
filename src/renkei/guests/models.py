"""Requests of physicians without an account: theirs until a person of the house has called back and taken them in."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from renkei.gate.models import FacilityData, PublicData, SystemData
from renkei.guests.types import Identity, State, Told
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.kernel.identifiers import uuid7

SHORT_CODE = RegexValidator(
    r"^[a-z][a-z0-9-]{3,29}$", "アドレスの名前は、英小文字で始まる4〜30文字の英数字とハイフンです。"
)


ABOUT_PATIENT = {
    **dict.fromkeys(("patient_name", "patient_kana", "sex", "patient_phone", "wish", "purpose"), ""),
    **dict.fromkeys(("birth_on", "wish_from", "wish_until"), None),
    **dict.fromkeys(("call_note", "identity_note"), ""),
}
"""What a request says about a patient, and what is left of it once the house has no reason to keep it."""


class _Handed(models.Model):
    """A row that a guest hands over the counter: who writes it may not read it, so the insert asks for no key back."""

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: Any) -> Any:
        return super()._do_insert(manager, using, fields, [], raw)  # type: ignore[misc]


class GuestPage(PublicData):
    """The public page of one facility (ゲスト受付): whether it is open, its address, what stands on top."""

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.OneToOneField("directory.Facility", models.PROTECT, related_name="+")
    is_open = models.BooleanField("受け付ける", default=False)
    code = models.CharField(
        "アドレスの名前", max_length=30, unique=True, null=True, blank=True, validators=[SHORT_CODE]
    )
    greeting = models.CharField("案内文", max_length=300, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.facility_id} {self.code or ''}"


class GuestKind(PublicData):
    """One kind of request that a facility offers its guests; ``physician_check`` asks for 医師確認 before it is taken in."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    label = models.CharField("名称", max_length=40)
    physician_check = models.BooleanField("医師確認が必要", default=False)
    note = models.CharField("説明", max_length=200, blank=True)
    is_offered = models.BooleanField("受け付ける", default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["facility_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["facility", "label"], name="guest_kind_once")]

    def __str__(self) -> str:
        return self.label


class GuestRequest(_Handed, FacilityData):
    """A guest's request as typed, and what the desk found out on the telephone. No patient row, no circle hangs on it.

    ``kind_label`` and ``physician_check`` repeat the kind as it was offered. ``sender`` is the directory's row with the
    typed number, None when the directory knows no such number. ``code`` and the telephone number open the public state.
    What is said about the patient stays out of the trail, which keeps everything: it can be blanked (``blanked_at``).
    """

    versioned = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"code", *ABOUT_PATIENT})

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    code = models.CharField(max_length=12, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(default=clock.now)
    kind_label = models.CharField(max_length=40)
    physician_check = models.BooleanField(default=False)
    physician = models.CharField(max_length=80)
    clinic = models.CharField(max_length=120)
    institution_number = models.CharField(max_length=10)
    sender = models.ForeignKey("directory.Facility", models.PROTECT, null=True, blank=True, related_name="+")
    phone = models.CharField(max_length=40)
    phone_digits = models.CharField(max_length=20)
    patient_name = models.CharField(max_length=100)
    patient_kana = models.CharField(max_length=100)
    birth_on = models.DateField(null=True)
    sex = models.CharField(max_length=8)
    patient_phone = models.CharField(max_length=40, blank=True)
    department = models.CharField(max_length=60, blank=True)
    wish_from = models.DateField(null=True, blank=True)
    wish_until = models.DateField(null=True, blank=True)
    wish = models.CharField(max_length=200, blank=True)
    purpose = models.CharField(max_length=1000)
    called_at = models.DateTimeField(null=True, blank=True)
    called_by = models.CharField(max_length=120, blank=True)
    called_number = models.CharField(max_length=40, blank=True)
    number_source = models.CharField(max_length=100, blank=True)
    confirmed_with = models.CharField(max_length=80, blank=True)
    call_note = models.CharField(max_length=300, blank=True)
    identity = models.CharField(max_length=10, choices=Identity.choices, blank=True)
    identity_number = models.CharField(max_length=7, blank=True)
    identity_note = models.CharField(max_length=200, blank=True)
    identified_at = models.DateTimeField(null=True, blank=True)
    identified_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    refuse_reason = models.CharField(max_length=300, blank=True)
    referral = models.OneToOneField(
        "referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+"
    )
    told = models.CharField(max_length=10, choices=Told.choices, blank=True)
    told_to = models.CharField(max_length=80, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.CharField(max_length=120, blank=True)
    blanked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [
            models.Index(fields=["facility", "state", "-asked_at"], name="guest_requests_by_state"),
            models.Index(
                fields=["facility", "phone_digits"],
                name="guest_requests_open",
                condition=Q(state__in=["waiting", "confirmed"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(called_at__isnull=False, referral__isnull=False),
                name="guest_accepted_after_a_call",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted", physician_check=True) | ~Q(identity=""),
                name="guest_physician_was_identified",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(refuse_reason=""), name="guest_refused_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clinic} {self.kind_label}"

    @property
    def is_open(self) -> bool:
        """Neither taken in nor refused nor expired."""
        return self.state in (State.WAITING, State.CONFIRMED)

    @property
    def born(self) -> date:
        """The patient's birth date. Raises ``NotPossibleNow`` once the request was blanked."""
        if self.birth_on is None:
            raise NotPossibleNow("guest_blanked", "保存期間を過ぎ、患者情報を消去した依頼です。")
        return self.birth_on


class GuestFile(_Handed, FacilityData):
    """A file that came with a request. Its bytes are emptied once the request was decided: then they lie in ``files`` or are gone.

    Its name, which may be a patient's, goes when the request is blanked; size and kind stay.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content", "name"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    request_uid = models.UUIDField(db_index=True)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class GuestTry(SystemData):
    """How often one address asked or looked within an hour; the address itself is not kept."""

    what = models.CharField(max_length=10)
    address_digest = models.CharField(max_length=64)
    hour_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what", "address_digest", "hour_at"], name="guest_try_once")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.hour_at}"
