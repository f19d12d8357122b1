"""A handful of attachments for H1's first morning: laboratory sheets as PDF, and a drawn chest film as JPEG."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from random import Random

from django.db.backends.utils import CursorWrapper
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from renkei import letters
from renkei.demo.loading.table import Table
from renkei.demo.loading.written import Written
from renkei.demo.timeline import DEMO_START
from renkei.files.models import StoredFile
from renkei.kernel.identifiers import uuid7
from renkei.referrals.models import Attachment

FONT = Path(letters.__file__).parent / "fonts" / "BIZUDPGothic_400Regular.ttf"
SHEETS = 6
PAGE = (1240, 1754)
"""A4 at 150 dots per inch."""
LINE = 36


def load_files(cursor: CursorWrapper, written: Mapping[str, Written]) -> int:
    """Write the attachments of the desk's letters; returns how many."""
    files, attachments = Table(cursor, StoredFile), Table(cursor, Attachment)
    for made, name, media_type, content in _drawn(written):
        uid, digest = uuid7(), hashlib.sha256(content).hexdigest()
        assert made.finalised_at is not None
        at = made.finalised_at - timedelta(minutes=2)
        shared = {"name": name, "media_type": media_type, "size": len(content), "sha256": digest}
        files.add(
            uid=uid,
            circle_id=made.circle_id,
            facility_id=made.sender.facility_id,
            content=content,
            stored_at=at,
            **shared,
        )
        attachments.add(
            circle_id=made.circle_id,
            patient_id=made.patient_id,
            referral_id=made.referral_id,
            file_uid=uid,
            added_at=at,
            added_by=made.sender.label,
            **shared,
        )
    files.write()
    return attachments.write()


def _drawn(written: Mapping[str, Written]) -> Iterator[tuple[Written, str, str, bytes]]:
    desk = [w for w in written.values() if w.plan.desk in ("new", "date", "today") and w.finalised_at]
    chosen = sorted(desk, key=lambda w: (w.plan.desk != "new", w.plan.key))
    for made in chosen[:SHEETS]:
        yield made, "検査結果.pdf", "application/pdf", laboratory_sheet(made)
    yield chosen[0], "胸部X線.jpg", "image/jpeg", chest_film(chosen[0].plan.key)


def laboratory_sheet(made: Written) -> bytes:
    """One A4 page: the results of the letter as a laboratory prints them."""
    page = Image.new("L", PAGE, 255)
    pen = ImageDraw.Draw(page)
    title, text = ImageFont.truetype(str(FONT), 44), ImageFont.truetype(str(FONT), 26)
    pen.text((110, 110), "検査結果報告書", fill=0, font=title)
    pen.line((110, 180, PAGE[0] - 110, 180), fill=0, width=3)
    pen.text((110, 200), f"紹介番号 {made.number}(架空のデータです)", fill=0, font=text)
    lines = [part for part in made.plan.content.results.replace("、", "。").split("。") if part]
    at = 290
    for line in lines:
        for start in range(0, len(line), LINE):
            pen.text((130, at), line[start : start + LINE], fill=0, font=text)
            at += 44
        pen.line((130, at + 2, PAGE[0] - 130, at + 2), fill=190, width=1)
        at += 16
    made_at = time.gmtime(DEMO_START.timestamp())
    out = BytesIO()
    page.convert("1").save(
        out, "PDF", resolution=150, title="検査結果報告書", creationDate=made_at, modDate=made_at
    )
    return out.getvalue()


def chest_film(key: str, size: int = 900) -> bytes:
    """A picture that looks like a chest film from afar: two lungs, ribs, a heart; drawn, nobody's."""
    rng = Random(f"{key}:film")  # noqa: S311 - fiction, no secret
    film = Image.new("L", (size, size), 14)
    pen = ImageDraw.Draw(film)
    pen.rounded_rectangle((90, 60, size - 90, size + 200), 170, fill=150)
    pen.ellipse((170, 150, 420, 780), fill=48)
    pen.ellipse((480, 150, 730, 780), fill=48)
    pen.ellipse((370, 430, 680, 790), fill=190)
    pen.rectangle((425, 60, 475, size), fill=200)
    for rib in range(9):
        top = 150 + rib * 70 + rng.randint(-6, 6)
        pen.arc((130, top, 450, top + 190), 180, 330, fill=125, width=13)
        pen.arc((450, top, 770, top + 190), 210, 360, fill=125, width=13)
    pen.arc((120, 80, 440, 240), 200, 340, fill=185, width=18)
    pen.arc((460, 80, 780, 240), 200, 340, fill=185, width=18)
    film = film.filter(ImageFilter.GaussianBlur(9))
    pen = ImageDraw.Draw(film)
    font = ImageFont.truetype(str(FONT), 30)
    pen.text((30, 30), "R", fill=235, font=font)
    pen.text((size - 300, size - 50), "DEMO 2026/05/30 PA", fill=200, font=font)
    out = BytesIO()
    film.save(out, "JPEG", quality=80)
    return out.getvalue()
