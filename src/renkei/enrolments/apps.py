"""Registers the module with Django."""

from __future__ import annotations

from renkei.config import module


class EnrolmentsConfig(module.Module):
    """See the module's README."""

    name = "renkei.enrolments"
    label = "enrolments"
