"""Finds the indicators and makes the permissions known."""

from __future__ import annotations

from renkei.indicators import catalog, permissions
from renkei.indicators.registry import discover

discover(catalog.__name__, catalog.__path__)

__all__ = ["permissions"]
