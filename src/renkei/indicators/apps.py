"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class IndicatorsConfig(module.Module):
    """See the module's README."""

    name = "renkei.indicators"
    label = "indicators"
