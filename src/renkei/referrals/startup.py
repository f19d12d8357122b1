"""Finds the kinds of referral."""

from __future__ import annotations

from renkei.referrals import kinds
from renkei.referrals.registry import discover

discover(kinds.__name__, kinds.__path__)
