"""What the page frame shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from renkei.portal import navigation


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every page. Built when a template asks: fragments and polls pay nothing for it."""
    return {"frame": SimpleLazyObject(lambda: navigation.frame_for(request))}
