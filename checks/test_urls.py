"""Every address of the product: who may open it, and what a stranger gets to see of others' rows (nothing).

The resolver is walked, so a new page is proved from its first day. Converters are filled with the keys of rows that
exist, so that a page that forgets the gate would have something to show. Every role of both facilities outside walks
every address twice: as a page (at one facility) or as a fragment with the names of the arranged rows as search words
(at the other), and as a form that is sent. So does somebody who is not logged in. A new role walks from its first day.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from checks.addresses import (
    ADDRESSES,
    CONVERTER,
    OURS,
    an_address,
    body,
    live_paths,
    logged_in,
    menu_counted_once,
    plain,
)
from checks.filler import MARK
from checks.world import OUTSIDERS, World, login, rows_of
from renkei.accounts.models import Person
from renkei.gate.actor import Actor
from testing.fixtures import StaffClient

CALM = {200, 204, 302, 303, 304, 400, 401, 403, 404, 405, 406, 409, 410, 415, 422}
LOGIN = "/accounts/login/"


def test_the_resolver_is_not_empty() -> None:
    assert ADDRESSES


def test_an_address_that_lets_a_method_in_is_walked_with_it() -> None:
    methods = {a.route: a.methods for a in OURS}
    assert methods["referrals/<uuid:uid>/message/"] == {"POST"}
    assert methods["referrals/desk/"] >= {"GET"}
    assert methods["patients/new/"] == {"GET", "POST"}
    assert all(methods.values())


def test_a_view_says_who_may_open_it() -> None:
    strange = [a.home for a in OURS if not a.home.startswith("renkei.")]
    assert not strange, "on no list with a reason"
    ungated = [a.route for a in OURS if a.gate is None]
    assert not ungated, "give these views @page(permission) or @public_page(reason)"


def test_a_public_page_has_a_reason() -> None:
    for address in OURS:
        if address.gate and address.gate[0] == "public":
            assert len(str(address.gate[1])) >= 8, address.route


@dataclass(frozen=True)
class Visited:
    """The world, the paths to walk in it and those of them that show a row to its owner."""

    world: World
    paths: dict[str, list[str]]
    tables: list[str]
    shown_to_the_owner: list[str]

    def every_path(self, method: str = "") -> list[str]:
        """All of them, in the order of the resolver; with ``method`` those that let it in, whoever asks."""
        routes = [a.route for a in OURS if not method or method in a.methods]
        return [path for route in routes for path in self.paths[route]]


@pytest.fixture(scope="module")
def visited(world: World) -> Iterator[Visited]:
    """The world, and afterwards the proof that no visit of a stranger changed a row about somebody."""
    tables = [m._meta.db_table for m, _ in world.about_somebody() if m is not Person]
    settings.STATIC_ROOT.mkdir(
        parents=True, exist_ok=True
    )  # the static middleware asks for it at every start
    loud = logging.getLogger("django.request")
    level = loud.level
    loud.setLevel(logging.CRITICAL)  # hundreds of refusals are what is wanted here
    paths = live_paths(world)
    shown = _shown_to_the_owner(world, paths)
    before = rows_of(world.database, tables)
    yield Visited(world, paths, tables, shown)
    loud.setLevel(level)
    _assert_only_added(world, tables, before, {actor.facility_id for actor in world.cast.outsiders()})


def _assert_only_added(world: World, tables: list[str], before: dict[str, Any], homes: set[int]) -> None:
    """No row that was there is another one or gone; a new one belongs to ``homes`` (a page may begin something own)."""
    after = rows_of(world.database, tables)
    for table in tables:
        left = {key: row for key, row in after[table].items() if key in before[table]}
        assert left == before[table], f"a stranger changed {table}"
        strange = {whose for key, (_, whose) in after[table].items() if key not in left} - homes
        assert not strange, f"a stranger put a row into {table} at {strange}"


def test_a_row_at_another_facility_is_not_taken_for_ones_own(visited: Visited) -> None:
    """The proof itself: a changed row, a lost row and a new one elsewhere are all seen."""
    table = "publications_countersession"
    now = rows_of(visited.world.database, [table])
    (key, (content, home)), *_ = now[table].items()
    _assert_only_added(visited.world, [table], now, set())
    for earlier, homes in (
        ({table: {key: (0, home)}}, {home}),
        ({table: {**now[table], -1: (content, home)}}, {home}),
        ({table: {}}, {home + 1}),
    ):
        with pytest.raises(AssertionError, match="a stranger"):
            _assert_only_added(visited.world, [table], earlier, homes)


def _shown_to_the_owner(world: World, paths: dict[str, list[str]]) -> list[str]:
    """Walked before the strangers come, for the owner's visits do change rows: a notice that was opened is read."""
    client = logged_in(world.cast.actor("aoki"))
    every = [path for found in paths.values() for path in found]
    return [path for path in every if MARK.encode() in body(client.get(path))]


def _assert_nothing_of_others(response: Any, path: str, who: str) -> None:
    assert response.status_code in CALM, f"{response.status_code} at {path} for {who}"
    shown = body(response) + str(response.headers).encode()
    assert MARK.encode() not in shown, f"{path} shows a stranger's row to {who}"


def test_an_anonymous_visitor_is_asked_to_log_in_or_sees_a_public_page(visited: Visited) -> None:
    client = Client(raise_request_exception=False, REMOTE_ADDR=an_address())
    for address in OURS:
        for path in visited.paths[address.route]:
            for response in (client.get(path), client.post(path)):
                _assert_nothing_of_others(response, path, "nobody")
                if address.gate and address.gate[0] == "page":
                    assert response.status_code in {302, 401, 403, 404, 405}, path
                    if response.status_code == 302:
                        assert LOGIN in response["Location"], path


@pytest.fixture(params=OUTSIDERS)
def outsider(request: pytest.FixtureRequest, visited: Visited) -> Iterator[Actor]:
    """Each role of each facility outside; the menu is counted once during the walk."""
    with menu_counted_once():
        yield visited.world.cast.actor(request.param)


@pytest.fixture
def unchanged(visited: Visited, outsider: Actor) -> Iterator[None]:
    """No row about somebody is another one after the test, and new ones are at home."""
    before = rows_of(visited.world.database, visited.tables)
    yield
    _assert_only_added(visited.world, visited.tables, before, {outsider.facility_id})


def test_a_role_outside_sees_nothing_at_any_address(visited: Visited, outsider: Actor) -> None:
    """At one facility as pages, at the other as fragments, polls and suggestions with the names of the rows as words."""
    client = logged_in(outsider)
    words = dict.fromkeys(("q", "name", "kana", "term", "search"), MARK) | {"page": "1"}
    by_words = outsider.facility_id % 2
    for number, path in enumerate(visited.every_path("GET")):
        if not by_words:
            response = _still_logged_in(client, outsider, "get", path)
            _assert_nothing_of_others(response, path, _who(outsider))
            continue
        poll = {"X-Renkei-Poll": "1"} if number % 2 else {}
        response = _still_logged_in(
            client, outsider, "get", path, words, headers={"HX-Request": "true", **poll}
        )
        assert response.status_code in CALM, f"{response.status_code} at {path} for {_who(outsider)}"
        # The words come back in the search box; with a number behind them they came from a row.
        assert not re.search(f"{MARK}\\d", body(response).decode(errors="replace")), (path, _who(outsider))


def test_both_ways_of_walking_are_walked(visited: Visited) -> None:
    assert {visited.world.cast.actor(who).facility_id % 2 for who in OUTSIDERS} == {0, 1}


@pytest.mark.usefixtures("unchanged")
def test_no_form_sent_by_a_role_outside_changes_or_shows_anything(visited: Visited, outsider: Actor) -> None:
    client = logged_in(outsider)
    for path in visited.every_path("POST"):
        response = _still_logged_in(client, outsider, "post", path)
        _assert_nothing_of_others(response, path, _who(outsider))


def _still_logged_in(client: StaffClient, actor: Actor, verb: str, path: str, *args: Any, **more: Any) -> Any:
    """The answer to ``actor``: some forms end the session, and a walk that goes on as nobody would prove little."""
    response = getattr(client, verb)(path, *args, **more)
    if _asks_to_log_in(response):
        response = getattr(client.log_in(actor), verb)(path, *args, **more)
        assert not _asks_to_log_in(response), f"{path} does not know {_who(actor)}"
    return response


def _asks_to_log_in(response: Any) -> bool:
    return any(LOGIN in response.headers.get(name, "") for name in ("Location", "HX-Redirect", "X-Login"))


def _who(actor: Actor) -> str:
    return f"{actor.label} ({actor.facility_label})"


def test_allauths_pages_show_nothing_of_others(visited: Visited) -> None:
    outsider = logged_in(visited.world.cast.outsiders()[0])
    for client in (Client(raise_request_exception=False, REMOTE_ADDR=an_address()), outsider):
        for address in ADDRESSES:
            if address.third_party and not CONVERTER.search(address.route) and "(" not in address.route:
                path = "/" + plain(address.route)
                _assert_nothing_of_others(client.get(path), path, "a visitor of the log-in pages")


def test_the_owner_does_find_the_rows_at_the_addresses_of_the_trunk(visited: Visited) -> None:
    """Otherwise the proofs above would hold for an empty reason."""
    for route in ("patients/<uuid:uid>/", "referrals/<uuid:uid>/", "referrals/<uuid:uid>/letter.pdf"):
        assert len(visited.paths[route]) == 1, f"{route} shows nothing even to its owner"
    assert len(visited.shown_to_the_owner) > 10


def test_refusals_of_strangers_are_on_record(visited: Visited) -> None:
    with login("renkei_owner", visited.world.database) as owner:
        found = owner.execute("SELECT count(*) FROM audit_auditentry WHERE outcome = 'denied'").fetchone()
    assert found is not None
    assert found > (0,) or not any(a.gate and a.gate[0] == "page" for a in OURS)
