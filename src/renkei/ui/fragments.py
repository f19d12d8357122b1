"""Answers for the pieces of a page that refresh themselves (``live.js``)."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse


def live_response(request: HttpRequest, html: str) -> HttpResponse:
    """``html`` with its ETag, or 304 when the browser already shows exactly this."""
    tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:24]}"'
    unchanged = request.headers.get("If-None-Match") == tag
    response = HttpResponse(status=304) if unchanged else HttpResponse(html)
    response["ETag"] = tag
    response["Cache-Control"] = "no-store"
    return response
