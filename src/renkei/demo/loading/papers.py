"""Paper partners of the demo: letters that H1 sent on paper last week wait in the print queue, two faxes lie unmatched."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db.backends.utils import CursorWrapper
from PIL import Image, ImageDraw

from renkei.demo.loading.places import Places
from renkei.demo.loading.referrals import Written
from renkei.demo.loading.table import Table
from renkei.demo.model import MovePlan, ReferralPlan
from renkei.demo.timeline import DEMO_START
from renkei.exchange.models import ScanFile, ScanPage, ScanPart
from renkei.notices.models import OutgoingPaper
from renkei.referrals.types import State

HOUSE = "H1"
DAYS = (6, 5, 4, 3)
"""Before the first morning; the first two went out by fax, one failed, one waits."""


def paper_plans(plans: Sequence[ReferralPlan]) -> Iterator[ReferralPlan]:
    """Back-referrals of the hospital once more, as letters on paper that nobody has answered yet."""
    known = [p for p in plans if p.sender == HOUSE and p.kind == "back_referral" and p.state == State.CLOSED]
    for at, (plan, days) in enumerate(zip(known[-len(DAYS) :], DAYS, strict=True), start=1):
        sent = DEMO_START - timedelta(days=days) + timedelta(hours=2)
        yield replace(
            plan,
            key=f"P{at:04d}",
            state=State.SENT,
            created_at=sent - timedelta(minutes=20),
            moves=(MovePlan(sent, "send", plan.physician),),
            replies=(),
            assigned="",
            origin="",
            desk="",
        )


def load_papers(cursor: CursorWrapper, places: Places, written: dict[str, Written]) -> dict[str, int]:
    """The print queue and the faxes; the letters themselves go on paper: their receivers are in no circle."""
    letters = [made for key, made in written.items() if key.startswith("P")]
    for made in letters:
        receiver = places.facilities[made.plan.receiver].pk
        cursor.execute("UPDATE referrals_referral SET electronic = false WHERE id = %s", [made.referral_id])
        cursor.execute("DELETE FROM referrals_deadline WHERE referral_id = %s", [made.referral_id])
        cursor.execute(
            "UPDATE circles_member SET valid_until = valid_from WHERE circle_id = %s AND facility_id = %s",
            [made.circle_id, receiver],
        )
    queue = Table(cursor, OutgoingPaper)
    for at, made in enumerate(letters):
        _queue(cursor, queue, places, made, at)
    return {"notices_outgoingpaper": queue.write(), "exchange_scanfile": _faxes(cursor, places)}


def _queue(cursor: CursorWrapper, queue: Table, places: Places, made: Written, at: int) -> None:
    cursor.execute("SELECT uid FROM referrals_referral WHERE id = %s", [made.referral_id])
    to = places.facilities[made.plan.receiver]
    sent_at = made.plan.moves[0].at
    state = ("sent", "sent", "failed", "waiting")[at % 4]
    queue.add(
        facility_id=places.facilities[HOUSE].pk,
        kind="referral",
        subject_uid=cursor.fetchone()[0],
        number=made.number,
        title=f"逆紹介 {made.number}",
        to_facility_id=to.pk,
        to_name=to.name,
        state=state,
        way="" if state == "waiting" else "fax",
        fax_number="" if state == "waiting" else to.fax,
        attempts=8 if state == "failed" else 0,
        error="メールサーバーにつながりません。" if state == "failed" else "",
        created_at=sent_at,
        sent_at=sent_at + timedelta(minutes=15) if state == "sent" else None,
        sent_by="" if state == "waiting" else made.sender.label,
    )


def _faxes(cursor: CursorWrapper, places: Places) -> int:
    """Two letters written without the form: nothing tells a machine whose they are."""
    files, pages, parts = Table(cursor, ScanFile), Table(cursor, ScanPage), Table(cursor, ScanPart)
    house = places.facilities[HOUSE].pk
    for at, name in enumerate(("受信FAX_20260529_1642.png", "受信FAX_20260530_0918.png")):
        picture = _handwritten(at)
        came = DEMO_START - timedelta(days=3 - at, hours=14)
        file = files.add(
            facility_id=house,
            name=name,
            media_type="image/png",
            content=picture,
            size=len(picture),
            sha256=hashlib.sha256(picture).hexdigest(),
            source="folder",
            came_from=name,
            received_at=came,
            received_by="システム",
            state="done",
            pages=1,
            pages_read=1,
            done_at=came,
        )
        pages.add(facility_id=house, file_id=file, number=0, thumbnail=picture)
        parts.add(
            facility_id=house,
            file_id=file,
            first_page=0,
            last_page=0,
            state="unmatched",
            why="QRコードがありません。",
            changed_at=came,
        )
    made = files.write()
    return made + pages.write() + parts.write()


def _handwritten(seed: int) -> bytes:
    """A page of lines as a fax leaves them; no words, so that no real letter can be meant."""
    page = Image.new("L", (620, 877), 255)
    draw = ImageDraw.Draw(page)
    draw.rectangle([60, 60, 330 + 60 * seed, 96], outline=0, width=2)
    for line in range(16):
        y, x = 150 + line * 38, 70.0
        while x < 540 - 23 * ((line * 7 + seed * 3) % 9):
            length = 9 + (line * 5 + int(x) * 3 + seed) % 17
            draw.line([(x, y), (x + length * 0.6, y - 9), (x + length, y + 3)], fill=30, width=2)
            x += length + 7
    draw.ellipse([450, 760, 510, 820], outline=60, width=4)
    out = io.BytesIO()
    page.convert("1").save(out, "PNG")
    return out.getvalue()
