"""Every address of the product, and paths to walk there with the keys of rows that exist."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from checks.world import World
from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.portal import navigation
from testing.fixtures import StaffClient

THIRD_PARTY = {
    "allauth.": "log-in, second factor, sessions: pages before or about one's own account only",
    "django.contrib.staticfiles.": "files of the program",
    "django.views.static": "files of the program",
    "django.views.generic.base": "redirects of allauth's URL list",
    "django.views.i18n": "texts for scripts",
}
TRUNK = {
    "directory.Facility",
    "patients.Patient",
    "referrals.Referral",
    "files.StoredFile",
    "circles.Circle",
    "accounts.Person",
}


@dataclass(frozen=True)
class Address:
    """One pattern of the resolver: its route and its view."""

    route: str
    pattern: URLPattern

    @property
    def view(self) -> Any:
        """The callback as Django calls it."""
        return self.pattern.callback

    @property
    def home(self) -> str:
        """Dotted module where the view lives."""
        found = getattr(self.view, "view_class", self.view)
        return str(found.__module__)

    @property
    def gate(self) -> tuple[str, object] | None:
        """What @page or @public_page wrote on the view, through other decorators too."""
        found = getattr(self.view, "gate", None)
        return found if isinstance(found, tuple) else None

    @property
    def methods(self) -> frozenset[str]:
        """What ``require_http_methods`` around the view lets in, whoever asks; everything where nothing is said."""
        allowed, layer = {"GET", "POST"}, self.view
        while layer is not None:
            named = getattr(layer, "__code__", None)
            cells = dict(zip(named.co_freevars, layer.__closure__ or (), strict=False)) if named else {}
            if "request_method_list" in cells:
                allowed &= set(cells["request_method_list"].cell_contents)
            layer = getattr(layer, "__wrapped__", None)
        return frozenset(allowed)

    @property
    def third_party(self) -> bool:
        """On the list of packages with a reason."""
        return self.home.startswith(tuple(THIRD_PARTY))


def _walk(resolver: URLResolver, prefix: str = "") -> Iterator[Address]:
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from _walk(part, route)
        else:
            yield Address(route, part)


ADDRESSES = list(_walk(get_resolver()))
OURS = [a for a in ADDRESSES if not a.third_party]
CONVERTER = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


def _candidates(address: Address, world: World) -> list[str]:
    """The paths of ``address`` with keys of existing rows: the view's own module first, its trunk before all."""
    if not CONVERTER.search(address.route):
        return ["/" + plain(address.route)]
    module = address.home.split(".")[1]
    rows = [
        (m, r) for m, r in world.about_somebody() if m._meta.app_label == module or m._meta.label in TRUNK
    ]
    rows.append((Facility, world.cast.facility("C1")))
    rows.sort(key=lambda found: (found[0]._meta.app_label != module, found[0]._meta.label not in TRUNK))
    filled = (CONVERTER.sub(lambda found, r=r: _value(found, r), address.route) for _m, r in rows)  # type: ignore[misc]
    return list(dict.fromkeys("/" + plain(path) for path in filled))


def live_paths(world: World) -> dict[str, list[str]]:
    """Route → one path that shows something to a member of the circle; where none does, the first two that exist.

    Which of the candidates it was is remembered for the run: another world of the same shape looks there first.
    """
    insiders = [logged_in(world.cast.actor(name)) for name in ("aoki", "sato")]
    remembered, found = _remembered(), {}
    with menu_counted_once():
        for address in OURS:
            paths = _candidates(address, world)
            place = remembered.get(address.route)
            if place is None or (
                place >= 0 and not (place < len(paths) and _is_live(paths[place], insiders))
            ):
                place = next((n for n, p in enumerate(paths) if _is_live(p, insiders)), -1)
            remembered[address.route] = place
            found[address.route] = [paths[place]] if place >= 0 else paths[:2]
    _notes().write_text(json.dumps(remembered))
    return found


def _notes() -> Path:
    return Path(os.environ["RENKEI_TEST_FOLDER"]) / f"live-paths-{os.getpid()}.json"


def _remembered() -> dict[str, int]:
    """What any process of this run found out."""
    places: dict[str, int] = {}
    for file in Path(os.environ["RENKEI_TEST_FOLDER"]).glob("live-paths-*.json"):
        with suppress(ValueError):  # another process is just writing it
            places |= json.loads(file.read_text())
    return places


@contextmanager
def menu_counted_once() -> Iterator[None]:
    """The counters of the menu around every page: inside the block, once for each person.

    The first page of a walk counts them as always; nothing changes between it and the last one.
    """
    counted: dict[Actor, dict[str, int]] = {}
    count = navigation.counts_for

    def counts_for(actor: Actor, house: navigation.House) -> dict[str, int]:
        if actor not in counted:
            counted[actor] = count(actor, house)
        return counted[actor]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(navigation, "counts_for", counts_for)
        yield


def _is_live(path: str, insiders: list[Client]) -> bool:
    """Shown to one of them; an address for forms only is live as it is. As a fragment: a refusal is a line then."""
    for client in insiders:
        status = client.get(path, headers={"HX-Request": "true"}).status_code
        if status in {200, 405}:
            return True
    return False


def plain(route: str) -> str:
    return route.replace("^", "").replace("$", "").replace("\\Z", "").replace("\\", "")


def _value(found: re.Match[str], row: models.Model) -> str:
    kind = found["kind"] or "str"
    if kind == "uuid" or "uid" in found["name"]:
        return str(getattr(row, "uid", "00000000-0000-7000-8000-000000000000"))
    if kind == "int":
        return str(row.pk if isinstance(row.pk, int) else 1)
    for column in (found["name"], "kind", "state", "name"):
        value = getattr(row, column, None)
        if isinstance(value, str) and value and "/" not in value:
            return value
    return "x"


_walkers = count(1)


def an_address() -> str:
    """An IP address that nobody walked from yet: the public search counts how often each of them looks within a minute."""
    return str(IPv4Address("10.0.0.0") + next(_walkers))


def logged_in(actor: Actor) -> StaffClient:
    client = StaffClient(raise_request_exception=False, REMOTE_ADDR=an_address())
    return client.log_in(actor)


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)
