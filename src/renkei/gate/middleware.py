"""Turns refusals into pages: one mapper for every screen."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from renkei.audit.trail import Origin, origin
from renkei.kernel.errors import DomainError


def client_address(request: HttpRequest) -> str:
    """IP address of whoever asks: behind ``RENKEI_PROXIES`` own proxies, what the outermost of them wrote down.

    A proxy appends the address it was asked from to ``X-Forwarded-For``, so only that many entries from the right can be
    believed; what stands further left is the visitor's own word.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    return seen[-proxies] if 0 < proxies <= len(seen) else direct


class RefusalMiddleware:
    """Maps ``DomainError`` to its HTTP status with a page, or a fragment for HTMX; notes where a request came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Run the request with its origin known to the trail."""
        came = Origin(uuid.uuid4().hex, client_address(request))
        token = origin.set(came)
        try:
            response = self.get_response(request)
        finally:
            origin.reset(token)
        response["X-Request-Id"] = came.request_id
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of a refusal; anything else is a defect and goes on to the 500 page."""
        if not isinstance(exception, DomainError):
            return None
        fragment = request.headers.get("HX-Request") == "true"
        template = "gate/_refusal.html" if fragment else "gate/refusal.html"
        body = render_to_string(template, {"error": exception}, request=request)
        return HttpResponse(body, status=exception.status)
