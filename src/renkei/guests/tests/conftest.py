"""What the tests of guests share: an open page at H1, a filled form, and how to send it as nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from renkei.gate.context import acting
from renkei.guests import actions, queries
from renkei.guests.models import GuestRequest
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging

MONDAY = clock.jst(2026, 6, 1, 9, 0)
NUMBER = "1410000045"
"""C2 林医院, which the directory knows under 0463-00-0001."""
UNKNOWN = "1410009988"


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def opened(cast: Cast) -> str:
    """The address of H1's open page."""
    admin = cast.actor("oka")
    with acting(admin):
        actions.set_page(admin, is_open=True, code="midori-chuo", greeting="")
    return reverse("guests:ask", args=["midori-chuo"])


def kind_uid(cast: Cast, label: str = "紹介") -> str:
    with acting(cast.actor("oka")):
        return next(str(k.uid) for k in queries.kinds_of(cast.actor("oka")) if k.label == label)


Filled = Callable[..., dict[str, Any]]
Sent = Callable[..., HttpResponse]


@pytest.fixture
def filled(cast: Cast, opened: str) -> Filled:
    def fill(**changes: Any) -> dict[str, Any]:
        kind = changes.pop("kind_label", "紹介")
        return {
            "kind": kind_uid(cast, kind),
            "clinic": "林医院",
            "institution_number": NUMBER,
            "physician": "林 和彦",
            "phone": "0463-00-0001",
            "patient_name": "森 ひかり",
            "patient_kana": "モリ ヒカリ",
            "birth_on": "S50.4.2",
            "sex": "female",
            "patient_phone": "0463-00-9999",
            "purpose": "動悸が続くため、精査をお願いします。",
            "consent": "on",
        } | changes

    return fill


@pytest.fixture
def send(opened: str, filled: Filled) -> Sent:
    """Post the form as a browser that nobody logged in."""

    def post(address: str = "", **changes: Any) -> HttpResponse:
        return Client().post(address or opened, filled(**changes))  # type: ignore[return-value]

    return post


def all_requests() -> list[GuestRequest]:
    with arranging("reading guests' requests"):
        return list(GuestRequest._base_manager.order_by("id"))


@pytest.fixture
def waiting(send: Sent) -> GuestRequest:
    assert send().status_code == 200
    return all_requests()[-1]
