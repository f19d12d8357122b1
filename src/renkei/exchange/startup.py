"""Finds the formats and makes the permissions known."""

from __future__ import annotations

from renkei.exchange import formats, permissions
from renkei.exchange.registry import discover

discover(formats.__name__, formats.__path__)

__all__ = ["permissions"]
