"""A watch folder: a fax server or a multifunction machine drops files, the worker takes them in every minute.

``RENKEI_SCAN_FOLDER`` holds a folder for each house, named by its institution number. What was taken in moves to ``done``, what
cannot be read to ``refused`` with the reason beside it. A file is taken in first and moved then: a worker that is killed between
the two finds it again and knows it by its bytes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.db import transaction

from renkei.directory.queries import facility_by_number
from renkei.exchange.models import ScanSource
from renkei.exchange.scans.taking import refuse_size, take
from renkei.files.checking import clean_name
from renkei.gate.context import system_of
from renkei.kernel.errors import Invalid

QUIET = 10
"""Seconds without a change after which a file is whole."""
DONE, REFUSED = "done", "refused"
AT_ONCE = 100


def folder() -> Path | None:
    """The watch folder of this installation, or None."""
    given = os.environ.get("RENKEI_SCAN_FOLDER", "")
    return Path(given) if given else None


def take_from_folder(root: Path | None = None) -> int:
    """Take in what lies whole in the watch folder; returns how many files were taken in or known."""
    watched = root or folder()
    if watched is None or not watched.is_dir():
        return 0
    taken = 0
    for house in sorted(p for p in watched.iterdir() if p.is_dir()):
        taken += sum(_take(house, path) for path in _whole(house)[:AT_ONCE])
    return taken


def _whole(house: Path) -> list[Path]:
    """Plain files of the folder itself; no links, nothing hidden, nothing that still grows."""
    settled = time.time() - QUIET
    return sorted(
        p
        for p in house.iterdir()
        if p.is_file() and not p.is_symlink() and not p.name.startswith(".") and p.stat().st_mtime < settled
    )


def _take(house: Path, path: Path) -> bool:
    facility = facility_by_number(house.name)
    if facility is None:
        return False
    try:
        refuse_size(path.name, path.stat().st_size)
        with system_of(facility.pk, facility.name, "スキャンの監視フォルダ") as actor, transaction.atomic():
            take(actor, path.name, path.read_bytes(), source=ScanSource.FOLDER, came_from=path.name)
    except Invalid as error:
        _move(path, REFUSED)
        note = house / REFUSED / f"{clean_name(path.name)}.txt"
        note.write_text(error.message_ja + "\n", encoding="utf-8")
        return False
    _move(path, DONE)
    return True


def _move(path: Path, where: str) -> None:
    """Beside an older file of the same name, never over it."""
    place = path.parent / where
    place.mkdir(exist_ok=True)
    target, count = place / path.name, 1
    while target.exists():
        target, count = place / f"{path.stem}-{count}{path.suffix}", count + 1
    path.rename(target)
