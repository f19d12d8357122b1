"""Loads the shipped areas: prefectures, secondary medical areas (二次医療圏) and municipalities."""

from __future__ import annotations

import csv
from pathlib import Path

from renkei.directory.models import Area
from renkei.kernel.errors import Invalid

AREAS = Path(__file__).parent / "data" / "areas.csv"


def load(using: str = "default", path: Path = AREAS) -> str:
    """Bring the areas in line with ``areas.csv``; run as the system. Twice is the same as once.

    Areas that are no longer in the file stay: facilities may lie in them. Returns what was done, for the console.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    known = {area.code: area for area in Area.objects.using(using).all()}
    added = changed = 0
    for line in lines:
        code, parent = line["code"], line["parent"]
        if parent and parent not in known:
            raise Invalid("area_parent", f"areas.csv: {code} の上位の地域 {parent} が前の行にありません。")
        values = {
            "level": line["level"],
            "name": line["name"],
            "kana": line["kana"],
            "parent_id": known[parent].pk if parent else None,
        }
        area = known.get(code)
        if area is None:
            known[code] = Area(code=code, **values)
            known[code].save(using=using, force_insert=True)
            added += 1
        elif any(getattr(area, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(area, name, value)
            area.save(using=using)
            changed += 1
    return f"地域 {len(lines)} 件 (追加 {added}・変更 {changed})"
