"""Files come in: checked, kept byte-identical, read by the worker. The same bytes come in once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from renkei.exchange.models import ScanFile, ScanSource
from renkei.exchange.permissions import P
from renkei.exchange.scans.working import read_scan
from renkei.files.checking import MEGABYTE, MOST_BYTES, clean_name
from renkei.files.pictures import Pages
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.jobs.queue import enqueue
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid
from renkei.kernel.text import shorten


@dataclass(frozen=True)
class Taken:
    """The row of a file; ``known`` says that the same bytes were there before."""

    file: ScanFile
    known: bool


@dataclass(frozen=True)
class Report:
    """One line for each file of an upload."""

    name: str
    says: str
    refused: bool = False
    known: bool = False


def refuse_size(name: str, size: int) -> None:
    """Before any byte is read."""
    if size > MOST_BYTES:
        raise Invalid(
            "file_too_big",
            f"「{clean_name(name)}」は{size / MEGABYTE:.1f}MBあります。{MOST_BYTES // MEGABYTE}MBまでです。"
            "頁を分けるか、解像度を下げてスキャンし直してください。",
            "file",
        )


@action(P.SCAN, says="スキャンした書類を取り込み")
def take(actor: Actor, name: str, data: bytes, *, source: ScanSource, came_from: str = "") -> Taken:
    """Keep a file of the actor's house and have it read. Raises ``Invalid`` (field ``file``) for what cannot be pages."""
    digest = hashlib.sha256(data).hexdigest()
    if before := _known(actor, digest):
        return Taken(before, True)
    pages = Pages(name, data)
    row = ScanFile(
        facility_id=actor.facility_id,
        name=pages.name,
        media_type=pages.media_type,
        content=data,
        size=len(data),
        sha256=digest,
        source=source,
        came_from=shorten(came_from, 200),
        received_at=clock.now(),
        received_by=shorten(actor.label, 120),
        pages=pages.count,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        # Two clerks dropped the same file in the same instant.
        if before := _known(actor, digest):
            return Taken(before, True)
        raise
    enqueue(read_scan, scan_uid=str(row.uid))
    say(f"{actor.label}がスキャン「{row.name}」({row.pages}頁)を取り込みました")
    return Taken(row, False)


def _known(actor: Actor, digest: str) -> ScanFile | None:
    rows = ScanFile.objects.visible_to(actor).filter(facility_id=actor.facility_id, sha256=digest)
    found = rows.defer("content").first()
    return found if isinstance(found, ScanFile) else None


def take_upload(actor: Actor, name: str, data: bytes, *, size: int | None = None) -> Report:
    """One file of an upload as a line of the report; each stands for itself. ``size`` is that of one too large to read."""
    shown = clean_name(name)
    try:
        refuse_size(shown, len(data) if size is None else size)
        with transaction.atomic():
            taken = take(actor, shown, data, source=ScanSource.UPLOAD)
    except DomainError as error:
        return Report(shown, error.message_ja, refused=True)
    if taken.known:
        at = taken.file.received_at.astimezone(clock.JST)
        return Report(
            shown,
            f"同じファイルが{at.month}月{at.day}日 {at:%H:%M}に取り込まれています。2重には登録しません。",
            known=True,
        )
    return Report(shown, f"{taken.file.pages}頁を取り込みました。読み取っています。")
