"""Callers of the API: a client of a facility with scopes, as the OAuth server would hand it over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from renkei.directory.permissions import P as DIRECTORY
from renkei.fhirkit.server.http import register_authenticator, unregister_authenticator
from renkei.fhirkit.server.mapping import all_mappings
from renkei.gate.actor import Actor, Kind
from renkei.patients.permissions import P as PATIENTS
from testing.cast import Cast

PRODUCT = frozenset({str(DIRECTORY.VIEW), str(PATIENTS.VIEW), str(PATIENTS.REGISTER)})
JSON = "application/fhir+json"


def everything() -> frozenset[str]:
    """Every letter of every resource type, and the product's permissions behind them."""
    return (
        PRODUCT
        | {str(m.reads) for m in all_mappings()}
        | {f"fhir:{m.resource_type}.{letter}" for m in all_mappings() for letter in "cruds"}
    )


class Caller:
    """Calls of one client: JSON in, JSON out."""

    def __init__(self, token: str) -> None:
        self.http = Client(SERVER_NAME="localhost")
        self.token = token

    def call(
        self, method: str, path: str, body: Any = None, query: Any = None, **headers: str
    ) -> HttpResponse:
        """One call below ``/fhir``; header names with underscores."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        kind = sent.pop("Content-Type", JSON)
        extra: dict[str, Any] = {"query_params": query} if query else {}
        return self.http.generic(  # type: ignore[return-value]
            method, f"/fhir/{path}", data=data, content_type=kind, headers=sent, **extra
        )

    def get(self, path: str, query: Any = None, **headers: str) -> HttpResponse:
        """GET."""
        return self.call("GET", path, query=query, **headers)

    def post(self, path: str, body: Any, **headers: str) -> HttpResponse:
        """POST."""
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        """PUT."""
        return self.call("PUT", path, body, **headers)

    def ids(self, path: str, query: Any = None) -> list[str]:
        """The ids of the matches of a search."""
        found = self.get(path, query)
        assert found.status_code == 200, found.content.decode()
        return [e["resource"]["id"] for e in found.json().get("entry", []) if e["search"]["mode"] == "match"]

    def names(self, path: str, query: Any = None) -> list[str]:
        """The first name of each match."""
        rows = self.get(path, query).json().get("entry", [])
        return [e["resource"]["name"][0]["text"] for e in rows if e["search"]["mode"] == "match"]


@pytest.fixture
def caller(cast: Cast) -> Iterator[Callable[..., Caller]]:
    """``caller("C1")``: a client of that facility that may do everything; ``caller("C1", permissions)`` less."""
    known: dict[str, Actor] = {}

    def find(request: HttpRequest) -> Actor | None:
        return known.get(request.META.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer "))

    def make(facility: str, permissions: frozenset[str] | None = None) -> Caller:
        house = cast.facility(facility)
        token = f"token-{facility}-{len(known)}"
        known[token] = Actor(
            Kind.CLIENT,
            facility_id=house.pk,
            label=f"{house.name}の電子カルテ",
            facility_label=house.name,
            permissions=everything() if permissions is None else permissions,
        )
        return Caller(token)

    register_authenticator(find)
    yield make
    unregister_authenticator(find)


def issue(response: HttpResponse) -> dict[str, Any]:
    """The first issue of an OperationOutcome."""
    body = response.json()
    assert body["resourceType"] == "OperationOutcome", body
    found: dict[str, Any] = body["issue"][0]
    return found
