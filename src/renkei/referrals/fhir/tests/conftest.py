"""Callers of the referral API: a system of a facility, or an app that a member of staff let in, by their scopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.http import HttpRequest

from renkei.api.tests.conftest import Caller
from renkei.clients.scopes import permissions_of
from renkei.fhirkit.server.http import register_authenticator, unregister_authenticator
from renkei.gate.actor import Actor, Kind
from renkei.kernel import clock
from testing.cast import Cast

MONDAY = clock.jst(2026, 6, 1, 9, 0)
Call = Callable[..., Caller]


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def call(cast: Cast) -> Iterator[Call]:
    """``call("C1")``: that facility's system; ``call(app="aoki")``: an app in that person's name; ``scopes`` for less."""
    known: dict[str, Actor] = {}

    def find(request: HttpRequest) -> Actor | None:
        return known.get(request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "))

    def make(facility: str = "", *, app: str = "", scopes: str = "") -> Caller:
        allowed = permissions_of((scopes or f"{'user' if app else 'system'}/*.cruds").split())
        token = f"token-{facility or app}-{len(known)}"
        if app:
            person = cast.actor(app)
            own = frozenset(p for p in allowed if p in person.permissions or p.startswith("fhir:"))
            known[token] = Actor(
                Kind.CLIENT,
                person_id=person.person_id,
                facility_id=person.facility_id,
                membership_id=person.membership_id,
                label=f"{person.label}(往診メモ)",
                facility_label=person.facility_label,
                roles=person.roles,
                permissions=own,
            )
        else:
            house = cast.facility(facility)
            known[token] = Actor(
                Kind.CLIENT,
                facility_id=house.pk,
                label=f"{house.name}の電子カルテ",
                facility_label=house.name,
                permissions=allowed,
            )
        return Caller(token)

    register_authenticator(find)
    yield make
    unregister_authenticator(find)
