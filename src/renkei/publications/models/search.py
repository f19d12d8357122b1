"""What the search reads: one row for each facility, made anew when its profile changes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from renkei.gate.models import PublicData
from renkei.kernel import clock


class SearchEntry(PublicData):
    """A facility as wishes see it: every wish is one tag (``d:整形外科``, ``a:wheelchair``, ``f:after_hours``, ``t:4-36``).

    ``t:<weekday>-<slot>``: open in that half hour (weekday 0 is Monday, 7 a holiday; slot 0–47). The other tags stand in
    ``search/entries.py``. ``listed`` False: only staff find it. ``closed_on`` is the first day on which it is no more found.
    """

    facility = models.OneToOneField("directory.Facility", models.PROTECT, related_name="+")
    tags = ArrayField(models.CharField(max_length=80), default=list)
    kana = models.CharField(max_length=200, blank=True, db_collation="C")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    listed = models.BooleanField(default=True)
    closed_on = models.DateField(null=True)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            GinIndex(fields=["tags"], name="search_by_tags"),
            models.Index(fields=["kana", "facility"], name="search_by_kana"),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id}"
