"""The desk of the papers, on a Monday in June."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from renkei.exchange.scans.tests.desks import PaperDesk
from renkei.kernel import clock
from testing.cast import Cast


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(clock.jst(2026, 6, 1, 9, 0)):
        yield


@pytest.fixture
def desk(cast: Cast) -> PaperDesk:
    return PaperDesk(cast)
