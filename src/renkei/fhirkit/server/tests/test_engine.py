"""The server with toy mappings: what no real one uses yet works as the interface says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from renkei.directory.models import Area
from renkei.directory.types import AreaLevel
from renkei.fhirkit.server.capability import Software
from renkei.fhirkit.server.http import (
    register_authenticator,
    register_limiter,
    serve,
    unregister_authenticator,
    unregister_limiter,
)
from renkei.fhirkit.server.mapping import (
    Asked,
    Found,
    Mapping,
    Param,
    Version,
    register,
    unregister,
)
from renkei.fhirkit.server.params import identifiers, reference, text, token
from renkei.fhirkit.server.refusals import TooMany
from renkei.fhirkit.server.values import Kind
from renkei.gate.actor import Actor
from renkei.gate.actor import Kind as ActorKind
from renkei.kernel.errors import Invalid
from testing.cast import Cast
from testing.database import arranging


class P(StrEnum):
    """The toy's permission."""

    SEE = "toy.see"


Resource = dict[str, Any]


@dataclass
class Toy:
    """A row that lives in memory."""

    id: str
    name: str
    says: Resource = field(default_factory=dict)
    version: int = 1


WORDS = frozenset(
    {
        "toy.see",
        *(f"fhir:{kind}.{letter}" for kind in ("Basic", "Media", "List", "Flag") for letter in "cruds"),
    }
)


class Box:
    """Toys by id, behind ``fetch`` and ``find``."""

    def __init__(self) -> None:
        self.toys: dict[str, Toy] = {}

    def fetch(self, actor: Actor, identity: str) -> Toy | None:
        return self.toys.get(identity)

    def find(self, actor: Actor, asked: Asked) -> Found:
        wanted = {v.text for name, values in asked.conditions for v in values}  # type: ignore[union-attr]
        rows = [
            t for t in self.toys.values() if (not wanted or t.name in wanted) and t.id > (asked.after or "")
        ]
        rest = rows[asked.size :]
        page = rows[: asked.size]
        return Found(page, page[-1].id if rest else None, len(rows))

    def create(self, actor: Actor, says: Resource) -> Toy:
        toy = Toy(f"t{len(self.toys)}", str(says.get("author", {}).get("reference", "")), says)
        self.toys[toy.id] = toy
        return toy


@pytest.fixture
def box() -> Iterator[Box]:
    """``Basic`` in memory, with history, deletion and every kind of write."""
    found = Box()

    def from_fhir(resource: Resource) -> Resource:
        if "code" not in resource:
            raise Invalid("code_missing", "code が必要です。", "code")
        return resource

    common: dict[str, Any] = {
        "says": "おもちゃ",
        "reads": P.SEE,
        "identity": lambda toy: toy.id,
        "version": lambda toy: str(toy.version),
        "fetch": found.fetch,
        "find": found.find,
        "reload": False,
    }
    register(
        Mapping(
            resource_type="Basic",
            to_fhir=lambda toy: {"amount": Decimal("3.50"), **toy.says},
            params=(Param(name="name", kind=Kind.STRING, where=lambda actor, values: Q()),),
            from_fhir=from_fhir,
            create=found.create,
            delete=lambda actor, toy: found.toys.pop(toy.id) and None,
            history=lambda actor, toy: [
                Version("2", datetime(2026, 6, 2, tzinfo=UTC), None, "DELETE"),
                Version(
                    "1", datetime(2026, 6, 1, tzinfo=UTC), {"resourceType": "Basic", "id": toy.id}, "POST"
                ),
            ],
            elements={"code": "Basic.code"},
            **common,
        )
    )
    register(
        Mapping(
            resource_type="Media",
            to_fhir=lambda toy: {"contentType": "text/plain", "data": "YQ=="},
            raw=lambda actor, toy: ("text/plain", b"a"),
            **common,
        )
    )
    yield found
    unregister("Basic")
    unregister("Media")


@pytest.fixture
def actor(cast: Cast) -> Iterator[Actor]:
    """A client with the toy's scopes."""
    house = cast.facility("C1")
    found = Actor(ActorKind.CLIENT, facility_id=house.pk, label="玩具", permissions=WORDS)

    def find(request: HttpRequest) -> Actor:
        return found

    register_authenticator(find)
    yield found
    unregister_authenticator(find)


def call(method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
    rest, _, query = path.partition("?")
    sent = {"Authorization": "Bearer x", **{k.replace("_", "-"): v for k, v in headers.items()}}
    request = RequestFactory(SERVER_NAME="localhost").generic(
        method,
        f"/fhir/{rest}",
        json.dumps(body) if body is not None else "",
        content_type="application/fhir+json",
        QUERY_STRING=query,
        headers=sent,
    )
    return serve(request, rest, lambda base: Software("Toy", "1", "2026-06-01", "玩具", "玩具"))


def made(**more: Any) -> Resource:
    return {"resourceType": "Basic", "code": {"text": "x"}, **more}


def test_kept_versions_are_offered_where_they_are_kept(box: Box, actor: Actor) -> None:
    box.toys["t"] = Toy("t", "a")
    history = json.loads(call("GET", "Basic/t/_history").content)
    assert [(e["request"]["method"], e["response"]["etag"]) for e in history["entry"]] == [
        ("DELETE", 'W/"2"'),
        ("POST", 'W/"1"'),
    ]
    assert call("GET", "Basic/t/_history/1").status_code == 200
    assert call("GET", "Basic/t/_history/2").status_code == 410
    assert call("GET", "Basic/t/_history/9").status_code == 404


def test_deleting_asks_for_the_version_that_was_read(box: Box, actor: Actor) -> None:
    box.toys["t"] = Toy("t", "a")
    assert call("DELETE", "Basic/t", If_Match='W/"7"').status_code == 412
    assert call("DELETE", "Basic/t", If_Match='W/"1"').status_code == 204
    assert call("DELETE", "Basic/t").status_code == 404


def test_decimals_keep_their_digits(box: Box, actor: Actor) -> None:
    box.toys["t"] = Toy("t", "a")
    assert b'"amount":3.50' in call("GET", "Basic/t").content


def test_bytes_are_given_as_they_are_unless_json_is_asked_for(box: Box, actor: Actor) -> None:
    box.toys["t"] = Toy("t", "a")
    plain = call("GET", "Media/t", Accept="text/plain")
    assert (plain["Content-Type"], plain.content) == ("text/plain", b"a")
    assert json.loads(call("GET", "Media/t", Accept="application/fhir+json").content)["data"] == "YQ=="


def test_a_mapping_may_search_by_itself(box: Box, actor: Actor) -> None:
    for n in range(5):
        box.toys[f"t{n}"] = Toy(f"t{n}", "a" if n % 2 else "b")
    first = json.loads(call("GET", "Basic?_count=2").content)
    assert [e["resource"]["id"] for e in first["entry"]] == ["t0", "t1"]
    query = next(link["url"] for link in first["link"] if link["relation"] == "next").partition("?")[2]
    second = json.loads(call("GET", f"Basic?{query}").content)
    assert [e["resource"]["id"] for e in second["entry"]] == ["t2", "t3"]
    assert len(json.loads(call("GET", "Basic?name=a").content)["entry"]) == 2


def test_entries_that_refer_to_each_other_are_made_in_the_right_order(box: Box, actor: Actor) -> None:
    def item(url: str, target: str = "") -> Resource:
        more = {"author": {"reference": target}} if target else {}
        return {"fullUrl": url, "resource": made(**more), "request": {"method": "POST", "url": "Basic"}}

    sent = {"resourceType": "Bundle", "type": "transaction"}
    chain = [item("urn:uuid:1", "urn:uuid:2"), item("urn:uuid:2", "urn:uuid:3"), item("urn:uuid:3")]
    done = json.loads(call("POST", "", {**sent, "entry": chain}).content)
    assert [e["response"]["location"].rpartition("/")[2] for e in done["entry"]] == ["t2", "t1", "t0"]
    assert box.toys["t2"].says["author"]["reference"] == "Basic/t1"
    circle = [item("urn:uuid:1", "urn:uuid:2"), item("urn:uuid:2", "urn:uuid:1")]
    assert call("POST", "", {**sent, "entry": circle}).status_code == 422
    assert call("POST", "", {**sent, "entry": [item("urn:uuid:1"), item("urn:uuid:1")]}).status_code == 400


def test_a_field_of_the_module_is_told_as_an_element(box: Box, actor: Actor) -> None:
    refused = json.loads(call("POST", "Basic", {"resourceType": "Basic"}).content)
    assert refused["issue"][0]["expression"] == ["Basic.code"]


def test_a_client_that_asks_too_fast_is_told_when_to_come_back(box: Box, actor: Actor) -> None:
    def limit(who: Actor, request: HttpRequest) -> None:
        raise TooMany("少し待ってください。", 7)

    register_limiter(limit)
    try:
        found = call("GET", "Basic")
    finally:
        unregister_limiter(limit)
    assert (found.status_code, found["Retry-After"]) == (429, "7")


def test_a_defect_shows_no_detail(box: Box, actor: Actor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    register(
        Mapping(
            resource_type="Flag",
            says="旗",
            reads=P.SEE,
            to_fhir=lambda row: {},
            fetch=lambda who, identity: 1 / 0,
        )
    )
    try:
        found = call("GET", "Flag/x")
    finally:
        unregister("Flag")
    assert found.status_code == 500
    assert b"ZeroDivision" not in found.content


def _areas(**more: Any) -> Mapping:
    return Mapping(
        resource_type="List",
        says="地域",
        reads=P.SEE,
        rows=lambda actor: Area.objects.visible_to(actor),
        key="code",
        read_id=lambda written: written,
        identity=lambda row: row.code,
        to_fhir=lambda row: {"title": row.name},
        params=(
            text("title", "name"),
            token("code", "level", system="urn:level", codes={"p": "prefecture", "m": "municipality"}),
            identifiers(
                {"urn:area": lambda v: Q(code=v), "urn:any:*": lambda v: Q(code=v.rpartition("|")[2])}
            ),
            reference("part-of", "parent__code", ("List",), read_id=lambda v: v, points_to=lambda row: []),
        ),
        **more,
    )


@pytest.fixture
def areas(actor: Actor) -> Iterator[None]:
    with arranging():
        top = Area.objects.create(code="98", level=AreaLevel.PREFECTURE, name="架空県")
        Area.objects.create(code="98001", level=AreaLevel.MUNICIPALITY, name="架空市", parent=top)
        Area.objects.create(code="98002", level=AreaLevel.MUNICIPALITY, name="夢想町", parent=top)
    register(_areas())
    yield
    unregister("List")


def ids(query: str) -> list[str]:
    found = json.loads(call("GET", f"List?part-of:missing=x&{query}").content)
    return [
        e["resource"]["id"]
        for e in found.get("entry", [])
        if e["search"]["mode"] == "match" and e["resource"]["id"] >= "98"
    ]


def test_the_helpers_over_plain_columns(areas: None) -> None:
    for query, wanted in {
        "title=架空": ["98", "98001"],
        "title:contains=想": ["98002"],
        "title:exact=架空": [],
        "code=p": ["98"],
        "code=urn:level|m": ["98001", "98002"],
        "code=urn:other|m": [],
        "code=unknown": [],
        "code:not=p&title=架空": ["98001"],
        "identifier=98002": ["98002"],
        "identifier=urn:area|98002": ["98002"],
        "identifier=urn:any:x|98002": ["98002"],
        "identifier=urn:else|98002": [],
        "part-of=List/98": ["98001", "98002"],
        "part-of=98,99": ["98001", "98002"],
        "title=架空\\,市": [],
        "_id=98,98002": ["98", "98002"],
    }.items():
        assert ids(query) == wanted, query
