"""Panels: what one module shows on another module's page, by address and not by import (rule R6).

A module registers a panel for a subject ("patient") when it starts; the page of the subject includes
``ui/components/panels.html`` with ``panels_for(...)``, and HTMX fills each place from the module's own URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from renkei.gate.actor import Actor


@dataclass(frozen=True, slots=True)
class Panel:
    """A place on the page of ``subject``; ``url_name`` takes the subject's uid; lower ``order`` stands first."""

    subject: str
    key: str
    title: str
    url_name: str
    permission: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class PlacedPanel:
    """A panel with its address, ready for the template."""

    key: str
    title: str
    url: str


class PanelRegistry:
    """The panels of every subject; a key stands once, registering it again replaces it."""

    def __init__(self) -> None:
        self._panels: dict[tuple[str, str], Panel] = {}

    def register(self, panel: Panel) -> None:
        """Make ``panel`` known."""
        self._panels[panel.subject, panel.key] = panel

    def placed(self, subject: str, uid: UUID | str, actor: Actor) -> list[PlacedPanel]:
        """What ``actor`` may open about ``uid``, in order; a panel whose URL is not mounted is left out."""
        wanted = [p for p in self._panels.values() if p.subject == subject and actor.may(p.permission)]
        found = []
        for panel in sorted(wanted, key=lambda p: (p.order, p.key)):
            try:
                found.append(PlacedPanel(panel.key, panel.title, reverse(panel.url_name, args=[uid])))
            except NoReverseMatch:
                continue
        return found


registry = PanelRegistry()


def register_panel(
    subject: str, key: str, title: str, url_name: str, permission: str, *, order: int = 100
) -> None:
    """Called by a module's ``startup.py``: ``register_panel("patient", "referrals", "紹介", "referrals:of_patient", P.VIEW)``."""
    registry.register(Panel(subject, key, title, url_name, str(permission), order))


def panels_for(subject: str, uid: UUID | str, actor: Actor) -> list[PlacedPanel]:
    """The panels of one page, for ``{% include "ui/components/panels.html" %}`` as ``panels``."""
    return registry.placed(subject, uid, actor)
