"""The worker reads a file page by page, cuts it into papers and files those whose code is good.

Every page read is kept at once, so that a worker that is killed goes on where it stood. The papers of a file are cut and filed
in one transaction that also closes the file: all of it happens, once, or none.
"""

from __future__ import annotations

import io
from typing import Any

from django.db import transaction
from PIL import Image

from renkei.exchange.models import ScanFile, ScanFileState, ScanPage, ScanPart
from renkei.exchange.permissions import P
from renkei.exchange.scans.cutting import Paper, cut, joined
from renkei.exchange.scans.filing import BY_CODE, file_on
from renkei.exchange.scans.reading import Seen, look
from renkei.files.pictures import Pages
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import system, system_of
from renkei.jobs.queue import job
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid
from renkei.referrals.papers.queries import SAYS, Found, Worth, resolve

THUMBNAIL = 1_000
"""Pixels of the longer side: handwriting is legible beside the list."""
NO_CODE = "QRコードがありません。"
UNREADABLE = "返書用紙ですが、QRコードを読み取れません。"
SEVERAL = "1枚に違うQRコードが2つあります。"


@job(queue="scans", retries=3)
def read_scan(scan_uid: str) -> None:
    """Read one file to its end; called again, it goes on."""
    # The wall knows the system inside a transaction only; each piece of work below opens one of its own.
    with system(f"scan {scan_uid}") as actor, transaction.atomic():
        row = ScanFile.objects.visible_to(actor).select_related("facility").filter(uid=scan_uid).first()
    if row is None or row.state in (ScanFileState.DONE, ScanFileState.FAILED):
        return
    with system_of(row.facility_id, row.facility.name, f"スキャン「{row.name}」の読み取り") as house:
        try:
            _read_pages(house, row)
        except Invalid as error:
            _give_up(house, row, error.message_ja)
            return
        finish(house, row.pk)


def _read_pages(house: Actor, row: ScanFile) -> None:
    pages = Pages(row.name, bytes(row.content))
    with transaction.atomic():
        known = set(ScanPage.objects.visible_to(house).filter(file=row).values_list("number", flat=True))
    for number in range(pages.count):
        if number not in known:
            picture = pages.picture(number)
            _keep_page(house, row, number, look(picture), picture)


@transaction.atomic
def _keep_page(house: Actor, row: ScanFile, number: int, seen: Seen, picture: Image.Image) -> None:
    ScanPage.objects.create(
        facility_id=row.facility_id,
        file=row,
        number=number,
        codes=list(seen.codes),
        turn=seen.turn,
        form=seen.form,
        thumbnail=small(picture, seen.turn),
    )
    progress: Any = ScanFile.objects.visible_to(house).filter(pk=row.pk)
    progress.update(state=ScanFileState.READING, pages_read=number + 1)


def small(picture: Image.Image, turn: int) -> bytes:
    """A page as people recognise and read it beside the list, upright; PNG of 16 greys."""
    shown = picture.copy()
    shown.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
    if turn:
        shown = shown.rotate(-turn, expand=True)
    out = io.BytesIO()
    shown.point(_SIXTEEN).save(out, "PNG")
    return out.getvalue()


_SIXTEEN = [level // 16 * 17 for level in range(256)]


@transaction.atomic
def _give_up(house: Actor, row: ScanFile, says: str) -> None:
    rows: Any = ScanFile.objects.visible_to(house).filter(pk=row.pk)
    rows.update(state=ScanFileState.FAILED, error=says[:300], done_at=clock.now())


@action(P.SCAN, says="スキャンを照合")
def finish(house: Actor, file_id: int) -> list[ScanPart]:
    """Cut a file whose pages are all read, file what can be filed, close the file. A second call finds it closed."""
    rows: Any = ScanFile.objects.visible_to(house).select_for_update(of=("self",))
    row = rows.get(pk=file_id)
    if row.state == ScanFileState.DONE:
        return []
    seen = [
        Seen(tuple(page.codes), page.turn, page.form)
        for page in ScanPage.objects.visible_to(house).filter(file=row).order_by("number")
    ]
    parts: list[ScanPart] = []
    for paper in _papers(house, row.facility_id, seen):
        parts.append(_part(house, row, paper, parts[-1] if paper.follows else None))
    row.state, row.pages_read, row.done_at = ScanFileState.DONE, len(seen), clock.now()
    row.save()
    return parts


def _papers(house: Actor, facility_id: int, seen: list[Seen]) -> list[Paper]:
    papers = cut(seen)
    found = [_found(house, facility_id, paper) for paper in papers]
    return joined(
        papers,
        [f.worth is Worth.NO_KIND for f in found],
        [f.referral.pk if f.referral and f.worth in (Worth.GOOD, Worth.NO_KIND) else 0 for f in found],
    )


def _found(house: Actor, facility_id: int, paper: Paper) -> Found:
    """What the codes of a paper agree on: a code with a kind counts more than the cover's; two referrals or kinds are none."""
    found = [resolve(house, facility_id, text) for text in paper.codes]
    good = {(f.referral.pk, f.kind): f for f in found if f.worth is Worth.GOOD and f.referral}
    named = {f.referral.pk for f in found if f.referral}
    if len(good) == 1 and len(named) == 1:
        return next(iter(good.values()))
    ours = [f for f in found if f.worth is not Worth.FOREIGN]
    if len(good) > 1 or len(named) > 1 or not ours:
        return Found(Worth.FOREIGN)
    return ours[0]


def _part(house: Actor, row: ScanFile, paper: Paper, before: ScanPart | None) -> ScanPart:
    found = _found(house, row.facility_id, paper)
    part = ScanPart(
        facility_id=row.facility_id,
        file=row,
        first_page=paper.first,
        last_page=paper.last,
        why=_why(paper, found),
        kind=found.kind,
        proposed=found.referral,
        follows=before,
        changed_at=clock.now(),
    )
    part.save()
    if found.worth is not Worth.GOOD or found.referral is None:
        return part
    try:
        with transaction.atomic():
            return file_on(house, part, referral=found.referral, kind=found.kind, how=BY_CODE)
    except DomainError as error:
        part.why = error.message_ja[:200]
        part.save()
        return part


def _why(paper: Paper, found: Found) -> str:
    if paper.unreadable:
        return UNREADABLE
    if not paper.codes:
        return NO_CODE
    if len(paper.codes) > 1 and found.worth is Worth.FOREIGN:
        return SEVERAL
    return "" if found.worth is Worth.GOOD else SAYS[found.worth]
