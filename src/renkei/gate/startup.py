"""The event bus lies one floor down: it is given the system's door instead of importing it."""

from __future__ import annotations

from django.apps import apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules

from renkei.events.bus import register_system_door
from renkei.gate import lookups
from renkei.gate.context import system
from renkei.gate.hardening import fix_search_paths

register_system_door(system)
# Grants are known in every process, also where no page is loaded (jobs, commands).
autodiscover_modules("permissions")
post_migrate.connect(fix_search_paths, sender=apps.get_app_config("gate"), dispatch_uid="gate search paths")
lookups.register()
