"""Configuration of log-in through an identity provider (no network in tests)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.test import RequestFactory

from renkei.accounts.adapters import OidcAdapter
from renkei.accounts.urls import through_oidc, urlpatterns
from renkei.config.people import oidc
from testing.cast import Cast

ENVIRONMENT = {
    "RENKEI_OIDC_URL": "https://id.example.jp/realms/midori",
    "RENKEI_OIDC_CLIENT_ID": "renkei",
    "RENKEI_OIDC_SECRET": "geheim",
    "RENKEI_OIDC_NAME": "みどり市 統合認証",
}


class FakeLogin:
    """What allauth hands to the adapter after the provider's answer."""

    is_existing = False

    def __init__(self, data: dict[str, Any]) -> None:
        self.account = SimpleNamespace(extra_data=data)
        self.connected: Any = None

    def connect(self, request: Any, person: Any) -> None:
        self.connected = person


@pytest.fixture
def adapter(settings: Any) -> OidcAdapter:
    settings.SOCIALACCOUNT_PROVIDERS = oidc(ENVIRONMENT)
    return OidcAdapter()


def test_without_an_address_there_is_no_provider() -> None:
    assert oidc({}) == {}
    assert not [p for p in urlpatterns if p in through_oidc]


def test_the_provider_comes_from_the_environment_with_pkce() -> None:
    app = oidc(ENVIRONMENT)["openid_connect"]["APPS"][0]
    assert (app["provider_id"], app["client_id"], app["name"]) == ("oidc", "renkei", "みどり市 統合認証")
    assert app["settings"]["server_url"] == ENVIRONMENT["RENKEI_OIDC_URL"]
    assert app["settings"]["oauth_pkce_enabled"] is True
    assert app["settings"]["login_id_claim"] == "preferred_username"


@pytest.mark.parametrize(
    "data", [{"preferred_username": "Sato"}, {"userinfo": {"preferred_username": "sato"}}]
)
def test_the_claim_finds_the_person(cast: Cast, adapter: OidcAdapter, data: dict[str, Any]) -> None:
    login = FakeLogin(data)
    adapter.pre_social_login(RequestFactory().get("/"), login)
    assert login.connected.pk == cast.actor("sato").person_id


@pytest.mark.parametrize("data", [{"preferred_username": "unknown"}, {}, {"email": "sato@example.jp"}])
def test_a_provider_opens_no_accounts(cast: Cast, adapter: OidcAdapter, data: dict[str, Any]) -> None:
    login = FakeLogin(data)
    with pytest.raises(ImmediateHttpResponse) as refusal:
        adapter.pre_social_login(RequestFactory().get("/"), login)
    assert refusal.value.response.status_code == 403
    assert login.connected is None
    assert not adapter.is_open_for_signup(RequestFactory().get("/"), login)
