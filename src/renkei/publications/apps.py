"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class PublicationsConfig(module.Module):
    """See the module's README."""

    name = "renkei.publications"
    label = "publications"
