"""In the demo every process follows the region's clock."""

from __future__ import annotations

from django.conf import settings

from renkei.demo import clock

if settings.DEMO:
    clock.follow()
