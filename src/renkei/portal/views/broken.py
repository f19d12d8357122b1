"""What people see when the program or its database fails: nothing was saved, and what to do now."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

AGAIN_AFTER = "30"  # seconds, for programs that ask (RFC 9110, Retry-After)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of an unexpected failure: 503 while the database is away, slow or full, else 500.

    Nothing here may touch the database: it is what is missing.
    """
    if database_is_away(sys.exc_info()[1]):
        body = render_to_string("503.html")
        return HttpResponse(body, status=503, headers={"Retry-After": AGAIN_AFTER})
    return HttpResponse(render_to_string("500.html"), status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of a request that cannot be read: 413 with the limit when it is too large, else 400."""
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // (1024 * 1024)
        return HttpResponse(render_to_string("413.html", {"most": most}), status=413)
    return HttpResponse(render_to_string("400.html"), status=400)


def database_is_away(error: BaseException | None) -> bool:
    """Whether ``error``, or what led to it, came from the connection and not from the program."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False
