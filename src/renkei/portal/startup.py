"""Grants of the portal's own pages; in the demo every process follows the region's clock."""

from __future__ import annotations

from django.conf import settings

from renkei.portal import permissions
from renkei.portal.demo import clock

P = permissions.P

if settings.DEMO:
    clock.follow()
