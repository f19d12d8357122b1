"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class AuditConfig(module.Module):
    """See the module's README."""

    name = "renkei.audit"
    label = "audit"
