"""What every test of this module needs: no memory of the test before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renkei.clients import rates
from renkei.clients.cors import forget_origins
from renkei.clients.models import Client
from renkei.clients.queries import forget_bearers
from renkei.clients.tests.support import Consent, a_system, an_app
from renkei.gate.context import acting
from testing.cast import Cast
from testing.fixtures import StaffClient


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Tokens, permits and origins that a process holds are forgotten between tests."""
    for forget in (forget_bearers, rates.let_go, forget_origins):
        forget()
    yield
    for forget in (forget_bearers, rates.let_go, forget_origins):
        forget()


@pytest.fixture
def system(cast: Cast) -> Client:
    """The electronic record of H1."""
    with acting(cast.actor("oka")) as oka:
        return a_system(oka)


@pytest.fixture
def app(cast: Cast) -> Client:
    """An app of the clinic C1 on people's phones."""
    with acting(cast.actor("aoki")) as aoki:
        return an_app(aoki)


@pytest.fixture
def aoki(cast: Cast, browser: StaffClient) -> Consent:
    """Dr Aoki's browser."""
    return Consent(browser.log_in(cast.actor("aoki")))
