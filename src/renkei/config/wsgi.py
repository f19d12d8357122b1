"""The WSGI entry for granian or gunicorn."""

from __future__ import annotations

import gc
import os

import django
from django.urls import get_resolver
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
django.setup(set_prefix=False)

application = import_string("renkei.api.handler.Handler")()

# What is loaded now stays until the process ends: the collector need not walk through it again with every few requests.
_pages = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
