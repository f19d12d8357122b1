"""Fax by mail, the other way: services and machines mail what they received; the worker fetches it by IMAP.

``RENKEI_SCAN_MAIL`` holds one address for each house, parted by blanks:
``imaps://user:password@host/INBOX?facility=1410000011``. A mail is marked as read only after its pages are kept; one that is
fetched twice is known by its bytes.
"""

from __future__ import annotations

import imaplib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from django.db import transaction
from django.urls import reverse

from renkei.directory.models import Facility
from renkei.directory.queries import facility_by_number
from renkei.exchange.models import ScanSource
from renkei.exchange.scans.taking import take
from renkei.files.checking import MOST_BYTES
from renkei.files.pictures import media_type_of
from renkei.gate.actor import Actor
from renkei.gate.context import system_of
from renkei.kernel.errors import Invalid
from renkei.kernel.text import shorten
from renkei.notices.actions import notify

TIMEOUT = 30
AT_ONCE = 50
MOST_MAIL = MOST_BYTES * 3 // 2
"""A file grows by a third on its way through mail."""


@dataclass(frozen=True)
class Mailbox:
    """Where the scans of one house are mailed to."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    facility_number: str
    tls: bool = True


def mailboxes(text: str | None = None) -> list[Mailbox]:
    """The mailboxes of this installation; ``ValueError`` for an address without user, host or facility."""
    given = os.environ.get("RENKEI_SCAN_MAIL", "") if text is None else text
    return [_mailbox(address) for address in given.split()]


def _mailbox(address: str) -> Mailbox:
    parts = urlsplit(address)
    facility = parse_qs(parts.query).get("facility", [""])[0]
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username or not facility:
        raise ValueError("RENKEI_SCAN_MAIL: imaps://user:password@host/INBOX?facility=<institution number>")
    tls = parts.scheme == "imaps"
    return Mailbox(
        parts.hostname,
        parts.port or (993 if tls else 143),
        unquote(parts.username),
        unquote(parts.password or ""),
        unquote(parts.path.strip("/")) or "INBOX",
        facility,
        tls,
    )


def fetch_all() -> int:
    """Fetch every mailbox; returns how many files were taken in or known. One that does not answer fails the job, after the rest."""
    taken, trouble = 0, None
    for box in mailboxes():
        try:
            taken += fetch(box)
        except (OSError, imaplib.IMAP4.error) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return taken


def fetch(box: Mailbox) -> int:
    """Take in the attachments of every unread mail of one mailbox."""
    facility = facility_by_number(box.facility_number)
    if facility is None:
        raise Invalid(
            "facility_unknown", f"RENKEI_SCAN_MAIL の医療機関番号 {box.facility_number} の施設がありません。"
        )
    taken = 0
    with _connected(box) as server:
        for number in _unread(server)[:AT_ONCE]:
            size = _size(server, number)
            raw = b"" if size > MOST_MAIL else _body(server, number)
            taken += _take_mail(facility, raw, size)
            server.store(number, "+FLAGS", "(\\Seen)")
    return taken


@contextmanager
def _connected(box: Mailbox) -> Iterator[imaplib.IMAP4]:
    kind = imaplib.IMAP4_SSL if box.tls else imaplib.IMAP4
    server = kind(box.host, box.port, timeout=TIMEOUT)
    try:
        server.login(box.user, box.password)
        status, answer = server.select(f'"{box.folder}"')
        if status != "OK":
            raise imaplib.IMAP4.error(f"no such mailbox: {answer!r}"[:200])
        yield server
    finally:
        server.logout()


def _unread(server: imaplib.IMAP4) -> list[str]:
    _status, found = server.search(None, "UNSEEN")
    return found[0].decode().split() if found and found[0] else []


def _size(server: imaplib.IMAP4, number: str) -> int:
    _status, answer = server.fetch(number, "(RFC822.SIZE)")
    text = b" ".join(part if isinstance(part, bytes) else part[0] for part in answer if part).decode()
    digits = text.rpartition("RFC822.SIZE")[2].strip(" )").split(" ")[0]
    return int(digits) if digits.isdecimal() else 0


def _body(server: imaplib.IMAP4, number: str) -> bytes:
    """Without marking it as read: that comes after its pages are kept."""
    _status, answer = server.fetch(number, "(BODY.PEEK[])")
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")


def _take_mail(facility: Facility, raw: bytes, size: int) -> int:
    with system_of(facility.pk, facility.name, "スキャンのメール受信") as actor, transaction.atomic():
        if not raw:
            _tell(
                actor,
                f"届いたメール({size:,}バイト)が大きすぎて取り込めません。分けて送り直してもらってください。",
            )
            return 0
        mail = message_from_bytes(raw, policy=policy.default)
        sender, subject = str(mail.get("From", "")), str(mail.get("Subject", ""))
        taken, problems = 0, []
        for name, data in attachments(mail):
            try:
                take(actor, name, data, source=ScanSource.MAIL, came_from=shorten(f"{sender} {subject}", 200))
                taken += 1
            except Invalid as error:
                problems.append(error.message_ja)
        if not taken and not problems:
            problems.append("取り込める添付(PDF・画像)がありません。")
        for problem in problems:
            _tell(actor, f"メール(差出人 {shorten(sender, 80)})を取り込めません。{problem}")
        return taken


def attachments(mail: EmailMessage) -> list[tuple[str, bytes]]:
    """Files of a mail that can be pages, judged by their bytes; a service may call them anything."""
    found = []
    for at, part in enumerate(mail.walk()):
        if part.is_multipart():
            continue
        data = part.get_payload(decode=True)
        if isinstance(data, bytes) and media_type_of(data):
            found.append((part.get_filename() or f"fax-{at}", data))
    return found


def _tell(actor: Actor, text: str) -> None:
    notify(actor.facility_id, text=text, url=reverse("exchange:scans"))
