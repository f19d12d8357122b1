"""A hospital's system logs in by signature and gets a short token for its own facility (SMART Backend Services)."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from authlib.integrations.base_client import OAuthError
from django.db import connections

from renkei.audit.models import AuditEntry
from renkei.clients import actions, issuing, queries
from renkei.clients.models import Client, IssuedToken, UsedAssertion
from renkei.clients.queries import actor_of_bearer
from renkei.clients.tests.support import (
    OTHER_RSA,
    RSA,
    SECOND,
    TOKEN,
    assertion,
    give_key,
    post,
    session,
    sign_in,
)
from renkei.clients.types import BearerRefused, ClientDraft, ClientKind, Login
from renkei.gate.actor import Kind
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging

SCOPE = "system/Organization.rs"


@pytest.mark.parametrize("scope", [SCOPE, "system/Organization.read", "system/*.rs", "system/*.*"])
def test_a_system_gets_a_token_for_what_it_is_allowed_in_version_1_and_2(
    cast: Cast, system: Client, scope: str
) -> None:
    token = session(system).fetch_token(TOKEN, grant_type="client_credentials", scope=scope)
    assert token["token_type"] == "Bearer"
    assert token["scope"] == SCOPE
    assert token["expires_in"] == 300
    assert "refresh_token" not in token
    actor = actor_of_bearer(token["access_token"])
    assert actor.kind is Kind.CLIENT
    assert actor.facility_id == cast.facility("H1").pk
    assert (actor.person_id, actor.label) == (0, "みどり電子カルテ")
    assert actor.permissions == {"directory.view", "fhir:Organization.r", "fhir:Organization.s"}


def test_a_system_signs_with_es384_too(cast: Cast, system: Client) -> None:
    with acting(cast.actor("oka")) as oka:
        give_key(oka, system, SECOND)
    token = session(system, SECOND, "ES384").fetch_token(TOKEN, grant_type="client_credentials", scope=SCOPE)
    assert actor_of_bearer(token["access_token"]).label == system.name


def test_a_token_is_kept_as_a_digest_only(system: Client) -> None:
    token = session(system).fetch_token(TOKEN, grant_type="client_credentials", scope=SCOPE)["access_token"]
    with arranging():
        row = IssuedToken._base_manager.values().get(client=system)
    assert token not in str(row)


def unsigned(client: Client, alg: str = "none") -> str:
    """Header and claims as a forger writes them, with nothing behind the last dot."""
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": TOKEN,
        "jti": "f",
        "exp": int(time.time()) + 60,
    }

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': alg, 'kid': 'first'})}.{part(claims)}."


def hmac_over_the_public_key(client: Client) -> str:
    """The old trick: the public key's text, which everybody knows, taken as a shared secret."""
    said = unsigned(client, "HS256")[:-1]
    mark = hmac.digest(RSA.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


WRONG: dict[str, Any] = {
    "another audience": lambda c: assertion(c, aud="https://elsewhere.example.jp/token"),
    "no audience": lambda c: assertion(c, aud=None),
    "too long a life": lambda c: assertion(c, exp=int(time.time()) + 600),
    "out of time": lambda c: assertion(c, exp=int(time.time()) - 60),
    "no end": lambda c: assertion(c, exp=None),
    "an endless end": lambda c: assertion(c, exp=10**400),
    "not yet valid": lambda c: assertion(c, nbf=int(time.time()) + 200),
    "no number": lambda c: assertion(c, jti=None),
    "an endless number": lambda c: assertion(c, jti="x" * 256),
    "a number that is none": lambda c: assertion(c, jti=7),
    "another issuer": lambda c: assertion(c, iss="rk-somebody"),
    "no subject": lambda c: assertion(c, sub=None),
    "a subject that is a list": lambda c: assertion(c, sub=["a"]),
    "a subject with a null": lambda c: assertion(c, sub="\x00"),
    "another key under the same number": lambda c: assertion(c, OTHER_RSA),
    "an unknown key": lambda c: assertion(c, header={"kid": "nobody"}),
    "RS256": lambda c: assertion(c, header={"alg": "RS256"}),
    "an HMAC over the public key": hmac_over_the_public_key,
    "no signature": unsigned,
    "no token at all": lambda c: "abc",
    "nothing but dots": lambda c: "..",
    "a deep hole": lambda c: f"{'W1tb' * 400}.{'W1tb' * 1200}.aa",
    "too long": lambda c: "a" * 9000,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_log_in_that_is_wrong_in_one_point_gets_no_token(system: Client, wrong: str) -> None:
    answer = sign_in(system, WRONG[wrong](system))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client"), answer.text
    with arranging():
        assert not IssuedToken._base_manager.exists()


def test_a_good_log_in_by_hand_gets_one(system: Client) -> None:
    """Otherwise the refusals above would hold for another reason."""
    assert sign_in(system, assertion(system)).status_code == 200


def test_a_log_in_opens_once(system: Client) -> None:
    signed = assertion(system)
    assert sign_in(system, signed).status_code == 200
    again = sign_in(system, signed)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_client")
    assert "used before" in again.json()["error_description"]


def test_two_systems_may_use_the_same_number(cast: Cast, system: Client) -> None:
    with acting(cast.actor("aoki")) as aoki:
        other = actions.create(aoki, queries_draft(system), kind=ClientKind.SYSTEM, login=Login.KEY)
        give_key(aoki, other, RSA)
    assert sign_in(system, assertion(system, jti="one")).status_code == 200
    assert sign_in(other, assertion(other, jti="one")).status_code == 200


def queries_draft(client: Client) -> Any:
    """The same draft once more."""
    return ClientDraft(
        client.name, client.purpose, client.contact_name, client.contact_email, scopes=tuple(client.scopes)
    )


@pytest.mark.parametrize(
    "scope", ["system/Location.rs", "system/Organization.cud", "user/Organization.rs", "", "x"]
)
def test_a_system_cannot_have_more_than_it_was_given(system: Client, scope: str) -> None:
    answer = sign_in(system, assertion(system), scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_of_a_mixed_wish_it_gets_what_is_allowed_and_the_answer_says_so(system: Client) -> None:
    answer = sign_in(system, assertion(system), "system/Organization.cruds system/Location.rs launch openid")
    assert answer.json()["scope"] == SCOPE


def test_scopes_taken_away_are_missing_from_tokens_that_are_out_there(cast: Cast, system: Client) -> None:
    with acting(cast.actor("oka")) as oka:
        wide = ClientDraft(
            system.name, "x", "x", "x@example.jp", scopes=("system/Organization.rs", "system/Location.rs")
        )
        actions.change(oka, queries.client(oka, system.uid), wide)
        token = sign_in(system, assertion(system), "system/*.rs").json()["access_token"]
        assert "fhir:Location.r" in actor_of_bearer(token).permissions
        actions.change(oka, queries.client(oka, system.uid), queries_draft(system))
    queries.forget_bearers()
    assert "fhir:Location.r" not in actor_of_bearer(token).permissions


def test_a_system_cannot_use_the_ways_of_apps(system: Client) -> None:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    for grant_type in ("authorization_code", "refresh_token"):
        answer = post(
            TOKEN,
            grant_type=grant_type,
            code="x",
            refresh_token="x",
            client_assertion_type=kind,
            client_assertion=assertion(system),
        )
        assert answer.json()["error"] == "unauthorized_client"
    assert (
        post(TOKEN, grant_type="password", username="a", password="b").json()["error"]
        == "unsupported_grant_type"
    )


def test_parameters_stand_in_the_body_only(system: Client) -> None:
    assert post(f"{TOKEN}?grant_type=client_credentials").json()["error"] == "invalid_request"


def test_an_unencrypted_way_is_refused(system: Client, client: Any) -> None:
    answer = client.post(
        "/clients/oauth/token", {"grant_type": "client_credentials"}, HTTP_HOST="renkei.example.jp"
    )
    assert answer.status_code == 400


def test_a_stopped_system_gets_nothing_and_its_token_opens_nothing(cast: Cast, system: Client) -> None:
    token = sign_in(system, assertion(system)).json()["access_token"]
    with acting(cast.actor("oka")) as oka:
        actions.enable(oka, queries.client(oka, system.uid), on=False)
        queries.forget_bearers()
        with pytest.raises(BearerRefused):
            actor_of_bearer(token)
        assert sign_in(system, assertion(system)).json()["error"] == "invalid_client"
        actions.enable(oka, queries.client(oka, system.uid), on=True)
    with pytest.raises(BearerRefused):
        actor_of_bearer(token)
    assert sign_in(system, assertion(system)).status_code == 200


def test_a_key_ends_on_its_last_day_and_a_stopped_one_at_once(cast: Cast, system: Client) -> None:
    with acting(cast.actor("oka")) as oka:
        give_key(oka, system, SECOND, days=1)
        first = queries.keys(oka, system)[-1]
        actions.stop_key(oka, first)
    assert sign_in(system, assertion(system)).json()["error"] == "invalid_client"
    second = {"alg": "ES384"}
    assert sign_in(system, assertion(system, SECOND, second)).status_code == 200
    with patch.object(clock, "today", lambda: clock.jst_date(clock.now()) + timedelta(days=2)):
        assert sign_in(system, assertion(system, SECOND, second)).json()["error"] == "invalid_client"


def test_a_log_in_and_a_token_are_lines_of_the_trail(cast: Cast, system: Client) -> None:
    sign_in(system, assertion(system))
    with arranging():
        rows = UsedAssertion._base_manager.count()
        lines = list(trail(cast.facility("H1").pk))
    assert rows == 1
    assert any("署名つきのログイン" in says and kind == "client" for says, kind in lines)
    assert any("アクセストークンを発行" in says and kind == "client" for says, kind in lines)


def test_a_log_in_that_failed_stands_in_the_trail_of_the_house_it_claimed(cast: Cast, system: Client) -> None:
    sign_in(system, assertion(system, OTHER_RSA))
    refused = AuditEntry.objects.using("trail").filter(outcome="denied", facility_id=cast.facility("H1").pk)
    with acting(cast.actor("oka")), connections["trail"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.facility', %s, true)", [str(cast.facility("H1").pk)])
        assert [line.says for line in refused] == ["「みどり電子カルテ」のログインを拒否"]


def trail(facility_id: int) -> Any:
    """Sentence and kind of actor of the facility's lines."""

    return AuditEntry.objects.filter(facility_id=facility_id).values_list("says", "actor_kind")


def test_authlibs_client_reports_the_refusal(system: Client) -> None:
    with pytest.raises(OAuthError, match="invalid_client"):
        session(system, OTHER_RSA).fetch_token(TOKEN, grant_type="client_credentials", scope=SCOPE)


def test_a_race_of_one_log_in_has_one_winner(cast: Cast, system: Client) -> None:
    actor = queries.door_actor(queries.client_at_the_door(system.client_id) or system)
    first = issuing.note_assertion(actor, client=system, jti="race", expires_at=clock.now())
    assert first
    assert not issuing.note_assertion(actor, client=system, jti="race", expires_at=clock.now())
