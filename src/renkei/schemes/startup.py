"""Finds the schemes of the catalog when the program starts."""

from __future__ import annotations

from renkei.schemes.reading import discover

discover()
