"""Patients for tests."""

from __future__ import annotations

from datetime import date
from typing import Any

from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.patients import actions
from renkei.patients.models import Patient


def person(**changed: Any) -> dict[str, Any]:
    """What a clerk types for a new patient."""
    typed = {"name": "髙田 さくら", "kana": "たかた さくら", "birth_on": date(1960, 4, 2), "sex": "female"}
    return typed | changed


def register(actor: Actor, **changed: Any) -> Patient:
    """Registered by ``actor`` as on the page."""
    with acting(actor):
        return actions.register(actor, **person(**changed))
