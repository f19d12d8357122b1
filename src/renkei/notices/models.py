"""Notices to a facility or one of its people, and the mails that go out (送信箱)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from renkei.gate.models import FacilityData, SystemData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7


class _Posted(models.Model):
    """A row for somebody else: whoever writes it may not read it, so the insert must not ask for the key back."""

    class Meta:
        abstract = True

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: Any) -> Any:
        return super()._do_insert(manager, using, fields, [], raw)  # type: ignore[misc]


class Notice(_Posted, FacilityData):
    """One line for a facility, or for one person of it. Floor 1: facilities and people are plain ids.

    ``from_facility_id`` prints it when it has to go by post (``on_paper``) and may see it then.
    """

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    from_facility_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=40)
    text = models.CharField(max_length=300)
    number = models.CharField(max_length=30, blank=True)
    url = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    read_at = models.DateTimeField(null=True)
    on_paper = models.BooleanField(default=False)
    printed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["facility_id", "-id"], name="notice_by_facility"),
            models.Index(
                fields=["facility_id", "person_id"], name="notice_unread", condition=models.Q(read_at=None)
            ),
            models.Index(
                fields=["from_facility_id"], name="notice_on_paper", condition=models.Q(on_paper=True)
            ),
        ]

    def __str__(self) -> str:
        return self.text


class MailState(models.TextChoices):
    """Where a mail is."""

    QUEUED = "queued", "送信待ち"
    SENT = "sent", "送信済み"
    KEPT = "kept", "送信箱に保管"
    FAILED = "failed", "送信できません"


class OutgoingMail(_Posted, SystemData):
    """One mail of the outbox. ``secret`` mails (invitations, new passwords) show their text to nobody but the reader."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"body"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility_id = models.BigIntegerField(default=0)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    secret = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-id"], name="mail_newest"),
            models.Index(fields=["facility_id", "-id"], name="mail_by_facility"),
        ]

    def __str__(self) -> str:
        return f"{self.to} {self.subject}"
