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
    """One mail of the outbox. ``secret`` mails (invitations, new passwords) show their text to nobody but the reader.

    ``paper_uid`` makes it a fax: the sheets of that :class:`OutgoingPaper` go along, and its state follows this one's.
    """

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
    paper_uid = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-id"], name="mail_newest"),
            models.Index(fields=["facility_id", "-id"], name="mail_by_facility"),
        ]

    def __str__(self) -> str:
        return f"{self.to} {self.subject}"


class PaperState(models.TextChoices):
    """Where a paper of the print queue is (紙の送付)."""

    WAITING = "waiting", "未送信"
    SENDING = "sending", "送信中"
    SENT = "sent", "送信済"
    FAILED = "failed", "失敗"
    CANCELLED = "cancelled", "取りやめ"


class OutgoingPaper(FacilityData):
    """Sheets that a house must print or fax to somebody without Renkei: what, to whom, where it stands.

    ``kind`` and ``subject_uid`` say what it is about; ``content`` is the PDF as it went out, made when it is first printed or
    faxed and kept from then on. ``fax_number`` is the number it was sent to.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility_id = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    subject_uid = models.UUIDField()
    number = models.CharField(max_length=30, blank=True)
    title = models.CharField(max_length=200)
    to_facility_id = models.BigIntegerField(default=0)
    to_name = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=PaperState.choices, default=PaperState.WAITING)
    way = models.CharField(max_length=10, blank=True)
    fax_number = models.CharField(max_length=20, blank=True)
    content = models.BinaryField(null=True)
    pages = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    printed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    sent_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["facility_id", "state", "-id"], name="paper_queue"),
            models.Index(fields=["subject_uid"], name="paper_of_subject"),
        ]

    def __str__(self) -> str:
        return self.title


class FaxGateway(FacilityData):
    """How a house faxes by mail: the address pattern with ``{number}``, and the password that the service wants as subject."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"password"})

    facility_id = models.BigIntegerField(unique=True)
    address = models.CharField(max_length=200, blank=True)
    password = models.TextField(blank=True)
    from_address = models.EmailField(blank=True)
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.CharField(max_length=120, blank=True)
