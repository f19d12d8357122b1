"""One app configuration for every module: loads ``<module>.startup``, where a module hands itself to the floors below."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import module_has_submodule


class Module(AppConfig):
    """A module of the house; ``startup.py`` registers its policies, grants, panels, kinds and subscribers."""

    def ready(self) -> None:
        """Import ``startup`` and ``subscribers`` once every model is known."""
        for name in ("startup", "subscribers"):
            if self.module is not None and module_has_submodule(self.module, name):
                import_module(f"{self.name}.{name}")
