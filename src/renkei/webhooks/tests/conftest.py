"""A receiver on loopback that keeps what it was sent and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import override_settings

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.webhooks import actions
from renkei.webhooks.models import Delivery, Subscription
from renkei.webhooks.types import KINDS
from testing.cast import Cast
from testing.database import arranging

MONDAY = clock.jst(2026, 6, 1, 9, 0)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@dataclass
class Receiver:
    """What came, and the status that the next answer has."""

    url: str = ""
    status: int = 200
    location: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(socket_enabled: None) -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(told.status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        port = server.server_address[1]
        told.url = f"http://127.0.0.1:{port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        allowed = frozenset({f"127.0.0.1:{port}"})
        try:
            with override_settings(RENKEI_INTERNAL_HOSTS=allowed):
                yield told
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Made:
    """A subscription and its secret."""

    row: Subscription
    secret: str


def subscribed(cast: Cast, url: str, login: str = "oka", kinds: list[str] | None = None) -> Made:
    admin = cast.actor(login)
    with acting(admin):
        row, secret = actions.subscribe(admin, name="院内システム", url=url, kinds=kinds or list(KINDS))
    return Made(row, secret)


def deliveries() -> list[Delivery]:
    with arranging("reading deliveries"):
        return list(Delivery._base_manager.order_by("id"))
