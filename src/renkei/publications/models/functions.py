"""かかりつけ医機能の報告, what the public bodies make of it, and the casebook of local initiatives."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from renkei.directory.types import CareFunction
from renkei.gate.models import FacilityData, PublicData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.publications.functions.types import AreaClass, ReportState


class _InAreas(FacilityData):
    """A row of one facility that lies in areas; ``prefecture``, ``secondary_area`` and ``municipality`` are area codes."""

    prefecture = models.CharField(max_length=8, blank=True)
    secondary_area = models.CharField(max_length=8, blank=True)
    municipality = models.CharField(max_length=8, blank=True)

    class Meta:
        abstract = True


class FunctionReport(_InAreas):
    """One year's report of a facility: both parts (1号, 2号) as answered, by the keys of the year's form.

    ``functions`` are the codes of ``CareFunction`` that are present, ``part_one_held`` whether 1号 is fulfilled, both as
    computed when the report was saved. ``prefilled`` repeats what the platform's own records answered, so that pages can
    say where an answer came from. ``earlier`` is the report that it was copied from.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("報告年")
    state = models.CharField(max_length=10, choices=ReportState.choices, default=ReportState.DRAFT)
    part_one = models.JSONField("1号機能", default=dict, blank=True)
    part_two = models.JSONField("2号機能", default=dict, blank=True)
    prefilled = models.JSONField(default=dict, blank=True)
    part_one_held = models.BooleanField(default=False)
    functions = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    earlier = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.CharField(max_length=120, blank=True)
    returned_reason = models.CharField("差し戻しの理由", max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=120, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-year", "facility_id"]
        indexes = [
            models.Index(fields=["year", "prefecture", "secondary_area"], name="function_reports_of_area")
        ]
        constraints = [
            models.UniqueConstraint(fields=["facility", "year"], name="function_report_once_a_year"),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(submitted_at__isnull=False),
                name="function_report_was_submitted",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(part_one_held=True) | Q(part_two={}),
                name="second_part_needs_the_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.year}"


class GapMeasure(_InAreas):
    """What was agreed about a gap (協議の場): issue, cause, measure, who does it until when, and what came of it."""

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    area = models.ForeignKey("directory.Area", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("報告年")
    function = models.CharField("機能", max_length=20, choices=CareFunction.choices)
    issue = models.CharField("課題", max_length=300)
    cause = models.CharField("原因", max_length=300, blank=True)
    measure = models.CharField("方策", max_length=300, blank=True)
    owner = models.CharField("担当", max_length=120, blank=True)
    due_on = models.DateField("期限", null=True, blank=True)
    done_on = models.DateField("実施日", null=True, blank=True)
    result = models.CharField("検証・結果", max_length=300, blank=True)
    written_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["done_on", "due_on", "id"]

    def __str__(self) -> str:
        return f"{self.area_id} {self.function}"


class AreaFigure(PublicData):
    """Population (persons) and size (km²) of an area in a year; ``printed_class`` is what a document prints, stored as printed."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    area = models.ForeignKey("directory.Area", models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("年")
    population = models.PositiveIntegerField("人口")
    km2 = models.DecimalField("面積 (km²)", max_digits=9, decimal_places=2)
    printed_class = models.CharField("印刷された分類", max_length=10, choices=AreaClass.choices, blank=True)
    source = models.CharField("出典", max_length=200, blank=True)
    certain = models.BooleanField("確かめた", default=True)

    class Meta:
        ordering = ["area_id", "-year"]
        constraints = [
            models.UniqueConstraint(fields=["area", "year"], name="area_figure_once_a_year"),
            models.CheckConstraint(condition=Q(km2__gt=0), name="area_has_a_size"),
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.year}"


class ReportForm(PublicData):
    """The form of a report year as edited here; without a row the shipped one counts. ``text`` is TOML as uploaded."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    year = models.PositiveSmallIntegerField("報告年")
    from_on = models.DateField("この日から", default=clock.today)
    text = models.TextField()
    note = models.CharField("変更の理由", max_length=200)
    written_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-year", "-from_on", "-id"]

    def __str__(self) -> str:
        return f"{self.year} {self.from_on}"


class LocalCase(PublicData):
    """One initiative of the casebook (取組事例). ``marks``: code of ``CareFunction`` → ``sure``, ``likely`` or ``unread``.

    A function without an entry has no mark on the page, which does not mean that nothing is done.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    edition = models.CharField("資料", max_length=120)
    number = models.PositiveSmallIntegerField("No")
    who = models.CharField("取組の中心", max_length=80)
    place = models.CharField("所在", max_length=40, blank=True)
    kind = models.CharField("類型", max_length=20)
    summary = models.CharField("概要", max_length=200)
    marks = models.JSONField("かかりつけ医機能", default=dict, blank=True)
    other = models.CharField("その他", max_length=60, blank=True)
    other_certain = models.BooleanField("その他の読み取りが確か", default=True)
    printed_class = models.CharField("印刷された分類", max_length=10, choices=AreaClass.choices, blank=True)
    area_name = models.CharField("二次医療圏", max_length=40, blank=True)
    population = models.PositiveIntegerField("二次医療圏の人口", null=True, blank=True)
    km2 = models.DecimalField("二次医療圏の面積 (km²)", max_digits=9, decimal_places=2, null=True, blank=True)
    figures_source = models.CharField("人口・面積の出典", max_length=200, blank=True)
    page = models.PositiveSmallIntegerField("ページ")

    class Meta:
        ordering = ["edition", "number"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "number"], name="local_case_once"),
            models.CheckConstraint(condition=Q(km2=None) | Q(km2__gt=0), name="case_area_has_a_size"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.who}"
