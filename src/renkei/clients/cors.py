"""Browser apps on pages of their own (CORS): a page may call when its origin is one that a public app returns to.

Only where a bearer's token or PKCE decides, never with cookies: no answer allows credentials. What no app registered gets
no header at all, and its browser keeps the answer from it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

_ORIGIN = re.compile(r"https://([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?")
_HEADERS = (
    "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer"
)
_EXPOSED = "ETag, Last-Modified, Location, Retry-After, WWW-Authenticate, X-Request-Id"
_PREFLIGHT_SECONDS = 600
CACHE_SECONDS = 5.0
_MOST = 500
ticks = time.monotonic
_known: dict[str, tuple[bool, float]] = {}


def preflight(request: HttpRequest, methods: str) -> HttpResponse | None:
    """The answer to a browser that asks first; None when it is no such question, or the page is a stranger's."""
    if request.method != "OPTIONS" or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in request.META:
        return None
    if not _may(request):
        return None
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = methods
    response["Access-Control-Allow-Headers"] = _HEADERS
    response["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
    mark(request, response)
    return response


def mark(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the page of a registered app read the answer."""
    if response.has_header("Vary"):
        patch_vary_headers(response, ["Origin"])
    else:
        response["Vary"] = "Origin"
    if _may(request):
        response["Access-Control-Allow-Origin"] = request.META["HTTP_ORIGIN"]
        response["Access-Control-Expose-Headers"] = _EXPOSED


def crossing(methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view that pages of registered apps may call."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, *given: Any, **named: Any) -> HttpResponse:
            if (early := preflight(request, methods)) is not None:
                return early
            response = view(request, *given, **named)
            mark(request, response)
            return response

        return answer

    return decorate


def forget_origins() -> None:
    """Ask the database again for every origin (this process)."""
    _known.clear()


def _may(request: HttpRequest) -> bool:
    """Whether the page's origin is that of a return address of an enabled public app; remembered for some seconds."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if not origin or not _ORIGIN.fullmatch(origin):
        return False
    found = _known.get(origin)
    if found is None or found[1] <= ticks():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT clients_origin(%s)", [origin])
                allowed = bool(cursor.fetchone()[0])
        except DatabaseError:
            return False  # the answer itself says that the database is away; a header would be a guess
        if len(_known) >= _MOST:
            _known.clear()
        found = _known[origin] = (allowed, ticks() + CACHE_SECONDS)
    return found[0]
