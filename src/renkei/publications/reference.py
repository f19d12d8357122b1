"""Reference tables of the rooms."""

from __future__ import annotations

from renkei.publications.functions import reference as casebook


def load(using: str = "default") -> str:
    """Every room's table; run as the system."""
    return casebook.load(using=using)
