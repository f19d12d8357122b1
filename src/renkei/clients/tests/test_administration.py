"""The facility's administrator lets systems and apps in, changes their keys and pulls the brake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from renkei.clients import actions, queries
from renkei.clients.jobs import forget_old_tokens, tell_of_ending_keys
from renkei.clients.models import Client, ClientKey, IssuedToken, UsedAssertion
from renkei.clients.tests.support import (
    APP_DRAFT,
    DRAFT,
    RETURN,
    RSA,
    SECOND,
    a_system,
    an_app,
    assertion,
    give_key,
    sign_in,
)
from renkei.clients.types import ClientDraft, ClientKind, Login, NewKeys
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.fixture
def oka(cast: Cast) -> Iterator[Actor]:
    """The administrator of H1, acting."""
    with acting(cast.actor("oka")) as actor:
        yield actor


@contextmanager
def on(days: int) -> Iterator[None]:
    """That many days from now."""
    then = clock.now() + timedelta(days=days)
    with clock.frozen(then):
        yield


def draft(of: ClientDraft, **said: Any) -> ClientDraft:
    """A draft with something else in it."""
    return ClientDraft(**{**of.__dict__, **said})


def pasted(*keys: Any, private: bool = False) -> str:
    """Keys as a vendor sends them."""
    return json.dumps({"keys": [key.as_dict(private=private) for key in keys]})


def in_a_year() -> Any:
    """A last day that is allowed."""
    return clock.today() + timedelta(days=365)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.jp/callback",
        "https://app.example.jp/callback#here",
        "https://user:word@app.example.jp/callback",
        "https://*.example.jp/callback",
        "https:///callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp:/callback",
        "http://localhost.evil.example.com/callback",
        "https://app.example.jp/" + "a" * 400,
    ],
)
def test_an_app_returns_to_safe_addresses_only(oka: Actor, uri: str) -> None:
    with pytest.raises(Invalid) as refusal:
        an_app(oka, draft=draft(APP_DRAFT, redirect_uris=(uri,)))
    assert refusal.value.field == "redirect_uris"


@pytest.mark.parametrize("uri", [RETURN, "http://127.0.0.1:8910/cb", "jp.example.oushin:/cb"])
def test_an_app_may_live_on_the_web_or_on_the_device(oka: Actor, uri: str) -> None:
    assert an_app(oka, draft=draft(APP_DRAFT, redirect_uris=(uri,))).redirect_uris == [uri]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"name": " "}, "name"),
        ({"purpose": ""}, "purpose"),
        ({"contact_name": ""}, "contact_name"),
        ({"scopes": ()}, "scopes"),
        ({"scopes": ("user/Organization.rs",)}, "scopes"),
        ({"scopes": ("system/Nothing.rs",)}, "scopes"),
        ({"addresses": ("here",)}, "addresses"),
        ({"rate_per_minute": 0}, "rate_per_minute"),
    ],
)
def test_what_is_missing_or_wrong_is_named(oka: Actor, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        actions.create(oka, draft(DRAFT, **said), kind=ClientKind.SYSTEM, login=Login.KEY)
    assert refusal.value.field == field


def test_a_system_signs_and_nothing_else(oka: Actor) -> None:
    with pytest.raises(Invalid):
        actions.create(oka, DRAFT, kind=ClientKind.SYSTEM, login=Login.SECRET)


SHORT = {"kty": "RSA", "kid": "a", "e": "AQAB", "n": "v" * 171}
WRONG_KEYS = {
    "no JSON": "-----BEGIN PUBLIC KEY-----",
    "a short RSA key": json.dumps(SHORT),
    "another curve": pasted(ECKey.generate_key("P-256", {"kid": "a"})),
    "a shared secret": pasted(OctKey.generate_key(256, {"kid": "a"}), private=True),
    "nothing": '{"keys": []}',
    "three keys": pasted(*[ECKey.generate_key("P-384", {"kid": str(n)}) for n in range(3)]),
    "a list": "[1]",
    "a number": "7",
    "a hole": "[" * 5000,
    "for encryption": pasted(ECKey.generate_key("P-384", {"kid": "a", "use": "enc"})),
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_a_key_that_is_none_is_refused(oka: Actor, wrong: str) -> None:
    made = actions.create(oka, DRAFT, kind=ClientKind.SYSTEM, login=Login.KEY)
    with pytest.raises(Invalid) as refusal:
        actions.add_keys(oka, made, NewKeys(WRONG_KEYS[wrong], in_a_year()))
    assert refusal.value.field == "keys"


def test_a_private_key_is_refused_and_not_kept(oka: Actor) -> None:
    made = actions.create(oka, DRAFT, kind=ClientKind.SYSTEM, login=Login.KEY)
    with pytest.raises(Invalid, match="秘密鍵"):
        actions.add_keys(oka, made, NewKeys(pasted(RSA, private=True), in_a_year()))
    assert not queries.keys(oka, made)


def test_a_key_without_a_number_is_called_by_its_thumbprint(oka: Actor) -> None:
    made = actions.create(oka, DRAFT, kind=ClientKind.SYSTEM, login=Login.KEY)
    key = ECKey.generate_key("P-384", auto_kid=False)
    bare = {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
    actions.add_keys(oka, made, NewKeys(json.dumps(bare), in_a_year()))
    assert [k.kid for k in queries.keys(oka, made)] == [key.thumbprint()]


def test_two_keys_live_while_a_system_changes_and_a_third_waits(oka: Actor) -> None:
    made = a_system(oka)
    give_key(oka, made, SECOND)
    assert sign_in(made, assertion(made)).status_code == 200
    assert sign_in(made, assertion(made, SECOND, {"alg": "ES384"})).status_code == 200
    third = ECKey.generate_key("P-384", {"kid": "third"})
    with pytest.raises(NotPossibleNow, match="先に古い鍵"):
        give_key(oka, made, third)
    actions.stop_key(oka, queries.keys(oka, made)[-1])
    give_key(oka, made, third)


def test_a_number_names_one_key(oka: Actor) -> None:
    made = a_system(oka)
    with pytest.raises(Invalid, match="登録済み"):
        give_key(oka, made, RSA)
    with pytest.raises(Invalid, match="別の鍵"):
        give_key(oka, made, RSAKey.generate_key(2048, {"kid": "first"}))


@pytest.mark.parametrize("days", [-1, 5000])
def test_a_key_has_a_last_day_that_is_not_far_off(oka: Actor, days: int) -> None:
    made = actions.create(oka, DRAFT, kind=ClientKind.SYSTEM, login=Login.KEY)
    with pytest.raises(Invalid) as refusal:
        give_key(oka, made, RSA, days=days)
    assert refusal.value.field == "expires_on"


def test_apps_without_keys_take_none_and_systems_have_no_secret(oka: Actor) -> None:
    with pytest.raises(NotPossibleNow):
        give_key(oka, an_app(oka), RSA)
    with pytest.raises(NotPossibleNow):
        actions.new_secret(oka, a_system(oka))


def test_only_the_administrator_of_the_house_changes_a_client(cast: Cast, system: Client) -> None:
    with acting(cast.actor("sato")) as sato, pytest.raises(NotAllowed):
        actions.enable(sato, system, on=False)
    for login_id in ("aoki", "x2_facility_administrator", "x2_system_administrator"):
        with acting(cast.actor(login_id)) as stranger, pytest.raises(NotFound):
            actions.enable(stranger, system, on=False)


def test_two_administrators_do_not_overwrite_each_other(oka: Actor, system: Client) -> None:
    first, second = queries.client(oka, system.uid), queries.client(oka, system.uid)
    actions.change(oka, first, draft(DRAFT, name="一人目"))
    with pytest.raises(Stale):
        actions.change(oka, second.expecting(second.version), draft(DRAFT, name="二人目"))


def told(person_id: int) -> list[str]:
    """What a person was told about keys."""
    with arranging():
        rows = Notice._base_manager.filter(person_id=person_id, kind="client_key").order_by("id")
        return [row.text for row in rows]


def test_administrators_are_told_30_7_and_1_days_before_a_key_ends(cast: Cast, oka: Actor) -> None:
    made = a_system(oka)
    for days in (300, 335, 336, 350, 358, 359, 364, 364, 366):
        with on(days), arranging():
            tell_of_ending_keys(timestamp=0)
    found = told(oka.person_id)
    assert [text.split("期限は")[1].split("です")[0] for text in found] == ["あと30日", "あと7日", "あと1日"]
    assert all(made.name in text for text in found)
    assert not told(cast.actor("sato").person_id)


def test_a_stopped_key_or_client_worries_nobody(oka: Actor) -> None:
    made = a_system(oka)
    actions.stop_key(oka, queries.keys(oka, made)[0])
    actions.enable(oka, a_system(oka), on=False)
    with on(360), arranging():
        tell_of_ending_keys(timestamp=0)
    assert not told(oka.person_id)


def test_what_can_open_nothing_any_more_is_forgotten(system: Client) -> None:
    sign_in(system, assertion(system))
    with arranging():
        forget_old_tokens(timestamp=0)
        assert (UsedAssertion._base_manager.count(), IssuedToken._base_manager.count()) == (1, 1)
    with on(9), arranging():
        forget_old_tokens(timestamp=0)
        assert (UsedAssertion._base_manager.count(), IssuedToken._base_manager.count()) == (0, 0)


@pytest.fixture
def page(cast: Cast, browser: StaffClient) -> StaffClient:
    """The administrator's browser."""
    return browser.log_in(cast.actor("oka"))


FORM = {
    "name": "みどり電子カルテ",
    "purpose": "来院予定の表示",
    "contact_name": "緑川システム 田中 守",
    "contact_email": "tanaka@example.jp",
    "scopes": ["system/Organization.rs"],
    "rate_per_minute": "600",
}


def test_a_system_is_registered_gets_its_key_and_is_stopped_on_the_pages(page: StaffClient) -> None:
    assert page.get("/clients/new/system/").status_code == 200
    answer = page.post("/clients/new/system/", FORM)
    url = answer["Location"]
    assert "鍵がありません" in page.get(url).content.decode()
    keys = {"keys": pasted(RSA), "expires_on": f"{in_a_year():%Y-%m-%d}"}
    assert page.post(f"{url}keys/", keys).status_code == 302
    with arranging():
        made = Client._base_manager.get()
        key = ClientKey._base_manager.get()
    assert sign_in(made, assertion(made)).status_code == 200
    listed = page.get("/clients/").content.decode()
    assert "みどり電子カルテ" in listed
    assert "利用中" in listed
    assert page.post(f"{url}keys/{key.uid}/stop/").status_code == 302
    assert page.post(f"{url}stop/").status_code == 302
    assert "停止中" in page.get(url).content.decode()
    assert page.post(f"{url}start/").status_code == 302
    assert page.post(f"{url}tokens/end/").status_code == 302


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(page: StaffClient) -> None:
    answer = page.post("/clients/new/app/", {**FORM, "login": "none", "scopes": ["user/Organization.rs"]})
    assert answer.status_code == 422
    assert "アプリに戻るアドレス" in answer.content.decode()
    assert "来院予定の表示" in answer.content.decode()
    assert page.get("/clients/new/other/").status_code == 404


def test_a_key_that_is_wrong_is_said_at_its_field(page: StaffClient) -> None:
    url = page.post("/clients/new/system/", FORM)["Location"]
    answer = page.post(f"{url}keys/", {"keys": "abc", "expires_on": f"{in_a_year():%Y-%m-%d}"})
    assert answer.status_code == 422
    assert "公開鍵を読めません" in answer.content.decode()


def test_a_secret_is_shown_once_and_never_in_the_trail(page: StaffClient, oka: Actor) -> None:
    app = an_app(oka, Login.SECRET)
    url = f"/clients/{app.uid}/"
    with patch("renkei.clients.codes.fresh", return_value="Q" * 43):
        answer = page.post(f"{url}secret/")
    assert "Q" * 43 in answer.content.decode()
    assert answer["Cache-Control"].startswith("max-age=0")
    assert "Q" * 43 not in page.get(url).content.decode()
    assert "Q" * 43 not in page.get("/operations/trail/").content.decode()


def test_every_refusal_speaks_japanese(oka: Actor) -> None:
    with pytest.raises(DomainError) as refusal:
        queries.client(oka, "00000000-0000-7000-8000-000000000000")
    assert "見つかりません" in refusal.value.message_ja
