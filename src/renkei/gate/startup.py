"""The event bus lies one floor down: it is given the system's door instead of importing it."""

from __future__ import annotations

from renkei.events.bus import register_system_door
from renkei.gate.context import system

register_system_door(system)
