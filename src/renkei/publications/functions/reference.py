"""The shipped casebook of local initiatives as rows that people may edit."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import Any

from renkei.publications.functions.catalog import DATA
from renkei.publications.models import LocalCase


def shipped() -> list[dict[str, Any]]:
    """The cases of ``casebook.toml`` as values of ``LocalCase``."""
    told = tomllib.loads((DATA / "casebook.toml").read_text(encoding="utf-8"))
    rows = [{"edition": told["edition"], **row} for row in told["case"]]
    return [row | ({"km2": Decimal(row["km2"])} if "km2" in row else {}) for row in rows]


def load(using: str = "default") -> str:
    """Add what is missing; run as the system. A case that stands is never changed: people may have mended it."""
    added = 0
    for row in shipped():
        same = {name: row[name] for name in ("edition", "number")}
        if not LocalCase.objects.using(using).filter(**same).exists():
            LocalCase(**row).save(using=using)
            added += 1
    return f"取組事例 {len(shipped())} 件 (追加 {added})"
