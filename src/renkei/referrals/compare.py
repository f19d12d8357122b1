"""What changed between two versions of a letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renkei.referrals.models import ReferralLetter


def changes(letters: Sequence[ReferralLetter]) -> list[Any]:
    """Version by version, what was added and removed."""
    return []
