"""The log of the counter (かかりつけ医カウンター): what somebody looked for, what was shown, what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from renkei.gate.models import FacilityData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.publications.counter.types import Outcome, Way


class CounterSession(FacilityData):
    """One visit to the counter (相談). ``need`` is ``Wishes.to_json``, ``shortlist`` keys of facilities as they were picked.

    Whoever does not consent stays without a name, and without a referral that would tell it: the database says so, too.
    The trail, from which nothing is ever taken away, keeps neither: a consent may be taken back.
    """

    versioned = True
    secret_fields: ClassVar[frozenset[str]] = frozenset({"patient_name", "referral"})

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    started_at = models.DateTimeField("受付", default=clock.now)
    staff = models.CharField("担当", max_length=120)
    need = models.JSONField("希望", default=dict, blank=True)
    need_note = models.CharField("希望の補足", max_length=300, blank=True)
    shortlist = ArrayField(models.BigIntegerField(), default=list, blank=True)
    printed_at = models.DateTimeField(null=True, blank=True)
    chosen = models.ForeignKey(
        "directory.Facility", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="選んだ先"
    )
    way = models.CharField("ご案内の方法", max_length=12, choices=Way.choices, blank=True)
    way_note = models.CharField("内容", max_length=300, blank=True)
    outcome = models.CharField("結果", max_length=12, choices=Outcome.choices, blank=True)
    visited_on = models.DateField("受診日", null=True, blank=True)
    outcome_note = models.CharField("結果の補足", max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    consent = models.BooleanField("氏名の記録に同意", default=False)
    patient_name = models.CharField("氏名", max_length=100, blank=True)
    referral = models.ForeignKey(
        "referrals.Referral", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["facility", "started_at"], name="counter_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(consent=True) | Q(patient_name="", referral=None), name="counter_name_by_consent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.started_at}"
