"""Brings the shipped definitions into the directory's table of effective-dated rules."""

from __future__ import annotations

from renkei.directory.models import Rule
from renkei.indicators.registry import shipped_rules


def load(using: str = "default") -> str:
    """Add what is missing; run as the system. A rule that stands is never changed: reports were made with it."""
    added = 0
    for rule in shipped_rules():
        same = {name: rule[name] for name in ("code", "jurisdiction", "valid_from")}
        if not Rule.objects.using(using).filter(**same).exists():
            values = {
                "params": {"value": rule["params"]},
                "source": rule["source"],
                "certain": rule["certain"],
            }
            Rule(**same, **values).save(using=using)
            added += 1
    return f"指標の定義 (追加 {added})"
