"""Who is who: one row per facility that knows the person; a link groups rows into the regional person."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from renkei.gate.models import PatientData, SystemData
from renkei.kernel import clock, eras, names
from renkei.kernel.identifiers import uuid7


class Sex(models.TextChoices):
    """Administrative gender (FHIR AdministrativeGender)."""

    MALE = "male", "男"
    FEMALE = "female", "女"
    OTHER = "other", "その他"
    UNKNOWN = "unknown", "不明"


class Patient(PatientData):
    """A patient as one facility knows the person. Circles hang on this row, so un-linking never drags access along."""

    patient_column = "id"
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="patients")
    local_number = models.CharField("患者番号", max_length=20, blank=True)
    name = models.CharField("氏名", max_length=200)
    kana = models.CharField("カナ", max_length=200, blank=True)
    kanji_key = models.CharField(max_length=200, db_collation="C", editable=False)
    kana_key = models.CharField(max_length=200, db_collation="C", editable=False)
    bigrams = ArrayField(models.CharField(max_length=4), default=list, editable=False)
    birth_on = models.DateField("生年月日")
    sex = models.CharField("性別", max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    postal_code = models.CharField("郵便番号", max_length=8, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    phone = models.CharField("電話", max_length=20, blank=True)
    phone_digits = models.CharField(max_length=20, blank=True, db_collation="C", editable=False)
    occupation = models.CharField("職業", max_length=60, blank=True)
    deceased_on = models.DateField("死亡日", null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["facility", "kana_key", "id"], name="patient_by_kana"),
            models.Index(fields=["facility", "kanji_key", "id"], name="patient_by_kanji"),
            models.Index(fields=["birth_on", "sex"], name="patient_by_birth"),
            models.Index(fields=["facility", "phone_digits"], name="patient_by_phone"),
            models.Index(
                fields=["phone_digits"], condition=~Q(phone_digits=""), name="patient_of_region_by_phone"
            ),
            models.Index(
                fields=["local_number"], condition=~Q(local_number=""), name="patient_of_region_by_number"
            ),
            models.Index(fields=["kana_key", "id"], name="patient_of_region_by_kana"),
            models.Index(fields=["kanji_key", "id"], name="patient_of_region_by_kanji"),
            GinIndex(fields=["bigrams"], name="patient_by_part"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["facility", "local_number"], condition=~Q(local_number=""), name="local_number_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def patient_id(self) -> int:
        """Its own key: the audit trail asks every row about patients for this."""
        return int(self.pk)

    def age(self) -> int:
        """Full years as of today."""
        return eras.age_on(self.birth_on, clock.today())

    def make_keys(self) -> None:
        """Search keys from name, kana and phone (rules J.2)."""
        self.kanji_key = names.kanji_key(self.name)
        self.kana_key = names.kana_key(self.kana)
        self.bigrams = sorted({*names.bigrams(self.kanji_key), *names.bigrams(self.kana_key)})
        self.phone_digits = "".join(c for c in self.phone if c.isdigit())


class InsuredNumber(PatientData):
    """被保険者番号 with its history: it changes with every job, so it is never a key (rules J.1)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="insured_numbers")
    member_id = models.CharField("被保険者番号", max_length=80, db_index=True)
    match_key = models.CharField(max_length=120, blank=True, db_index=True, db_collation="C", editable=False)
    valid_from = models.DateField("適用開始日")
    valid_until = models.DateField("適用終了日", null=True, blank=True)

    class Meta:
        ordering = ["-valid_from", "-id"]


class KeyContact(PatientData):
    """Whom to call (キーパーソン)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="key_contacts")
    name = models.CharField("氏名", max_length=80)
    relation = models.CharField("続柄", max_length=40, blank=True)
    phone = models.CharField("電話", max_length=20, blank=True)
    proxy = models.BooleanField("代理人", default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]


class RegionalPerson(SystemData):
    """地域患者ID: an opaque key and a short code with a check digit that groups linked patient rows."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    code = models.CharField(max_length=12, unique=True)

    def __str__(self) -> str:
        return self.code


class PatientLink(PatientData):
    """This patient row is that regional person, since when, by whom, why; ended, never removed (名寄せ)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="links")
    person = models.ForeignKey(RegionalPerson, models.PROTECT, related_name="links")
    reason = models.CharField(max_length=200)
    linked_by = models.CharField(max_length=120)
    linked_at = models.DateTimeField(default=clock.now)
    unlinked_by = models.CharField(max_length=120, blank=True)
    unlinked_at = models.DateTimeField(null=True, blank=True)
    unlink_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(unlinked_at=None), name="one_regional_person_at_a_time"
            )
        ]

    secret_fields: ClassVar[frozenset[str]] = frozenset()
