"""Who keeps failing at the token endpoint is refused before a key or a secret is looked at, and shuts out nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import requests
from django.db import connections
from django.test.utils import CaptureQueriesContext

from renkei.accounts import throttle
from renkei.accounts.models import LoginAttempt
from renkei.audit.models import AuditEntry
from renkei.clients import actions, assertions
from renkei.clients.models import Client
from renkei.clients.oauth import Party
from renkei.clients.tests.support import (
    INTROSPECT,
    OTHER_RSA,
    REVOKE,
    TOKEN,
    ThroughDjango,
    a_system,
    an_app,
    assertion,
    post,
    sign_in,
)
from renkei.clients.types import Login
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging

LIMIT, TRIES = 10, 1_000
KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HOME, AWAY = "203.0.113.9", "198.51.100.7"


@pytest.fixture(autouse=True)
def at_one_moment() -> Any:
    """The minutes of a lock do not run while a test does."""
    with clock.frozen(clock.now()):
        yield


def knock(client: Client, signed: str, address: str = AWAY) -> Any:
    """A log-in from an address."""
    return post(
        TOKEN,
        address,
        grant_type="client_credentials",
        scope="system/Organization.rs",
        client_assertion_type=KIND,
        client_assertion=signed,
    )


def fail(client: Client, times: int, address: str = AWAY) -> list[int]:
    """The statuses of so many log-ins with a stranger's key."""
    signed = assertion(client, OTHER_RSA)
    return [knock(client, signed, address).status_code for _ in range(times)]


def test_of_a_thousand_tries_ten_reach_the_key(system: Client) -> None:
    signed = assertion(system, OTHER_RSA)
    with patch.object(assertions.jwt, "decode", wraps=assertions.jwt.decode) as checked:
        statuses = [knock(system, signed).status_code for _ in range(TRIES)]
    assert checked.call_count == LIMIT
    assert statuses == [400] * LIMIT + [429] * (TRIES - LIMIT)
    denied = AuditEntry.objects.using("trail").filter(outcome="denied", action="clients.oauth.log_in")
    with acting_for(system):
        assert denied.count() == LIMIT


def acting_for(client: Client) -> Any:
    """Eyes of the client's house on the trail's connection."""

    class Eyes:
        def __enter__(self) -> None:
            with connections["trail"].cursor() as cursor:
                cursor.execute("SELECT set_config('app.facility', %s, false)", [str(client.facility_id)])

        def __exit__(self, *gone: object) -> None:
            with connections["trail"].cursor() as cursor:
                cursor.execute("SELECT set_config('app.facility', '', false)")

    return Eyes()


def test_the_refusal_says_how_long_in_the_form_of_oauth(system: Client) -> None:
    fail(system, LIMIT)
    refused = knock(system, assertion(system))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert refused.headers["Cache-Control"] == "no-store"
    assert set(refused.json()) == {"error", "error_description"}
    assert refused.json()["error"] == "temporarily_unavailable"


@pytest.mark.parametrize("url", [TOKEN, INTROSPECT, REVOKE])
def test_a_secret_is_not_compared_either_at_any_endpoint(cast: Cast, url: str) -> None:
    with acting(cast.actor("aoki")) as aoki:
        app = an_app(aoki, Login.SECRET)
        actions.new_secret(aoki, app)
    with patch.object(Party, "check_client_secret", return_value=False) as compared:
        statuses = [basic(url, app.client_id, f"guess-{number}") for number in range(LIMIT + 40)]
    assert compared.call_count == LIMIT
    assert statuses == [401] * LIMIT + [429] * 40


def basic(url: str, client_id: str, secret: str) -> int:
    """One try with a secret."""
    visitor = requests.Session()
    visitor.mount("https://", ThroughDjango(AWAY))
    form = {"grant_type": "authorization_code", "token": "x"}
    found = visitor.post(url, data=form, auth=(client_id, secret))
    return int(found.status_code)


def test_the_system_itself_gets_in_from_its_own_address_meanwhile(system: Client) -> None:
    fail(system, 60)
    assert knock(system, assertion(system), AWAY).status_code == 429
    assert knock(system, assertion(system), HOME).status_code == 200


def test_an_address_that_tries_one_client_after_the_other_is_refused_as_a_whole(cast: Cast) -> None:
    with acting(cast.actor("oka")) as oka:
        systems = [a_system(oka) for _ in range(6)]
    statuses = [status for client in systems for status in fail(client, LIMIT)]
    assert statuses == [400] * 5 * LIMIT + [429] * LIMIT
    assert knock(systems[-1], assertion(systems[-1]), HOME).status_code == 200


def test_an_address_of_version_6_counts_as_its_network(system: Client) -> None:
    for number in range(LIMIT):
        assert fail(system, 1, f"2001:db8:0:1::{number:x}") == [400]
    assert fail(system, 1, "2001:db8:0:1:ffff::1") == [429]
    assert fail(system, 1, "2001:db8:0:2::1") == [400]


def test_a_client_that_is_tried_from_everywhere_is_shut_in_the_end(system: Client) -> None:
    with patch.object(throttle, "number", return_value=3):
        for number in range(30):
            assert fail(system, 1, f"198.51.100.{number}") == [400]
    assert knock(system, assertion(system), HOME).status_code == 429


def test_numbers_of_nobody_count_for_the_address_only_and_leave_no_counters(system: Client) -> None:
    for number in range(5 * LIMIT):
        forged = assertion(system, OTHER_RSA, iss=f"rk-{number}", sub=f"rk-{number}")
        assert knock(system, forged).status_code == 400
    assert knock(system, assertion(system)).status_code == 429
    with arranging():
        assert LoginAttempt._base_manager.count() == 1


def test_the_lock_ends_by_itself_and_a_good_log_in_ends_the_counting(system: Client) -> None:
    fail(system, LIMIT)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        assert knock(system, assertion(system)).status_code == 200
        assert fail(system, LIMIT - 1) == [400] * (LIMIT - 1)
        assert knock(system, assertion(system)).status_code == 200
        assert fail(system, LIMIT - 1) == [400] * (LIMIT - 1)


def test_an_own_good_log_in_does_not_end_the_counting_of_the_address(cast: Cast) -> None:
    with acting(cast.actor("oka")) as oka:
        mine, *others = [a_system(oka) for _ in range(6)]
    for other in others:
        fail(other, LIMIT - 1)
        assert knock(mine, assertion(mine)).status_code == 200
    assert fail(mine, 5) == [400] * 5
    assert knock(mine, assertion(mine)).status_code == 429


def test_a_person_whose_log_in_id_reads_like_a_counter_locks_no_client(system: Client) -> None:
    for written in (system.client_id, f"client {system.client_id} {AWAY}", f"client{system.client_id}{AWAY}"):
        for _ in range(LIMIT):
            throttle.admit(written)
            throttle.failed(written)
    assert knock(system, assertion(system)).status_code == 200


def test_a_client_in_good_standing_pays_one_look(system: Client) -> None:
    with CaptureQueriesContext(connections["default"]) as seen:
        assert sign_in(system, assertion(system)).status_code == 200
    asked = [q["sql"] for q in seen.captured_queries if "accounts_loginattempt" in q["sql"]]
    assert len(asked) == 1
    assert asked[0].startswith("SELECT")
    assert "FOR UPDATE" not in asked[0]
