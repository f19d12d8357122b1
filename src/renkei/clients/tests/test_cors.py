"""A page of a registered browser app may call the API and fetch its token; a page of strangers gets no header anywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from authlib.common.security import generate_token
from django.db import DatabaseError, connection
from django.test import Client as Browser

from renkei.clients import actions, cors, queries
from renkei.clients.models import Client
from renkei.clients.queries import forget_bearers
from renkei.clients.tests.support import ALL, APP_DRAFT, RETURN, Consent, an_app, app_session, wish
from renkei.clients.types import Login
from renkei.gate.context import acting
from testing.cast import Cast

PAGE = "https://app.example.jp"
TOKEN, REVOKE = "/clients/oauth/token", "/clients/oauth/revoke"
SMART, SERVER = "/fhir/.well-known/smart-configuration", "/.well-known/oauth-authorization-server"
OPEN = {
    "/fhir/Organization": "GET, HEAD, POST, PUT",
    "/fhir/metadata": "GET, HEAD, POST, PUT",
    "/fhir": "GET, HEAD, POST, PUT",
    TOKEN: "POST",
    REVOKE: "POST",
    SMART: "GET",
    "/.well-known/smart-configuration": "GET",
    SERVER: "GET",
}
CLOSED = ("/clients/oauth/introspect", "/clients/oauth/authorize", "/clients/", "/", "/accounts/login/")


def ask(place: str, origin: str, method: str = "GET") -> Any:
    """What a browser asks before it sends the request of a page."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    return Browser().options(place, headers=headers, secure=True, SERVER_NAME="localhost")


def told(response: Any) -> dict[str, str]:
    """The headers of CORS."""
    return {k: v for k, v in response.items() if k.lower().startswith("access-control-")}


@pytest.mark.parametrize("place", OPEN)
def test_the_page_of_a_registered_app_may_ask(app: Client, place: str) -> None:
    answer = ask(place, PAGE, OPEN[place].split(", ")[0])
    assert (answer.status_code, answer.content) == (204, b"")
    said = told(answer)
    assert said["Access-Control-Allow-Origin"] == PAGE
    assert said["Access-Control-Allow-Methods"] == OPEN[place]
    assert "Authorization" in said["Access-Control-Allow-Headers"].split(", ")
    assert "Access-Control-Allow-Credentials" not in said
    assert "Origin" in answer["Vary"]


STRANGE = (
    "https://app.example.jp.evil.example",
    "https://evil.example",
    "https://example.jp",
    "https://app.example.j",
    "https://app.example.jp:8443",
    "http://app.example.jp",
    "https://app_example.jp",
    "https://app%example.jp",
    "https://%",
    "https://app.example.jp/callback",
    "https://app.example.jp@evil.example",
    "null",
    "*",
    "\x00",
    "",
)


@pytest.mark.parametrize("origin", STRANGE)
def test_a_page_of_strangers_gets_no_header(app: Client, origin: str) -> None:
    for place in (*OPEN, *CLOSED):
        assert told(ask(place, origin)) == {}, place
        assert (
            told(Browser().get(place, headers={"Origin": origin}, secure=True, SERVER_NAME="localhost")) == {}
        )


@pytest.mark.parametrize("place", CLOSED)
def test_pages_for_people_are_open_to_no_page_at_all(app: Client, place: str) -> None:
    assert told(ask(place, PAGE)) == {}
    assert told(Browser().get(place, headers={"Origin": PAGE}, secure=True, SERVER_NAME="localhost")) == {}


def test_errors_can_be_read_by_the_page_too(app: Client) -> None:
    browser = Browser(SERVER_NAME="localhost", headers={"Origin": PAGE})
    refused = browser.get("/fhir/Organization", secure=True)
    assert (refused.status_code, told(refused)["Access-Control-Allow-Origin"]) == (401, PAGE)
    assert "WWW-Authenticate" in told(refused)["Access-Control-Expose-Headers"]
    wrong = browser.post(TOKEN, {"grant_type": "authorization_code"}, secure=True)
    assert (wrong.status_code, told(wrong)["Access-Control-Allow-Origin"]) == (401, PAGE)


def test_a_call_without_a_page_is_answered_as_ever(app: Client) -> None:
    answer = Browser().get("/fhir/metadata", secure=True, SERVER_NAME="localhost")
    assert (answer.status_code, told(answer)) == (200, {})
    assert answer.json()["rest"][0]["security"]["cors"] is True
    assert "Origin" in Browser().get(SMART, secure=True, SERVER_NAME="localhost")["Vary"]


def test_a_browser_app_gets_its_token_and_reads_with_it(cast: Cast, app: Client, aoki: Consent) -> None:
    """The whole way: preflight, consent, code with PKCE from the page, call, token given back."""
    verifier = generate_token(64)
    back = aoki.answer(wish(app_session(app), verifier), *ALL)["Location"]
    code = dict(part.split("=") for part in back.partition("?")[2].split("&"))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": RETURN,
        "code_verifier": verifier,
        "client_id": app.client_id,
    }
    page = Browser(SERVER_NAME="localhost", headers={"Origin": PAGE})
    assert ask(TOKEN, PAGE, "POST").status_code == 204
    got = page.post(TOKEN, form, secure=True)
    assert (got.status_code, told(got)["Access-Control-Allow-Origin"]) == (200, PAGE)
    bearer = {"Authorization": f"Bearer {got.json()['access_token']}", "Origin": PAGE}
    assert ask("/fhir/Organization", PAGE).status_code == 204
    found = page.get("/fhir/Organization", headers=bearer, secure=True)
    assert (found.status_code, told(found)["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert "ETag" in told(found)["Access-Control-Expose-Headers"]
    given_back = {"token": got.json()["access_token"], "client_id": app.client_id}
    assert page.post(REVOKE, given_back, secure=True).status_code == 200
    forget_bearers()
    assert page.get("/fhir/Organization", headers=bearer, secure=True).status_code == 401


def test_a_stopped_app_a_system_and_an_app_with_a_secret_open_nothing(cast: Cast, app: Client) -> None:
    with acting(cast.actor("aoki")) as aoki:
        with_secret = replace(APP_DRAFT, redirect_uris=("https://server.example.jp/back",))
        an_app(aoki, Login.SECRET, with_secret)
        native = replace(APP_DRAFT, redirect_uris=("http://127.0.0.1:4000/back", "jp.example.app:/back"))
        an_app(aoki, Login.NONE, native)
        for origin in ("https://server.example.jp", "http://127.0.0.1:4000", "jp.example.app://", "null"):
            assert told(ask("/fhir/metadata", origin)) == {}, origin
        assert told(ask("/fhir/metadata", PAGE))
        actions.enable(aoki, queries.client(aoki, app.uid), on=False)
    cors.forget_origins()
    assert told(ask("/fhir/metadata", PAGE)) == {}


@pytest.mark.parametrize(
    ("registered", "origin"),
    [
        ("https://App.Example.JP/x", "https://app.example.jp"),
        ("https://app.example.jp:443/x", "https://app.example.jp"),
        ("https://app.example.jp:8443/x?y=1", "https://app.example.jp:8443"),
        ("https://app.example.jp?y=1", "https://app.example.jp"),
        ("https://app.example.jp", "https://app.example.jp"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]"),
    ],
)
def test_the_origin_is_that_of_the_address_as_browsers_write_it(
    cast: Cast, registered: str, origin: str
) -> None:
    with acting(cast.actor("aoki")) as aoki:
        an_app(aoki, Login.NONE, replace(APP_DRAFT, redirect_uris=(registered,)))
    assert told(ask("/fhir/metadata", origin))["Access-Control-Allow-Origin"] == origin
    assert told(ask("/fhir/metadata", "https://app.example.jp:9")) == {}


def test_who_stopped_is_out_within_seconds_and_nobody_can_fill_the_memory(app: Client) -> None:
    with patch.object(cors, "ticks", return_value=0.0):
        for number in range(cors._MOST + 5):
            ask("/fhir/metadata", f"https://page-{number}.example")
        assert len(cors._known) <= cors._MOST
    assert cors.CACHE_SECONDS <= 5


def test_without_a_database_there_is_no_header(app: Client) -> None:
    with patch.object(connection, "cursor", side_effect=DatabaseError("away")):
        assert told(ask("/fhir/metadata", PAGE)) == {}
