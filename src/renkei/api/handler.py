"""Django's WSGI handler with a shorter way out, and for calls of the API a shorter way in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

from renkei.api.door import is_call
from renkei.gate.context import tidy

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


class Handler(WSGIHandler):
    """An answer that is there as a whole leaves as a list, which the web server sends in one piece.

    Calls of the API pass the same middleware as anything else. What Django's signals do around a request (the prefix of
    addresses, caches, closed uploads) does not concern them, except the connections, which are looked at before.
    """

    def __call__(  # type: ignore[override]
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """One request (PEP 3333)."""
        if is_call(environ.get("PATH_INFO", "")):
            return self._call(environ, start_response)
        response = super().__call__(environ, start_response)
        if not isinstance(response, HttpResponse):
            return response
        whole = [response.content]
        response.close()
        return whole

    def _call(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """One call of the API."""
        tidy()
        response = self.get_response(self.request_class(environ))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content] if isinstance(response, HttpResponse) else response
