"""What the page frame shows, and the way back for pages that say no."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme

from renkei.portal import navigation


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor of every page. Built when a template asks: fragments and polls pay nothing for it."""
    return {
        "frame": SimpleLazyObject(lambda: navigation.frame_for(request)),
        "back_url": SimpleLazyObject(lambda: back_url(request)),
    }


def back_url(request: HttpRequest) -> str:
    """The page of this product that the request came from, or empty when there is none or it is this very page."""
    came = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came, {request.get_host()}, require_https=request.is_secure())
    if not came or not ours or (request.method == "GET" and came == request.build_absolute_uri()):
        return ""
    return came
