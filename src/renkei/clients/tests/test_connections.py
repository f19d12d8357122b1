"""After the consent: refresh, reuse, people who leave, the page 連携中のアプリ, introspection and revocation."""

from __future__ import annotations

import pytest
from authlib.integrations.base_client import OAuthError

from renkei.accounts.models import Membership
from renkei.clients import actions, queries
from renkei.clients.models import AppGrant, Client
from renkei.clients.queries import actor_of_bearer
from renkei.clients.tests.support import (
    ALL,
    INTROSPECT,
    REVOKE,
    SITE,
    TOKEN,
    WISH,
    Consent,
    an_app,
    app_session,
    assertion,
    connect,
    post,
    session,
    sign_in,
)
from renkei.clients.types import BearerRefused, Login
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


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


def test_a_connection_for_once_is_over_when_its_token_is(app: Client, aoki: Consent) -> None:
    connect(app, aoki, "user/Organization.rs")
    with arranging():
        grant = AppGrant._base_manager.get()
    assert (grant.expires_at - grant.granted_at).total_seconds() == 960
