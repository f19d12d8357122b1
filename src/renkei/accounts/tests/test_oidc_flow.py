"""The whole code flow with an identity provider on loopback: who comes in, and what is believed of a provider."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.db import connections, transaction
from django.test import Client

from renkei.accounts.models import Person
from renkei.audit.models import AuditEntry
from renkei.config.people import oidc
from renkei.gate.context import system
from testing import fake_oidc
from testing.cast import Cast
from testing.database import arranging
from testing.fake_oidc import CLIENT, SECRET, FakeProvider

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.urls("renkei.accounts.tests.oidc_urls")]
START = "/accounts/oidc/oidc/login/"
HOME = "/accounts/me/"
UNCONFIRMED = "統合認証から確認が得られませんでした"


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with fake_oidc.running() as found:
        environment = {
            "RENKEI_OIDC_URL": found.url,
            "RENKEI_OIDC_CLIENT_ID": CLIENT,
            "RENKEI_OIDC_SECRET": SECRET,
            "RENKEI_OIDC_NAME": "みどり市 統合認証",
        }
        settings.SOCIALACCOUNT_PROVIDERS = oidc(environment)
        settings.OIDC_ON = True
        yield found


def leave(client: Client, path: str = START) -> str:
    """Press the button of the log-in page; where the browser is sent."""
    answer = client.post(path)
    assert answer.status_code == 200, answer.content.decode()
    return str(answer["Refresh"]).removeprefix("0; url=")


def recognised(to: str) -> str:
    """At the provider, where the person is logged in already; the way back."""
    with requests.get(to, allow_redirects=False, timeout=5) as answer:
        way = urlsplit(answer.headers["Location"])
    return f"{way.path}?{way.query}"


def come_back(client: Client) -> Any:
    return client.get(recognised(leave(client)))


def refusals() -> list[str]:
    """Refused log-ins as the second connection keeps them, past the rollback of any request."""
    with transaction.atomic(using="trail"), system("reading the trail"):
        with connections["trail"].cursor() as cursor:
            cursor.execute("SET LOCAL ROLE renkei_worker")
        rows = AuditEntry.objects.using("trail").filter(action="accounts.log_in", outcome="denied")
        found = list(rows.order_by("id").values_list("says", flat=True))
        with connections["trail"].cursor() as cursor:
            cursor.execute("SET LOCAL ROLE renkei_app")
    return found


def links() -> int:
    with arranging():
        return SocialAccount.objects.count()


# who comes in


def test_the_login_page_offers_the_provider_by_its_name(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert "みどり市 統合認証でログイン" in page
    assert f'action="{START}"' in page


def test_a_person_whom_the_claim_names_comes_in(cast: Cast, provider: FakeProvider, client: Client) -> None:
    answer = come_back(client)
    assert (answer.status_code, answer.url) == (302, "/")
    page = client.get(HOME).content.decode()
    assert "佐藤 恵" in page
    assert "みどり中央病院" in page
    with arranging():
        assert AuditEntry.objects.filter(
            says="ログイン", person_id=cast.actor("sato").person_id, outcome="done"
        ).exists()
        assert not SocialToken.objects.exists()


def test_the_way_out_carries_state_nonce_and_a_challenge_and_no_secret(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    first, second = (parse_qs(urlsplit(leave(client)).query) for _ in range(2))
    assert set(first["scope"][0].split()) == {"openid", "profile", "email"}
    assert first["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 16
        assert first[name] != second[name]
    assert SECRET not in str(first)


def test_the_page_on_the_way_has_a_button_for_browsers_that_stay(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    page = client.post(START).content.decode()
    assert "みどり市 統合認証へ移動します" in page
    assert f'href="{provider.url}/authorize?' in page
    assert client.get(START).url == "/accounts/login/"


def test_the_second_time_the_subject_counts_and_not_the_name(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    come_back(client)
    client.post("/accounts/logout/")
    provider.person = {"sub": "s-1", "preferred_username": "takahashi"}
    come_back(client)
    assert int(client.session[PERSON_KEY]) == cast.actor("sato").person_id
    assert links() == 1


def test_the_page_asked_for_opens_after_the_log_in(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    answer = client.get(recognised(leave(client, START + "?next=/accounts/me/")))
    assert answer.url == HOME


def test_the_log_in_leads_to_no_other_site_and_connects_nothing_by_its_address(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    to = leave(
        client, START + "?process=connect&next=https://evil.example.jp/&scope=admin&auth_params=prompt%3Dnone"
    )
    assert "admin" not in to
    assert "prompt" not in to
    answer = client.get(recognised(to))
    assert (answer.status_code, answer.url) == (302, "/")


# who does not


def test_a_person_without_account_is_told_to_ask_for_an_invitation(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    provider.person = {"sub": "s-9", "preferred_username": "shiranai"}
    answer = come_back(client)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "アカウントが、Renkeiにありません" in page
    assert "招待を依頼してください" in page
    assert PERSON_KEY not in client.session
    assert links() == 0
    assert refusals() == ["統合認証でのログイン(アカウントなし)(知らないログインID)"]


@pytest.mark.parametrize("linked_before", [False, True])
def test_a_person_who_was_switched_off_is_told_so(
    cast: Cast, provider: FakeProvider, client: Client, linked_before: bool
) -> None:
    if linked_before:
        come_back(client)
        client.post("/accounts/logout/")
    with arranging():
        Person.objects.filter(login_id="sato").update(is_active=False)
    answer = come_back(client)
    assert answer.status_code == 403
    assert "このアカウントは停止されています" in answer.content.decode()
    assert PERSON_KEY not in client.session
    assert links() == int(linked_before)
    assert refusals() == ["統合認証でのログイン(停止中のアカウント)"]


def test_who_gives_up_at_the_provider_gets_the_log_in_page_again(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get(f"{START}callback/", {"error": "access_denied", "state": state}, follow=True)
    assert "ログイン画面へ" in answer.content.decode()
    assert refusals() == []


# the second factor


def test_a_facility_that_forces_the_second_factor_asks_for_it_here_too(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    with arranging():
        facility = cast.facility("H1")
        facility.second_factor_forced = True
        facility.save()
    come_back(client)
    assert client.get("/").url == "/accounts/2fa/"
    assert client.get(HOME).url == "/accounts/2fa/"


def test_a_person_with_an_authenticator_app_is_asked_for_its_number(
    cast: Cast, provider: FakeProvider, client: Client
) -> None:
    with arranging():
        TOTP.activate(Person.objects.get(login_id="sato"), base64.b32encode(secrets.token_bytes(20)).decode())
        assert Authenticator.objects.count() == 1
    assert come_back(client).url == "/accounts/2fa/authenticate/"
    assert PERSON_KEY not in client.session
    assert client.get(HOME).status_code == 302


# what is believed of a provider

OTHER_KEY = fake_oidc.key(2)
Lie = Callable[[FakeProvider], None]


def claim(**lies: Any) -> Lie:
    return lambda provider: provider.lies.update(lies)


def signed(**how: Any) -> Lie:
    return lambda provider: provider.__dict__.update(how)


LIES: dict[str, Lie] = {
    "nonce of another log-in": claim(nonce="an-older-one"),
    "no nonce": claim(nonce=None),
    "another audience": claim(aud="another-client"),
    "no audience": claim(aud=None),
    "several audiences, meant for another": claim(aud=[CLIENT, "other"], azp="other"),
    "another issuer": claim(iss="https://id.example.jp"),
    "no issuer": claim(iss=None),
    "expired": claim(iat=1_600_000_000, exp=1_600_000_300),
    "no end": claim(exp=None),
    "no subject": claim(sub=None),
    "issued tomorrow": claim(iat=4_000_000_000, exp=4_000_000_300),
    "signed by another key": signed(signs_with=OTHER_KEY),
    "a key that is not published": signed(signs_with=OTHER_KEY, key_id="key-2"),
    "not signed": signed(signs_with="", algorithm="none"),
    "signed with the client's secret": signed(signs_with=SECRET * 3, algorithm="HS256"),
    "no id token": signed(without_id_token=True),
    "user info of somebody else": lambda p: p.info_lies.update(sub="s-2", preferred_username="aoki"),
    "no keys": lambda p: p.config_lies.update(jwks_uri=f"{p.url}/userinfo"),
    "no address of the keys": lambda p: p.config_lies.update(jwks_uri=None),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_does_not_hold_opens_nothing(
    cast: Cast, provider: FakeProvider, client: Client, lie: str
) -> None:
    way = recognised(leave(client))
    LIES[lie](provider)
    answer = client.get(way)
    assert answer.status_code == 401
    assert UNCONFIRMED in answer.content.decode()
    assert PERSON_KEY not in client.session
    assert client.get(HOME).status_code == 302
    assert links() == 0
    assert refusals() == ["統合認証でのログイン(確認できず)"]


def test_a_state_of_another_browser_opens_nothing(cast: Cast, provider: FakeProvider, client: Client) -> None:
    """Somebody else's way back, slipped under a person: neither of them comes in by it."""
    way = recognised(leave(Client()))
    answer = client.get(way)
    assert answer.status_code == 401
    assert UNCONFIRMED in answer.content.decode()
    assert "/token" not in provider.asked
    assert PERSON_KEY not in client.session


def test_the_way_back_opens_once(cast: Cast, provider: FakeProvider, client: Client) -> None:
    way = recognised(leave(client))
    assert client.get(way).status_code == 302
    client.post("/accounts/logout/")
    assert client.get(way).status_code == 401
    assert PERSON_KEY not in client.session


def test_a_code_with_a_wrong_secret_opens_nothing(
    cast: Cast, provider: FakeProvider, client: Client, settings: Any
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["secret"] = "wrong"
    assert come_back(client).status_code == 401
    assert PERSON_KEY not in client.session


def test_an_id_token_without_user_info_is_enough(cast: Cast, provider: FakeProvider, client: Client) -> None:
    provider.config_lies["userinfo_endpoint"] = None
    assert come_back(client).url == "/"
    assert "/userinfo" not in provider.asked


@pytest.mark.parametrize("broken", ["silent", "no endpoints"])
def test_a_provider_that_does_not_answer_is_told_on_a_page(
    cast: Cast, provider: FakeProvider, client: Client, settings: Any, broken: str
) -> None:
    if broken == "silent":
        app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
        app["settings"]["server_url"] = "http://127.0.0.1:9"
    else:
        provider.config_lies["authorization_endpoint"] = None
    answer = client.post(START)
    assert answer.status_code == 401
    assert UNCONFIRMED in answer.content.decode()
    assert "ログインIDとパスワードで" in answer.content.decode()
