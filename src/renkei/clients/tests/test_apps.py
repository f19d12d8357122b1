"""A person lets an app in: log-in, consent page, code with PKCE, token, refresh, and the way back out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from django.test import Client as Browser

from renkei.accounts.models import Membership
from renkei.clients import actions, codes, queries
from renkei.clients.models import AppGrant, AuthorizationCode, Client, IssuedToken
from renkei.clients.queries import actor_of_bearer
from renkei.clients.tests.support import (
    AUTHORIZE,
    INTROSPECT,
    RETURN,
    REVOKE,
    SITE,
    TOKEN,
    Consent,
    an_app,
    app_session,
    assertion,
    post,
    session,
    sign_in,
)
from renkei.clients.types import BearerRefused, Login
from renkei.gate.actor import Kind
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

ALL = ("user/Organization.rs", "user/Location.rs", "offline_access")
WISH = " ".join(ALL)


def wish(made: OAuth2Session, verifier: str, scope: str = WISH, **more: str) -> str:
    """The address that an app opens in the person's browser."""
    url, _state = made.create_authorization_url(AUTHORIZE, code_verifier=verifier, scope=scope, **more)
    return str(url)


def connect(
    client: Client, person: Consent, *allow: str, secret: str | None = None
) -> tuple[OAuth2Session, Any]:
    """The whole way of an app, as Authlib's client walks it."""
    made, verifier = app_session(client, secret), generate_token(48)
    url = wish(made, verifier)
    answer = person.answer(url, *(allow or ALL))
    assert answer.status_code == 302, answer.content.decode()
    return made, made.fetch_token(TOKEN, authorization_response=answer["Location"], code_verifier=verifier)


def code_of(answer: Any) -> str:
    """The code in the address that the browser is sent to."""
    return parse_qs(urlsplit(answer["Location"]).query)["code"][0]


def test_the_consent_page_says_which_app_of_whom_sees_what_for_how_long(app: Client, aoki: Consent) -> None:
    page = aoki.ask(wish(app_session(app), generate_token(48)))
    text = page.content.decode().replace("\u2060", "")
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
    assert text.count('type="checkbox"') == 3


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


def test_refresh_tokens_change_with_every_use_and_keep_what_was_granted(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    narrow = made.refresh_token(TOKEN, token["refresh_token"], scope="user/Location.rs")
    assert narrow["scope"] == "user/Location.rs"
    assert narrow["refresh_token"] != token["refresh_token"]
    whole = made.refresh_token(TOKEN, narrow["refresh_token"])
    assert set(whole["scope"].split()) == set(ALL)


def test_a_refresh_token_cannot_bring_more_than_was_granted(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki, "user/Organization.rs", "offline_access")
    with pytest.raises(OAuthError, match="invalid_scope"):
        made.refresh_token(TOKEN, token["refresh_token"], scope=WISH)


def test_a_used_refresh_token_that_comes_again_ends_the_whole_family(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    fresh = made.refresh_token(TOKEN, token["refresh_token"])
    actor_of_bearer(fresh["access_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        made.refresh_token(TOKEN, token["refresh_token"])
    queries.forget_bearers()
    for old in (token, fresh):
        with pytest.raises(BearerRefused):
            actor_of_bearer(old["access_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        made.refresh_token(TOKEN, fresh["refresh_token"])


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    with pytest.raises(OAuthError, match="invalid_grant"):
        made.refresh_token(TOKEN, token["access_token"])
    with pytest.raises(BearerRefused):
        actor_of_bearer(token["refresh_token"])


def test_an_app_with_a_secret_must_show_it(cast: Cast, aoki: Consent) -> None:
    with acting(cast.actor("aoki")) as owner:
        app = an_app(owner, Login.SECRET)
        secret = actions.new_secret(owner, app)
    _made, token = connect(app, aoki, secret=secret)
    assert actor_of_bearer(token["access_token"]).person_id
    for wrong in (None, "guessed"):
        with pytest.raises(OAuthError, match="invalid_client"):
            connect(app, aoki, secret=wrong)
    with arranging():
        assert secret not in str(Client._base_manager.values().get(pk=app.pk))


def test_who_left_the_house_takes_the_app_along(cast: Cast, app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    with arranging():
        Membership._base_manager.filter(pk=cast.actor("aoki").membership_id).update(ended_on=clock.today())
    with pytest.raises(BearerRefused, match="利用できなく"):
        actor_of_bearer(token["access_token"])
    with pytest.raises(OAuthError):
        made.refresh_token(TOKEN, token["refresh_token"])


def test_an_app_loses_what_the_person_loses(cast: Cast, app: Client, aoki: Consent) -> None:
    _made, token = connect(app, aoki)
    with arranging():
        Membership._base_manager.filter(pk=cast.actor("aoki").membership_id).update(roles=[])
    assert "directory.view" not in actor_of_bearer(token["access_token"]).permissions


def test_a_person_stops_an_app_on_their_own_page(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    page = aoki.browser.get("/clients/connections/").content.decode()
    assert "往診メモ" in page
    with arranging():
        grant = AppGrant._base_manager.get()
    assert aoki.browser.post(f"/clients/connections/{grant.uid}/end/").status_code == 302
    assert "往診メモ" not in aoki.browser.get("/clients/connections/").content.decode().split("toast")[0]
    queries.forget_bearers()
    with pytest.raises(BearerRefused):
        actor_of_bearer(token["access_token"])
    with pytest.raises(OAuthError):
        made.refresh_token(TOKEN, token["refresh_token"])


def test_nobody_stops_a_colleagues_app(cast: Cast, app: Client, aoki: Consent) -> None:
    connect(app, aoki)
    with arranging():
        grant = AppGrant._base_manager.get()
    kimura = StaffClient().log_in(cast.actor("kimura"))
    assert kimura.post(f"/clients/connections/{grant.uid}/end/").status_code == 404
    with arranging():
        assert AppGrant._base_manager.get().ended_at is None


def test_a_client_asks_about_its_own_tokens_only(cast: Cast, system: Client) -> None:
    token = sign_in(system, assertion(system)).json()["access_token"]
    made = session(system)
    said = made.introspect_token(INTROSPECT, token=token, token_type_hint="access_token").json()
    assert said["active"] is True
    assert (said["client_id"], said["scope"], said["iss"]) == (
        system.client_id,
        "system/Organization.rs",
        SITE,
    )
    with acting(cast.actor("aoki")) as owner:
        other = an_app(owner, Login.SECRET)
        secret = actions.new_secret(owner, other)
    stranger = app_session(other, secret)
    assert stranger.introspect_token(INTROSPECT, token=token).json() == {"active": False}
    assert stranger.revoke_token(REVOKE, token=token).status_code == 200
    assert actor_of_bearer(token).label == system.name
    assert post(INTROSPECT, token=token, client_id=other.client_id).json()["error"] == "invalid_client"


def test_a_token_that_was_given_back_opens_nothing(system: Client) -> None:
    token = sign_in(system, assertion(system)).json()["access_token"]
    assert session(system).revoke_token(REVOKE, token=token).status_code == 200
    with pytest.raises(BearerRefused):
        actor_of_bearer(token)
    assert session(system).introspect_token(INTROSPECT, token=token).json() == {"active": False}


def test_with_the_refresh_token_the_connection_is_given_back(app: Client, aoki: Consent) -> None:
    made, token = connect(app, aoki)
    assert made.revoke_token(REVOKE, token=token["refresh_token"]).status_code == 200
    with pytest.raises(BearerRefused):
        actor_of_bearer(token["access_token"])


def test_the_servers_addresses_are_found_where_the_standards_say() -> None:
    browser = Browser()
    for path in (".well-known/smart-configuration", ".well-known/oauth-authorization-server"):
        said = browser.get(f"/{path}", secure=True, HTTP_HOST="localhost").json()
        assert (said["token_endpoint"], said["authorization_endpoint"]) == (TOKEN, AUTHORIZE)
        assert said["code_challenge_methods_supported"] == ["S256"]
        assert said["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
        assert "user/Organization.rs" in said["scopes_supported"]
