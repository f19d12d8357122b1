"""A person lets an app in: log-in, consent page, code with PKCE, token, refresh, and the way back out."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from django.test import Client as Browser

from renkei.clients import codes, queries
from renkei.clients.models import AppGrant, AuthorizationCode, Client, IssuedToken
from renkei.clients.queries import actor_of_bearer
from renkei.clients.tests.support import (
    ALL,
    AUTHORIZE,
    RETURN,
    SITE,
    TOKEN,
    Consent,
    an_app,
    app_session,
    code_of,
    connect,
    post,
    wish,
)
from renkei.clients.types import BearerRefused
from renkei.gate.actor import Kind
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def test_the_consent_page_says_which_app_of_whom_sees_what_for_how_long(app: Client, aoki: Consent) -> None:
    page = aoki.ask(wish(app_session(app), generate_token(48)))
    text = re.sub("<[^>]+>", "", page.content.decode())
    days = (codes.real_now() + timedelta(days=90)).astimezone(clock.JST)
    for words in (
        "往診メモ",
        "野原ソフト 原 景子",
        "青木 正道",
        "青木内科",
        "医療機関",
        "場所",
        "見る・さがす",
    ):
        assert words in text
    assert f"{days:%Y年%-m月%-d日}まで" in text
    assert "app.example.jp" in text
    assert page.content.decode().count('type="checkbox"') == 3


def test_an_app_gets_what_the_person_left_ticked_and_acts_in_their_name(
    cast: Cast, app: Client, aoki: Consent
) -> None:
    _made, token = connect(app, aoki, "user/Organization.rs", "offline_access")
    assert token["scope"] == "user/Organization.rs offline_access"
    assert token["expires_in"] == 900
    actor, person = actor_of_bearer(token["access_token"]), cast.actor("aoki")
    assert (actor.kind, actor.person_id, actor.facility_id) == (
        Kind.CLIENT,
        person.person_id,
        person.facility_id,
    )
    assert actor.permissions == {"directory.view", "fhir:Organization.r", "fhir:Organization.s"}
    assert actor.label.endswith("青木 正道(往診メモ)")


def test_without_offline_access_there_is_no_refresh_token(app: Client, aoki: Consent) -> None:
    _made, token = connect(app, aoki, "user/Organization.rs")
    assert "refresh_token" not in token


def test_the_answer_names_the_state_and_the_issuer(app: Client, aoki: Consent) -> None:
    answer = aoki.answer(wish(app_session(app), generate_token(48), state="s1"), *ALL)
    said = parse_qs(urlsplit(answer["Location"]).query)
    assert (said["state"], said["iss"]) == (["s1"], [SITE])
    assert answer["Location"].startswith(RETURN + "?")


@pytest.mark.parametrize("allow", [(), ("offline_access",), ("user/Patient.rs",)])
def test_nothing_ticked_is_a_refusal(app: Client, aoki: Consent, allow: tuple[str, ...]) -> None:
    answer = aoki.answer(wish(app_session(app), generate_token(48)), *allow)
    assert "error=access_denied" in answer["Location"]


def test_who_says_no_sends_the_app_away_without_a_code(app: Client, aoki: Consent) -> None:
    answer = aoki.answer(wish(app_session(app), generate_token(48)), *ALL, decision="deny")
    assert "error=access_denied" in answer["Location"]
    assert "code=" not in answer["Location"]
    with arranging():
        assert not AppGrant._base_manager.exists()


def test_who_is_not_logged_in_is_asked_to_and_comes_back(app: Client) -> None:
    url = wish(app_session(app), generate_token(48))
    parts = urlsplit(url)
    answer = Browser().get(f"{parts.path}?{parts.query}", secure=True, HTTP_HOST="localhost")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/clients/oauth/authorize")


def test_the_consent_page_stands_in_no_frame_and_wants_its_own_token(
    cast: Cast, app: Client, aoki: Consent
) -> None:
    url = wish(app_session(app), generate_token(48))
    page = aoki.ask(url)
    assert page["X-Frame-Options"] == "DENY"
    policy = page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example.jp" in policy
    strict = StaffClient(enforce_csrf_checks=True).log_in(cast.actor("aoki"))
    assert Consent(strict).answer(url, *ALL).status_code == 403
    with arranging():
        assert not AppGrant._base_manager.exists()


def changed(url: str, **said: str | None) -> str:
    """The same wish with other parameters; None leaves one out."""
    for name, value in said.items():
        url = re.sub(rf"([?&]){name}=[^&]*&?", r"\1", url).rstrip("&?")
        url = url if value is None else f"{url}&{name}={value}"
    return url


BROKEN: dict[str, tuple[dict[str, str | None], str]] = {
    "plain PKCE": ({"code_challenge_method": "plain"}, "invalid_request"),
    "a challenge without its method": ({"code_challenge_method": None}, "invalid_request"),
    "no PKCE": ({"code_challenge_method": None, "code_challenge": None}, "invalid_request"),
    "a token at once": ({"response_type": "token"}, "unsupported_response_type"),
    "what it may not have": ({"scope": "user/Practitioner.rs"}, "invalid_scope"),
    "writing": ({"scope": "user/Organization.cud"}, "invalid_scope"),
    "a system's scope": ({"scope": "system/Organization.rs"}, "invalid_scope"),
    "no scope": ({"scope": None}, "invalid_scope"),
    "another server": ({"aud": "https://elsewhere.example.jp/fhir"}, "invalid_request"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_wish_that_is_wrong_goes_back_to_the_app_with_the_reason(
    app: Client, aoki: Consent, broken: str
) -> None:
    said, error = BROKEN[broken]
    answer = aoki.ask(changed(wish(app_session(app), generate_token(48)), **said))
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"].startswith(RETURN)
    assert f"error={error}" in answer["Location"]


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example.com/callback",
        "https://app.example.jp/callback/",
        "https://app.example.jp/callback?x=1",
        "https://APP.example.jp/callback",
        "https://app.example.jp/callback%22%E3%81%82",
        "javascript:alert(1)",
        None,
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    app: Client, aoki: Consent, place: str | None
) -> None:
    answer = aoki.ask(changed(wish(app_session(app), generate_token(48)), redirect_uri=place))
    assert answer.status_code == 400
    assert "Location" not in answer
    assert "アプリを許可できません" in answer.content.decode()


@pytest.mark.parametrize("client_id", ["rk-unknown", "%00", "%E3%81%82", ""])
def test_an_unknown_app_gets_a_page_and_no_way_back(app: Client, aoki: Consent, client_id: str) -> None:
    answer = aoki.ask(changed(wish(app_session(app), generate_token(48)), client_id=client_id))
    assert (answer.status_code, answer.has_header("Location")) == (400, False)


def test_an_app_of_another_house_is_not_let_in(cast: Cast, app: Client, browser: StaffClient) -> None:
    sato = Consent(browser.log_in(cast.actor("sato")))
    url = wish(app_session(app), generate_token(48))
    assert sato.ask(url).status_code == 409
    assert sato.answer(url, *ALL).status_code == 409


def test_a_form_that_was_opened_for_another_house_is_refused(cast: Cast, app: Client, aoki: Consent) -> None:
    url = wish(app_session(app), generate_token(48))
    assert aoki.answer(url, *ALL, _facility=str(cast.facility("H1").pk)).status_code == 409


def test_a_code_opens_once_and_its_second_use_ends_everything(app: Client, aoki: Consent) -> None:
    made, verifier = app_session(app), generate_token(48)
    code = code_of(aoki.answer(wish(made, verifier), *ALL))
    form = {"grant_type": "authorization_code", "client_id": app.client_id, "redirect_uri": RETURN}
    first = post(TOKEN, **form, code=code, code_verifier=verifier).json()
    actor_of_bearer(first["access_token"])
    again = post(TOKEN, **form, code=code, code_verifier=verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    queries.forget_bearers()
    with pytest.raises(BearerRefused):
        actor_of_bearer(first["access_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        made.refresh_token(TOKEN, first["refresh_token"])


def test_the_person_is_told_when_a_connection_was_ended_for_safety(
    cast: Cast, app: Client, aoki: Consent
) -> None:
    made, token = connect(app, aoki)
    made.refresh_token(TOKEN, token["refresh_token"])
    with pytest.raises(OAuthError):
        made.refresh_token(TOKEN, token["refresh_token"])
    page = aoki.browser.get("/notices/").content.decode()
    assert "使用済みの番号がもう一度使われた" in page


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"code_verifier": generate_token(48)}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://app.example.jp/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"client_id": "rk-other"}, "invalid_client"),
    ],
)
def test_a_code_in_wrong_hands_opens_nothing(
    app: Client, aoki: Consent, wrong: dict[str, str], error: str
) -> None:
    verifier = generate_token(48)
    code = code_of(aoki.answer(wish(app_session(app), verifier), *ALL))
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "redirect_uri": RETURN,
        "code": code,
        "code_verifier": verifier,
        **wrong,
    }
    answer = post(TOKEN, **form)
    assert answer.json()["error"] == error, answer.text
    with arranging():
        assert not IssuedToken._base_manager.exists()


def test_another_app_cannot_use_the_code(cast: Cast, app: Client, aoki: Consent) -> None:
    with acting(cast.actor("aoki")) as owner:
        other = an_app(owner)
    verifier = generate_token(48)
    code = code_of(aoki.answer(wish(app_session(app), verifier), *ALL))
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": RETURN,
        "code": code,
        "code_verifier": verifier,
    }
    assert post(TOKEN, **form, client_id=other.client_id).json()["error"] == "invalid_grant"
    assert post(TOKEN, **form, client_id=app.client_id).status_code == 200


def test_a_code_is_over_after_a_minute(app: Client, aoki: Consent) -> None:
    verifier = generate_token(48)
    code = code_of(aoki.answer(wish(app_session(app), verifier), *ALL))
    with arranging():
        AuthorizationCode._base_manager.update(expires_at=codes.real_now() - timedelta(seconds=1))
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": RETURN,
        "code": code,
        "code_verifier": verifier,
    }
    assert post(TOKEN, **form, client_id=app.client_id).json()["error"] == "invalid_grant"


def test_the_servers_addresses_are_found_where_the_standards_say() -> None:
    browser = Browser()
    for path in (".well-known/smart-configuration", ".well-known/oauth-authorization-server"):
        said = browser.get(f"/{path}", secure=True, HTTP_HOST="localhost").json()
        assert (said["token_endpoint"], said["authorization_endpoint"]) == (TOKEN, AUTHORIZE)
        assert said["code_challenge_methods_supported"] == ["S256"]
        assert said["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
        assert "user/Organization.rs" in said["scopes_supported"]
