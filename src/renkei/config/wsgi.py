"""The WSGI entry for granian or gunicorn."""

from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renkei.config.settings")
application = get_wsgi_application()

# What is loaded now stays until the process ends: the collector need not walk through it again with every few requests.
_pages = get_resolver().url_patterns
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
