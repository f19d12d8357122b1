"""Turns refusals into pages: one mapper for every screen."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from renkei.audit.trail import Origin, origin
from renkei.kernel.errors import DomainError


class RefusalMiddleware:
    """Maps ``DomainError`` to its HTTP status with a page, or a fragment for HTMX; notes where a request came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Run the request with its origin known to the trail."""
        came = Origin(uuid.uuid4().hex, request.META.get("REMOTE_ADDR", ""))
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
