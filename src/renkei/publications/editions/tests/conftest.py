"""佐藤 works through a month: what the tests of editions share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter

from renkei.enrolments.models import Scheme
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.publications.editions import making, queries, sending
from renkei.publications.models import DeliveryChoice, Dispatch, Edition, Way
from renkei.publications.tests.region import open_scheme
from testing.cast import Cast

MONDAY = clock.jst(2026, 6, 1, 9, 0)
THE_25TH = clock.jst(2026, 6, 25, 9, 0)
JUNE = date(2026, 6, 1)


def words_of(content: bytes) -> str:
    return "".join("".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(content)).pages)


def newsletter() -> bytes:
    out = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(out)
    return out.getvalue()


class Office:
    """佐藤 works through a month."""

    def __init__(self, cast: Cast, scheme: Scheme) -> None:
        self.cast, self.scheme = cast, scheme
        self.sato = cast.actor("sato")

    def does(self, action: Any, *args: Any, who: str = "sato", **kwargs: Any) -> Any:
        actor = self.cast.actor(who)
        with acting(actor):
            return action(actor, *args, **kwargs)

    def edition(self, uid: Any) -> Edition:
        with acting(self.sato):
            return queries.one(self.sato, uid)

    def filled(self) -> Edition:
        """A draft with both tables."""
        edition = self.does(making.start, month_on=JUNE)
        self.fill(edition)
        return self.edition(edition.uid)

    def fill(self, edition: Edition) -> None:
        for kind in making.TABLES:
            with acting(self.sato):
                table = making.table_of(self.sato, edition, kind)
            rows = [one | {"cells": ["高橋"] * len(table.columns)} for one in table.rows]
            self.does(making.save_table, table, columns=table.columns, rows=rows)

    def ready(self) -> Edition:
        return self.does(making.make_ready, self.filled())

    def sent(self) -> Edition:
        edition = self.ready()
        with clock.frozen(THE_25TH):
            self.does(sending.send, edition)
        return self.edition(edition.uid)

    def log(self, edition: Edition) -> list[Dispatch]:
        with acting(self.sato):
            return list(queries.dispatches(self.sato, edition))

    def choose(self, key: str, way: Way, who: str = "sato", email: str = "") -> DeliveryChoice:
        return self.does(
            sending.choose,
            who=who,
            owner_id=self.cast.facility("H1").pk,
            facility_id=self.cast.facility(key).pk,
            way=way,
            email=email,
        )


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def office(cast: Cast) -> Office:
    return Office(cast, open_scheme(cast, "C1", "C2"))
