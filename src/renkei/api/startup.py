"""Every module's ``fhir.py`` hands its mapping to the server; the OAuth server says who a token speaks for."""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.utils.module_loading import autodiscover_modules

autodiscover_modules("fhir")
if apps.is_installed("renkei.clients"):
    import_module("renkei.api.bearer")
