"""The API's question: who is this token? Its cost, how long an answer is remembered, addresses, limits, and the wall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from renkei.clients import actions, bearer, codes, queries, rates, types
from renkei.clients.models import Client, ClientUse, IssuedToken
from renkei.clients.queries import actor_of_bearer
from renkei.clients.tests.support import assertion, sign_in
from renkei.clients.types import BearerRefused, ClientDraft, TooMany, register_facility_limit
from renkei.gate.context import acting
from renkei.kernel.errors import NotAllowed
from testing.cast import Cast
from testing.database import arranging


@pytest.fixture
def token(system: Client) -> str:
    """A token of the hospital's system, and no memory of how it was made."""
    made = str(sign_in(system, assertion(system)).json()["access_token"])
    queries.forget_bearers()
    return made


class Ticks:
    """A clock of the process that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Ticks:
    """Both memories look at this clock."""
    made = Ticks()
    monkeypatch.setattr(bearer, "ticks", made)
    monkeypatch.setattr(rates, "ticks", made)
    rates.let_go()
    return made


def change(cast: Cast, client: Client, **said: Any) -> None:
    """The administrator changes one thing."""
    fields = ("name", "purpose", "contact_name", "contact_email", "contact_phone", "rate_per_minute")
    draft = {field: getattr(client, field) for field in fields} | {
        "scopes": tuple(client.scopes),
        "addresses": tuple(client.addresses),
    }
    with acting(cast.actor("oka")) as oka:
        actions.change(oka, queries.client(oka, client.uid), ClientDraft(**{**draft, **said}))


def test_a_token_costs_one_statement_and_then_none(token: str) -> None:
    with CaptureQueriesContext(connection) as first:
        actor_of_bearer(token)
    assert len([q for q in first if "clients_bearer" in q["sql"]]) == 1
    assert len(first) == 1, [q["sql"] for q in first]
    trail = connections["trail"]
    with CaptureQueriesContext(connection) as again, CaptureQueriesContext(trail) as counted:
        for _ in range(20):
            actor_of_bearer(token)
    assert (len(again), len(counted)) == (0, 0)


def test_the_statement_looks_at_indexes_only(token: str) -> None:
    body = "SELECT prosrc FROM pg_proc WHERE proname = 'clients_bearer'"
    with arranging(), connection.cursor() as cursor:
        cursor.execute(body)
        source = cursor.fetchone()[0].replace("wanted", "%s")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + source, [codes.digest(token)])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan
    assert plan.count("Index Scan") == 6, plan


@pytest.mark.parametrize("wrong", ["", "x", "é" * 30, "\x00" * 30, "a" * 5000, "a" * 43])
def test_what_is_no_token_is_refused(cast: Cast, wrong: str) -> None:
    with pytest.raises(BearerRefused) as refusal:
        actor_of_bearer(wrong)
    assert refusal.value.status == 401


def test_an_ended_token_is_refused_within_five_seconds(
    cast: Cast, system: Client, token: str, ticks: Ticks
) -> None:
    actor_of_bearer(token)
    with acting(cast.actor("oka")) as oka:
        actions.end_tokens(oka, queries.client(oka, system.uid))
    ticks.now += bearer.CACHE_SECONDS - 0.1
    actor_of_bearer(token)
    ticks.now += 0.1
    with pytest.raises(BearerRefused):
        actor_of_bearer(token)
    assert bearer.CACHE_SECONDS <= 5


def test_a_token_ends_on_the_second_although_it_is_remembered(
    token: str, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor_of_bearer(token)
    later = codes.real_now() + timedelta(seconds=301)
    monkeypatch.setattr(codes, "real_now", lambda: later)
    with pytest.raises(BearerRefused, match="期限"):
        actor_of_bearer(token)


def test_a_refused_token_is_not_remembered(token: str, cast: Cast, system: Client) -> None:
    with arranging():
        IssuedToken._base_manager.update(revoked_at=codes.real_now())
    with pytest.raises(BearerRefused):
        actor_of_bearer(token)
    with arranging():
        IssuedToken._base_manager.update(revoked_at=None)
    assert actor_of_bearer(token).label == system.name


def test_the_memory_has_an_end(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bearer, "_MOST", 1)
    actor_of_bearer(token)
    assert len(bearer._known) == 1


@pytest.mark.parametrize(
    ("address", "fits"),
    [("192.0.2.7", True), ("192.0.3.7", False), ("2001:db8::5", True), ("", False), ("nonsense", False)],
)
def test_a_client_comes_from_its_own_addresses_only(
    cast: Cast, system: Client, token: str, address: str, fits: bool
) -> None:
    change(cast, system, addresses=("192.0.2.0/24", "2001:db8::/32"))
    if fits:
        assert actor_of_bearer(token, address).label == system.name
        return
    with pytest.raises(NotAllowed):
        actor_of_bearer(token, address)


def test_the_token_endpoint_looks_at_the_address_too(cast: Cast, system: Client) -> None:
    change(cast, system, addresses=("192.0.2.0/24",))
    assert sign_in(system, assertion(system)).json()["error"] == "invalid_client"


def test_above_the_limit_the_client_is_told_how_long_to_wait(
    cast: Cast, system: Client, token: str, ticks: Ticks
) -> None:
    change(cast, system, rate_per_minute=3)
    queries.forget_bearers()
    with arranging():
        ClientUse._base_manager.all().update(permits=3)
    for _ in range(3):
        actor_of_bearer(token)
    with pytest.raises(TooMany) as refusal:
        actor_of_bearer(token)
    assert refusal.value.status == 429
    assert 1 <= refusal.value.retry_after_seconds <= 20
    answer = sign_in(system, assertion(system))
    assert (answer.status_code, answer.headers["Retry-After"]) == (
        429,
        str(refusal.value.retry_after_seconds),
    )


def one_more(facility: int, client: Client, rate: int) -> bool:
    """Whether one more request is let through."""
    try:
        rates.take(facility, client.pk, rate, "")
    except TooMany:
        return False
    return True


def test_the_limit_holds_over_several_processes(
    cast: Cast, system: Client, token: str, ticks: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process draws from the one bucket: together they spend what is in it, whatever each of them holds."""
    processes: list[dict[int, rates.Held]] = [{}, {}, {}]
    facility, spent = cast.facility("H1").pk, 0
    for turn in range(200):
        monkeypatch.setattr(rates, "_held", processes[turn % 3])
        spent += one_more(facility, system, 40)
    assert 30 <= spent <= 60


def test_permits_that_were_not_spent_in_time_are_drawn_anew(
    cast: Cast, system: Client, token: str, ticks: Ticks
) -> None:
    actor_of_bearer(token)
    ticks.now += rates.HOLD_SECONDS
    trail = connections["trail"]
    with CaptureQueriesContext(trail) as counted:
        rates.take(cast.facility("H1").pk, system.pk, system.rate_per_minute, "")
    assert any("clients_take" in q["sql"] for q in counted)


def test_the_last_use_is_seen_by_the_facility(cast: Cast, system: Client, token: str) -> None:
    rates.let_go()
    actor_of_bearer(token, "192.0.2.9")
    with acting(cast.actor("oka")) as oka:
        use = ClientUse.objects.using("trail").visible_to(oka)
        with connections["trail"].cursor() as cursor:
            cursor.execute("SELECT set_config('app.facility', %s, true)", [str(oka.facility_id)])
        found = use.get()
    assert (found.client_id, found.last_address) == (system.pk, "192.0.2.9")
    assert found.last_used_at is not None


def test_an_enrolment_may_allow_a_facility_less(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_limits", [])
    register_facility_limit(lambda facility_id: frozenset())
    assert actor_of_bearer(token).permissions == {"fhir:Organization.r", "fhir:Organization.s"}


def test_the_doors_questions_show_nothing_without_the_secret(cast: Cast, system: Client, token: str) -> None:
    """As nobody, by raw SQL: no row of any table; the functions answer for exactly what is known already."""
    tables = (
        "client",
        "clientkey",
        "appgrant",
        "authorizationcode",
        "issuedtoken",
        "usedassertion",
        "clientuse",
    )
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM clients_{table}")
            assert cursor.fetchone() == (0,), table
        cursor.execute("SELECT * FROM clients_bearer(%s)", [token])
        assert cursor.fetchall() == []
        cursor.execute("SELECT * FROM clients_door(%s)", ["rk-%"])
        assert cursor.fetchall() == []
