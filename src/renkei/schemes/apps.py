"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class SchemesConfig(module.Module):
    """See the module's README."""

    name = "renkei.schemes"
    label = "schemes"
