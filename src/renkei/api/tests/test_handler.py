"""The handler of the web server: the same answers as Django's own, in one piece where they are whole."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from renkei.api import handler as tested
from renkei.api.handler import Handler

pytestmark = pytest.mark.django_db
PER_CALL = {"X-Request-Id", "Content-Length", "Set-Cookie"}


class Started:
    """What a web server is told at the beginning of an answer."""

    status = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __call__(self, status: str, headers: list[tuple[str, str]], problem: object = None) -> Any:
        """Keep it."""
        self.status, self.headers = status, tuple(headers)


@pytest.fixture(autouse=True)
def _open_transaction() -> None:
    """Django's test client hangs its own look at connections into these signals; it would close that of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)


def ask(handler: Handler, path: str) -> tuple[Started, Iterable[bytes]]:
    """GET ``path`` as a web server does."""
    started = Started()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }
    return started, handler(environ, started)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere/", "/fhir/Patient", "/fhir/Nothing/1", "/fhir"])
def test_it_says_what_djangos_own_says(path: str) -> None:
    started, body = ask(Handler(), path)
    expected: HttpResponse = Client().get(path, headers={"host": "localhost"})  # type: ignore[assignment]
    assert isinstance(body, list)
    assert started.status == f"{expected.status_code} {expected.reason_phrase}"
    assert len(b"".join(body)) == len(expected.content)
    assert sum(name == "Set-Cookie" for name, _ in started.headers) == len(expected.cookies)
    told = {name: value for name, value in started.headers if name not in PER_CALL}
    wanted = {name: value for name, value in expected.items() if name not in PER_CALL}
    assert told.keys() == wanted.keys()
    assert told["Content-Type"] == wanted["Content-Type"]


def test_a_page_is_closed_before_it_leaves() -> None:
    heard: list[object] = []

    def hear(**signal: object) -> None:
        heard.append(signal)

    request_finished.connect(hear)
    try:
        _, body = ask(Handler(), "/healthz")
    finally:
        request_finished.disconnect(hear)
    assert len(heard) == 1
    assert isinstance(body, list)


@pytest.mark.parametrize("path", ["/somewhere/", "/fhir/Binary/1"])
def test_what_comes_piece_by_piece_is_handed_on_as_it_is(path: str) -> None:
    handler, streaming = Handler(), StreamingHttpResponse([b"a", b"b"])
    handler._middleware_chain = lambda request: streaming
    _, body = ask(handler, path)
    assert body is streaming


def test_a_call_looks_at_its_connections_first(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    handler = Handler()

    def answer(request: object) -> HttpResponse:
        steps.append("asked")
        return HttpResponse(b"{}")

    monkeypatch.setattr(tested, "tidy", lambda: steps.append("looked"))
    handler._middleware_chain = answer
    _, body = ask(handler, "/fhir/Patient")
    assert (list(body), steps) == ([b"{}"], ["looked", "asked"])
