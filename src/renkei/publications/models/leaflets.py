"""Leaflets (登録医紹介リーフレット): one for each member in the rack of the house, in versions; and the words to look twice at."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from renkei.gate.models import FacilityData, PublicData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class LeafletState(models.TextChoices):
    """Where a version stands."""

    DRAFT = "draft", "作成中"
    SUBMITTED = "submitted", "承認待ち"
    RETURNED = "returned", "差し戻し"
    APPROVED = "approved", "承認済"
    REPLACED = "replaced", "旧版"


class WordKind(models.TextChoices):
    """What the law calls a wording (医療法6条の5, 施行規則1条の9, 医療広告ガイドライン)."""

    FALSE = "false", "虚偽広告"
    COMPARATIVE = "comparative", "比較優良広告"
    EXAGGERATED = "exaggerated", "誇大広告"
    TESTIMONIAL = "testimonial", "体験談"
    PICTURES = "pictures", "治療前後の写真"
    UNAPPROVED = "unapproved", "未承認の医薬品・機器"
    DIGNITY = "dignity", "品位を損ねる広告"


class _BetweenTwo(FacilityData):
    """Seen by the member (``facility``) and by the house whose rack it is (``owner``)."""

    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Leaflet(_BetweenTwo):
    """The leaflet of one member of a scheme. The rack is the house's: how many lie there, and of which version.

    ``district`` is the part of the town (地区) by which the rack is sorted; ``racked_number`` the version that lies there,
    0 for none; ``copies`` how many shall lie there, ``copies_left`` how many did when somebody counted.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    scheme = models.ForeignKey("enrolments.Scheme", models.PROTECT, related_name="+")
    district = models.CharField("地区", max_length=40, blank=True)
    copies = models.PositiveSmallIntegerField("置く部数", default=20)
    copies_left = models.PositiveSmallIntegerField("残り", default=0)
    racked_number = models.PositiveSmallIntegerField("ラックの版", default=0)
    counted_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField("ラックから外した日時", null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["owner", "district"], name="leaflets_by_district")]
        constraints = [models.UniqueConstraint(fields=["scheme", "facility"], name="leaflet_once")]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.facility_id}"


class LeafletPicture(_BetweenTwo):
    """A photo of a leaflet, checked and down-scaled; versions that did not change it share it."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    leaflet = models.ForeignKey(Leaflet, models.PROTECT, related_name="pictures")
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["leaflet", "sha256"], name="leaflet_picture_once")]

    def __str__(self) -> str:
        return f"{self.leaflet_id} {self.sha256[:8]}"


class LeafletVersion(_BetweenTwo):
    """One version: the texts, and from the moment of submission the facts of the directory as they are printed.

    ``texts`` holds the keys of ``leaflets.texts.FIELDS``; ``facts`` see ``leaflets.facts``. ``found`` are the wordings that
    were flagged when it was approved, ``reason`` why the house let them stand.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    leaflet = models.ForeignKey(Leaflet, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField("版")
    state = models.CharField(max_length=10, choices=LeafletState.choices, default=LeafletState.DRAFT)
    texts = models.JSONField(default=dict)
    picture = models.ForeignKey(LeafletPicture, models.PROTECT, null=True, blank=True, related_name="+")
    facts = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.CharField("承認した人", max_length=120, blank=True)
    reason = models.CharField("表現を認めた理由", max_length=300, blank=True)
    answer = models.CharField("差し戻しの理由", max_length=300, blank=True)
    found = models.JSONField(default=list)

    class Meta:
        ordering = ["leaflet_id", "-number"]
        indexes = [models.Index(fields=["owner", "state", "submitted_at"], name="leaflets_by_state")]
        constraints = [
            models.UniqueConstraint(fields=["leaflet", "number"], name="leaflet_version_once"),
            models.UniqueConstraint(
                fields=["leaflet"],
                condition=Q(state__in=["draft", "submitted", "returned"]),
                name="leaflet_one_open_version",
            ),
            models.UniqueConstraint(
                fields=["leaflet"], condition=Q(state="approved"), name="leaflet_one_approved"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | (~Q(approved_by="") & Q(decided_at__isnull=False)),
                name="leaflet_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(found=[]) | ~Q(reason=""),
                name="leaflet_wording_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.leaflet_id} 第{self.number}版"


class PublishedLeaflet(PublicData):
    """What everybody may read: the approved version, copied when it was approved. Nothing else is ever public."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"picture"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    leaflet = models.OneToOneField(Leaflet, models.PROTECT, related_name="published")
    scheme = models.ForeignKey("enrolments.Scheme", models.PROTECT, related_name="+")
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    texts = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    picture = models.BinaryField(null=True)
    media_type = models.CharField(max_length=20, blank=True)
    approved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.facility_id} 第{self.number}版"


class LeafletBundle(FacilityData):
    """The leaflets of one district as one file, made by the worker when they are many."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    district = models.CharField(max_length=40, blank=True)
    leaflets = models.PositiveSmallIntegerField(default=0)
    content = models.BinaryField(null=True)
    asked_at = models.DateTimeField(default=clock.now)
    asked_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.district}"


class AdvertisingWord(PublicData):
    """A wording to look twice at (医療広告): national where ``owner`` is empty, else of one house; effective-dated.

    ``forbids`` True: nobody may approve it; False: the approver must say why it may stand. ``except_for`` are harmless words
    that contain it (完全 in 完全予約制). ``valid_until`` is the first day on which it no longer counts.
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    owner = models.ForeignKey("directory.Facility", models.PROTECT, null=True, blank=True, related_name="+")
    word = models.CharField("ことば", max_length=40)
    kind = models.CharField("種類", max_length=12, choices=WordKind.choices)
    forbids = models.BooleanField("承認できない", default=False)
    except_for = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name="除くことば"
    )
    advice = models.CharField("直し方", max_length=200, blank=True)
    source = models.CharField("根拠", max_length=200)
    valid_from = models.DateField("はじまり", default=clock.today)
    valid_until = models.DateField("おわり", null=True, blank=True)
    written_by = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["kind", "word", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")), name="word_in_order"
            )
        ]

    def __str__(self) -> str:
        return self.word
