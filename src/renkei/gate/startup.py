"""The event bus lies one floor down: it is given the system's door instead of importing it."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from renkei.events.bus import register_system_door
from renkei.gate import lookups
from renkei.gate.context import system, tidy
from renkei.gate.hardening import fix_search_paths

register_system_door(system)
# Grants are known in every process, also where no page is loaded (jobs, commands).
autodiscover_modules("permissions")
post_migrate.connect(fix_search_paths, sender=apps.get_app_config("gate"), dispatch_uid="gate search paths")
lookups.register()

request_started.disconnect(close_old_connections)
request_finished.disconnect(close_old_connections)
request_finished.disconnect(
    close_caches
)  # what this process remembers is its own: there is no cache to let go of
request_started.connect(tidy, dispatch_uid="gate tidy before")
request_finished.connect(tidy, dispatch_uid="gate tidy after")
if not settings.DEBUG:
    request_started.disconnect(reset_queries)  # nothing keeps queries that would have to be forgotten
