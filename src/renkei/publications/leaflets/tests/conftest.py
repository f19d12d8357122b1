"""The two sides of a leaflet: what the tests of writing and of the rack share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from renkei.enrolments.models import Scheme
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.publications.leaflets import actions
from renkei.publications.models import LeafletVersion
from renkei.publications.tests.region import open_scheme
from testing.cast import Cast

MONDAY = clock.jst(2026, 6, 1, 9, 0)
TEXTS = {
    "catch": "ご家族のかかりつけ医です",
    "greeting": "桜台で開院して以来、地域の皆さまの健康を見守ってまいりました。",
    "strengths": "高血圧・糖尿病の継続的な診療\n訪問診療",
}


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def scheme(cast: Cast) -> Scheme:
    return open_scheme(cast, "C1", "C2")


class World:
    """Steps of the two sides."""

    def __init__(self, cast: Cast, scheme: Scheme) -> None:
        self.cast, self.scheme = cast, scheme

    def does(self, who: str, action: Any, *args: Any, **kwargs: Any) -> Any:
        actor = self.cast.actor(who)
        with acting(actor):
            return action(actor, *args, **kwargs)

    def draft(self, who: str = "kimura", key: str = "C1", **texts: str) -> LeafletVersion:
        facility = self.cast.facility(key)
        made = self.does(who, actions.begin, scheme=self.scheme, facility_id=facility.pk)
        return self.does(who, actions.save_draft, made, texts=TEXTS | texts)

    def submitted(self, who: str = "kimura", key: str = "C1", **texts: str) -> LeafletVersion:
        return self.does(who, actions.submit, self.draft(who, key, **texts))

    def approved(self, who: str = "kimura", key: str = "C1", **texts: str) -> LeafletVersion:
        return self.does("sato", actions.approve, self.submitted(who, key, **texts))


@pytest.fixture
def world(cast: Cast, scheme: Scheme) -> World:
    return World(cast, scheme)


def words_of(content: bytes) -> str:
    return "".join("".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(content)).pages)
