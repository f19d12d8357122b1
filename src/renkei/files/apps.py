"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class FilesConfig(module.Module):
    """See the module's README."""

    name = "renkei.files"
    label = "files"
