"""Policy documents of an alliance, version by version, and what its public page says about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from renkei.gate.models import FacilityData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.publications.policies.types import PolicyKind, PolicyState


class PolicyDocument(FacilityData):
    """One version of a document; ``facility`` is the alliance's office. The last published one is in force."""

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    kind = models.CharField("種類", max_length=12, choices=PolicyKind.choices, default=PolicyKind.POLICY)
    number = models.PositiveSmallIntegerField("版")
    title = models.CharField("題名", max_length=120)
    text = models.TextField("本文", max_length=20_000)
    state = models.CharField(max_length=10, choices=PolicyState.choices, default=PolicyState.DRAFT)
    published_on = models.DateField("公開日", null=True, blank=True)
    written_by = models.CharField(max_length=120)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["facility_id", "kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "kind", "number"], name="policy_version_once"),
            models.UniqueConstraint(
                fields=["facility", "kind"], condition=Q(state="draft"), name="policy_one_draft"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", published_on=None)
                | Q(state="published", published_on__isnull=False),
                name="policy_published_has_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"
