"""A token at the FHIR API: what it opens, what it does not, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import Client as Browser

from renkei.clients import actions, queries
from renkei.clients.models import Client
from renkei.clients.tests.support import DRAFT, RSA, a_system, assertion, sign_in
from renkei.clients.types import ClientDraft, vocabulary
from renkei.gate.context import acting
from testing.cast import Cast


def bearer(token: str) -> dict[str, str]:
    """The header of RFC 6750."""
    return {"Authorization": f"Bearer {token}"}


def get(path: str, token: str = "") -> Any:
    """One call of the API."""
    return Browser().get(
        f"/fhir/{path}", headers=bearer(token) if token else {}, secure=True, HTTP_HOST="localhost"
    )


@pytest.fixture
def token(system: Client) -> str:
    """A token for organisations only."""
    return str(sign_in(system, assertion(system)).json()["access_token"])


def test_a_token_opens_what_its_scope_says(token: str) -> None:
    answer = get("Organization", token)
    assert answer.status_code == 200, answer.content.decode()
    assert answer.json()["resourceType"] == "Bundle"


def test_a_token_opens_nothing_beside_its_scope(token: str) -> None:
    assert get("Location", token).status_code == 403
    assert get("Patient", token).status_code == 403


def test_without_a_good_token_the_api_asks_for_one(cast: Cast, system: Client, token: str) -> None:
    with acting(cast.actor("oka")) as oka:
        actions.end_tokens(oka, queries.client(oka, system.uid))
    queries.forget_bearers()
    for shown in ("", "x", token):
        answer = get("Organization", shown)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_above_its_limit_a_client_is_told_when_to_come_again(cast: Cast) -> None:
    with acting(cast.actor("oka")) as oka:
        slow = a_system(oka, RSA, ClientDraft(**{**DRAFT.__dict__, "rate_per_minute": 2}))
    token = str(sign_in(slow, assertion(slow)).json()["access_token"])
    assert get("Organization", token).status_code == 200
    answer = get("Organization", token)
    assert answer.status_code == 429
    assert 1 <= int(answer["Retry-After"]) <= 30


def test_a_system_reads_the_patients_of_its_own_house_only(cast: Cast) -> None:
    found = {}
    for login_id in ("aoki", "oka"):
        with acting(cast.actor(login_id)) as actor:
            made = a_system(actor, RSA, ClientDraft(**{**DRAFT.__dict__, "scopes": ("system/Patient.rs",)}))
        token = str(sign_in(made, assertion(made), "system/Patient.rs").json()["access_token"])
        found[login_id] = get("Patient", token).json()["total"]
    assert found == {"aoki": 3, "oka": 0}


def test_every_word_of_the_vocabulary_has_a_japanese_label() -> None:
    assert apps.is_installed("renkei.api")
    assert {"Patient", "Organization"} <= set(vocabulary())
