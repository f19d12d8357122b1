"""Lets calls of the API in before everything that only browsers need (sessions, CSRF, messages, log-in).

Only the road is shorter: the view is the one of the URL table, and the gate stands behind it, not in front.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from renkei.api.views import fhir
from renkei.audit.trail import Origin, origin
from renkei.clients.cors import mark, preflight
from renkei.gate.middleware import client_address

BASE = "/fhir/"
SMART = "/fhir/.well-known/"
"""Where apps learn the addresses of the OAuth server: its own page, no resource."""
METHODS = "GET, HEAD, POST, PUT"
"""What pages of browser apps may ask for (``clients.cors``)."""


def is_call(path: str) -> bool:
    """Whether ``path`` is an address of the API."""
    return (path.startswith(BASE) and not path.startswith(SMART)) or path == BASE[:-1]


class ApiMiddleware:
    """The outermost middleware: answers ``/fhir`` and ``/fhir/…`` itself and hands everything else on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.headers: dict[str, str] = {}
        if settings.SECURE_HSTS_SECONDS:
            self.headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a call of the API with its origin known to the trail."""
        path = request.path_info
        if not is_call(path):
            return self.get_response(request)
        came = Origin(uuid.uuid4().hex, client_address(request))
        token = origin.set(came)
        try:
            response = preflight(request, METHODS) or fhir(request, path[len(BASE) :])
            mark(request, response)
        finally:
            origin.reset(token)
        response["X-Request-Id"] = came.request_id
        for name, value in self.headers.items():
            response[name] = value
        return response
