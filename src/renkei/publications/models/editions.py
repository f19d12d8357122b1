"""The monthly edition (外来表・当直医表・広報誌): its tables and files, who receives it how, what was sent, what is public."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from renkei.gate.models import FacilityData, PublicData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class EditionState(models.TextChoices):
    """Where an edition stands."""

    DRAFT = "draft", "準備中"
    READY = "ready", "発送準備完了"
    SENT = "sent", "発送済"


class Part(models.TextChoices):
    """What is in the envelope. The duty table is for members only and never public."""

    OUTPATIENT = "outpatient", "外来表"
    DUTY = "duty", "当直医表"
    NEWSLETTER = "newsletter", "広報誌"


class Source(models.TextChoices):
    """Where the cells of a table came from."""

    COPIED = "copied", "前の号から"
    MANUAL = "manual", "入力"
    IMPORTED = "imported", "取り込み"
    ROSTER = "roster", "勤務表"


class Way(models.TextChoices):
    """How an institution wants to have it (届け方)."""

    POST = "post", "郵送"
    MAIL = "mail", "メール"
    FAX = "fax", "FAX"
    IN_APP = "in_app", "Renkeiで受け取る"


class Sending(models.TextChoices):
    """What became of a copy."""

    WAITING = "waiting", "発送待ち"
    SENT = "sent", "発送済"
    BOUNCED = "bounced", "不達"


class Edition(FacilityData):
    """The edition of a month; ``number`` 1 is the first, each correction (訂正版) is one more and ``replaces`` the one before.

    ``month_on`` is the first day of its month, ``tables_on`` the first day of the month that its tables tell of, ``send_on``
    the day on which the receivers count. ``scheme_ids`` are keys of ``enrolments.Scheme`` whose members receive it.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    month_on = models.DateField("号")
    tables_on = models.DateField("表の月")
    send_on = models.DateField("発送日")
    number = models.PositiveSmallIntegerField("版", default=1)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    correction = models.CharField("訂正の内容", max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=EditionState.choices, default=EditionState.DRAFT)
    scheme_ids = ArrayField(models.BigIntegerField(), default=list)
    greeting = models.CharField("送付のことば", max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    ready_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.CharField(max_length=120, blank=True)
    reminded_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-month_on", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "month_on", "number"], name="edition_once"),
            models.CheckConstraint(
                condition=Q(number=1, replaces=None)
                | (Q(number__gt=1, replaces__isnull=False) & ~Q(correction="")),
                name="edition_correction_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.month_on:%Y-%m} 第{self.number}版"


class EditionTable(FacilityData):
    """The cells of one table. ``columns`` are headings; ``rows`` are ``{"head": [..], "cells": [..], "note": ""}``.

    ``source`` says where they came from and ``source_note`` which file; a roster may fill them later.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="tables")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=[c for c in Part.choices if c[0] != "newsletter"])
    columns = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    remarks = models.CharField("欄外の注意書き", max_length=300, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.MANUAL)
    source_note = models.CharField(max_length=120, blank=True)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edition", "kind"], name="edition_table_once")]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.kind}"


class EditionFile(FacilityData):
    """A PDF of an edition as it goes out: both tables when it is made ready, the newsletter as uploaded."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="files")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Part.choices)
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField(default=1)
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edition", "kind"], name="edition_file_once")]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.kind}"


class DeliveryChoice(FacilityData):
    """How an institution (``facility``) wants the editions of a house (``owner``)."""

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    way = models.CharField("届け方", max_length=8, choices=Way.choices, default=Way.POST)
    email = models.EmailField("メール", blank=True)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "facility"], name="delivery_choice_once"),
            models.CheckConstraint(condition=~Q(way="mail") | ~Q(email=""), name="mail_has_an_address"),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.way}"


class Dispatch(FacilityData):
    """One copy to one institution. A second copy of the same edition has a ``reason`` (再送の理由).

    ``to`` is the address, number or mail address as it was used; ``mail_uid`` the mail of the outbox. ``opened_at`` is when
    the institution first opened it in Renkei, ``settled_at`` when the office dealt with a bounce (不達).
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="dispatches")
    owner = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    way = models.CharField(max_length=8, choices=Way.choices)
    to = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=Sending.choices, default=Sending.WAITING)
    reason = models.CharField("再送の理由", max_length=200, blank=True)
    mail_uid = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField("不達の理由", max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=120, blank=True)
    settled_note = models.CharField("対応", max_length=200, blank=True)

    class Meta:
        ordering = ["edition_id", "facility_id", "id"]
        indexes = [
            models.Index(fields=["facility", "edition"], name="dispatches_to_facility"),
            models.Index(
                fields=["owner"],
                name="dispatches_to_settle",
                condition=Q(state="bounced", settled_at=None),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "facility"], condition=Q(reason=""), name="dispatch_once_without_reason"
            ),
            models.CheckConstraint(condition=~Q(state="bounced") | ~Q(trouble=""), name="bounce_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id}→{self.facility_id}"


class PublishedPart(PublicData):
    """The part of an edition that the house shows to everybody. The database itself refuses the duty table."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey("directory.Facility", models.PROTECT, related_name="+")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Part.choices)
    month_on = models.DateField()
    tables_on = models.DateField()
    number = models.PositiveSmallIntegerField()
    content = models.BinaryField()
    published_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-month_on", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "month_on", "kind"], name="published_part_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["outpatient", "newsletter"]), name="duty_table_is_never_public"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.month_on} {self.kind}"
