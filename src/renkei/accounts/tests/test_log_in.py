"""Logging in, being locked out, the second factor, and time running out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth import SESSION_KEY as PERSON_KEY
from django.test import Client

from renkei.accounts import second_factor
from renkei.accounts.models import Person
from renkei.audit.models import AuditEntry
from renkei.directory.models import Rule
from renkei.kernel import clock
from testing.cast import PASSWORD, Cast
from testing.database import arranging
from testing.fixtures import StaffClient

LOGIN = "/accounts/login/"
HOME = "/accounts/me/"


def _log_in(client: Client, login_id: str = "sato", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": login_id, "password": password})


def _says(login_id: str = "sato") -> list[str]:
    with arranging():
        person = Person.objects.get(login_id=login_id)
        return list(
            AuditEntry.objects.filter(person_id=person.pk).order_by("id").values_list("says", flat=True)
        )


def _force_second_factor(cast: Cast, key: str) -> None:
    with arranging():
        facility = cast.facility(key)
        facility.second_factor_forced = True
        facility.save()


def _totp_now(secret: str) -> str:
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


@pytest.fixture(autouse=True)
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes change every 30 seconds: no test begins in one window and ends in the next."""
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", SimpleNamespace(time=lambda: 1_790_000_000.0))


@pytest.fixture(autouse=True)
def _commits(django_capture_on_commit_callbacks: Any) -> Iterator[None]:
    """allauth tells about second factors after the commit: run that at the end of each request."""
    original = Client.request

    def request(self: Client, **kwargs: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return original(self, **kwargs)

    with patch.object(Client, "request", request):
        yield


def _activate_totp(client: Client) -> str:
    page = client.get("/accounts/2fa/totp/activate/")
    secret = re.search(r'code-text">([A-Z2-7=]+)<', page.content.decode())
    assert secret, page.content.decode()[-2000:]
    answer = client.post("/accounts/2fa/totp/activate/", {"code": _totp_now(secret[1])})
    assert answer.status_code == 302, answer.content.decode()
    return secret[1]


def test_a_member_of_staff_logs_in_with_id_and_password(cast: Cast, client: Client) -> None:
    answer = _log_in(client)
    assert (answer.status_code, answer.url) == (302, "/")
    page = client.get(HOME).content.decode()
    assert "佐藤 恵" in page
    assert "みどり中央病院" in page
    assert _says() == ["ログイン"]


def test_a_wrong_password_names_neither_id_nor_password_and_is_on_record(cast: Cast, client: Client) -> None:
    page = _log_in(client, password="midori-no-kaze-1999").content.decode()
    assert "ログインIDまたはパスワードが違います" in page
    assert PERSON_KEY not in client.session
    unknown = _log_in(client, login_id="nobody-here").content.decode()
    assert "ログインIDまたはパスワードが違います" in unknown


def test_the_tenth_failure_locks_and_the_lock_is_checked_before_any_hashing(
    cast: Cast, client: Client
) -> None:
    start = clock.now()
    with patch.object(Person, "check_password", return_value=False):
        for _ in range(10):
            _log_in(client, password="wrong-password-1")
    with patch.object(Person, "check_password") as hashing, patch.object(Person, "set_password") as timing:
        page = _log_in(client).content.decode()
        assert "ロックされています" in page
        assert not hashing.called
        assert not timing.called
    with clock.frozen(start + timedelta(minutes=16)):
        assert _log_in(client).status_code == 302


def test_an_unknown_id_is_locked_the_same_way(cast: Cast, client: Client) -> None:
    with patch.object(Person, "set_password"):
        for _ in range(10):
            _log_in(client, login_id="ghost")
    assert "ロックされています" in _log_in(client, login_id="GHOST").content.decode()


def test_nine_failures_and_a_good_log_in_start_the_count_anew(cast: Cast, client: Client) -> None:
    with patch.object(Person, "check_password", return_value=False):
        for _ in range(9):
            _log_in(client)
    assert _log_in(client).status_code == 302
    client.post("/accounts/logout/")
    with patch.object(Person, "check_password", return_value=False):
        _log_in(client)
    assert _log_in(client).status_code == 302


def test_a_switched_off_account_does_not_log_in_and_its_session_ends(
    cast: Cast, browser: StaffClient, client: Client
) -> None:
    browser.log_in(cast.actor("sato"))
    with arranging():
        Person.objects.filter(login_id="sato").update(is_active=False)
    assert browser.get(HOME).status_code == 302
    assert _log_in(client).url == "/accounts/inactive/"


def test_nobody_signs_up_or_manages_mail_addresses(cast: Cast, client: Client) -> None:
    for path in (
        "signup/",
        "email/",
        "password/reset/",
        "password/set/",
        "confirm-email/",
        "social/connections/",
        "oidc/oidc/login/",
    ):
        assert client.get(f"/accounts/{path}").status_code == 404, path


def test_a_poll_does_not_keep_a_session_alive_and_a_person_does(cast: Cast, browser: StaffClient) -> None:
    start = clock.now()
    poll = {"X-Renkei-Poll": "1"}
    with clock.frozen(start):
        browser.log_in(cast.actor("sato")).get(HOME)
    with clock.frozen(start + timedelta(minutes=20)):
        assert browser.get(HOME).status_code == 200
    with clock.frozen(start + timedelta(minutes=45)):
        assert browser.get(HOME, headers=poll).status_code == 200
    with clock.frozen(start + timedelta(minutes=51)):
        assert browser.get(HOME, headers=poll).status_code == 302
    assert PERSON_KEY not in browser.session
    assert "無操作によるログアウト" in _says()


def test_an_autosave_after_the_time_out_is_answered_401_and_the_facility_is_remembered(
    cast: Cast, browser: StaffClient
) -> None:
    start, actor = clock.now(), cast.actor("sato")
    with clock.frozen(start):
        browser.log_in(actor).get(HOME)
    with clock.frozen(start + timedelta(minutes=31)):
        answer = browser.post(
            "/accounts/members/invite/", {"name": "途中"}, headers={"X-Renkei-Autosave": "1"}
        )
        assert answer.status_code == 401
        assert browser.session["membership"] == actor.membership_id
        _log_in(browser)
        assert browser.get(HOME).context["membership_id"] == actor.membership_id


def _mark(answer: Any) -> str:
    found = re.search(r'_person;desc="([0-9a-f]{16})"', answer["Server-Timing"])
    assert found
    return found[1]


def test_a_page_knows_whose_it_is_and_tells_nobody_who_that_is(cast: Cast, browser: StaffClient) -> None:
    own = _mark(browser.log_in(cast.actor("sato")).get(HOME))
    assert own == _mark(browser.get("/ui/token/", headers={"X-Renkei-Poll": "1"}))
    assert own != _mark(browser.log_in(cast.actor("takahashi")).get(HOME))
    assert not StaffClient().get(LOGIN).has_header("Server-Timing")


@pytest.mark.parametrize("by_itself", [False, True])
def test_a_form_of_another_person_is_refused_with_nothing_saved(
    cast: Cast, browser: StaffClient, by_itself: bool
) -> None:
    mark = _mark(browser.log_in(cast.actor("sato")).get(HOME))
    headers = {"X-Renkei-Autosave": "1"} if by_itself else {}
    form = {"shortcuts": "off", "_person": mark}
    browser.log_in(cast.actor("takahashi"))
    answer = browser.post("/accounts/me/shortcuts/", form, headers=headers)
    assert answer.status_code == 409
    says = answer.json()["message"] if by_itself else answer.content.decode()
    assert "別の人が開いたもの" in says
    with arranging():
        assert Person.objects.get(login_id="takahashi").shortcuts_on
    form["_person"] = _mark(browser.get(HOME))
    assert browser.post("/accounts/me/shortcuts/", form).status_code == 302
    with arranging():
        assert not Person.objects.get(login_id="takahashi").shortcuts_on


def test_the_first_password_must_be_changed_before_anything_else(cast: Cast, browser: StaffClient) -> None:
    with arranging():
        Person.objects.filter(login_id="sato").update(must_change_password=True)
    browser.log_in(cast.actor("sato"))
    assert browser.get("/").url == "/accounts/password/change/"
    answer = browser.get("/", headers={"X-Renkei-Autosave": "1"})
    assert (answer.status_code, answer["X-Login"]) == (401, "/accounts/password/change/")
    page = browser.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD}
    )
    assert "今と同じパスワードは使えません" in page.content.decode()
    new = "kawa-no-nagare-77"
    done = browser.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert done.status_code == 302
    assert browser.get("/").url != "/accounts/password/change/"
    assert "パスワードを変更" in _says()


def test_a_password_older_than_the_facility_allows_must_be_changed(cast: Cast, client: Client) -> None:
    with arranging():
        Rule.objects.create(
            code="password.max_age_days",
            jurisdiction=f"facility:{cast.facility('H1').pk}",
            params={"value": 60},
            valid_from=date(2026, 10, 1),
        )
    _log_in(client)
    assert client.get("/").url != "/accounts/password/change/"
    client.post("/accounts/logout/")
    with clock.frozen(clock.now() + timedelta(days=61)):
        _log_in(client)
        assert client.get("/").url == "/accounts/password/change/"


def test_a_facility_that_forces_the_second_factor_sends_to_the_set_up_until_it_is_done(
    cast: Cast, client: Client
) -> None:
    _force_second_factor(cast, "H1")
    _log_in(client)
    assert client.get("/").url == "/accounts/2fa/"
    for path in ("/accounts/me/", "/accounts/members/"):
        assert client.get(path).url == "/accounts/2fa/"
    assert client.get("/accounts/2fa/").status_code == 200
    _activate_totp(client)
    assert client.get("/").url != "/accounts/2fa/"
    assert _says() == ["ログイン", "二要素認証に認証アプリを登録", "二要素認証に予備コードを登録"]


def test_the_second_step_asks_for_a_code_and_takes_each_code_once(cast: Cast, client: Client) -> None:
    _log_in(client)
    secret = _activate_totp(client)
    client.post("/accounts/logout/")
    assert _log_in(client).url == "/accounts/2fa/authenticate/"
    assert client.get(HOME).status_code == 302
    used = client.post("/accounts/2fa/authenticate/", {"code": _totp_now(secret)})
    assert "番号が違います" in used.content.decode()
    step_later = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[2]))
    assert client.post("/accounts/2fa/authenticate/", {"code": step_later}).status_code == 302
    assert client.get(HOME).status_code == 200


def test_a_recovery_code_opens_once(cast: Cast, client: Client) -> None:
    _log_in(client)
    _activate_totp(client)
    codes = re.findall(r"<li>([0-9]{8})</li>", client.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    for expected in (302, 200):
        client.post("/accounts/logout/")
        _log_in(client)
        assert client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == expected


def test_the_secret_of_an_app_is_not_readable_in_the_database(cast: Cast, client: Client) -> None:
    _log_in(client)
    secret = _activate_totp(client)
    row = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in json.dumps(row.data)
    assert second_factor.fernet().decrypt(row.data["secret"].encode()).decode() == secret


def test_taking_the_second_factor_off_asks_for_a_longer_password(cast: Cast, client: Client) -> None:
    _log_in(client)
    _activate_totp(client)
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert client.get("/").url == "/accounts/password/change/"
    assert "二要素認証の認証アプリを解除" in _says()


def test_a_person_ends_the_sessions_of_other_machines(cast: Cast, client: Client) -> None:
    other = Client(
        headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0"}
    )
    _log_in(other)
    _log_in(client)
    page = client.get(HOME)
    assert "Windows の Edge" in page.content.decode()
    others = [line for line in page.context["sessions"] if not line.is_this]
    assert len(others) == 1
    client.post("/accounts/me/sessions/end/", {"session": str(others[0].pk)})
    assert other.get(HOME).status_code == 302
    assert client.get(HOME).status_code == 200


def test_nobody_ends_a_strangers_session(cast: Cast, client: Client) -> None:
    stranger = Client()
    _log_in(stranger, "aoki")
    pk = stranger.get(HOME).context["sessions"][0].pk
    _log_in(client)
    client.post("/accounts/me/sessions/end/", {"session": str(pk)})
    assert stranger.get(HOME).status_code == 200


def test_a_new_password_ends_the_other_sessions(cast: Cast, client: Client) -> None:
    other = Client()
    _log_in(other)
    _log_in(client)
    new = "kawa-no-nagare-77"
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert client.get(HOME).status_code == 200
    assert other.get(HOME).status_code == 302


@pytest.mark.parametrize(
    "path",
    ["2fa/", "2fa/totp/activate/", "2fa/passkeys/add/", "password/change/", "me/", "2fa/recovery-codes/"],
)
def test_pages_of_the_own_account_ask_a_visitor_to_log_in(cast: Cast, client: Client, path: str) -> None:
    answer = client.get(f"/accounts/{path}")
    assert answer.status_code == 302
    assert answer.url.startswith(LOGIN)


def test_a_passkey_is_offered_before_and_after_log_in(cast: Cast, client: Client) -> None:
    asked = client.get("/accounts/2fa/passkeys/login/", headers={"accept": "application/json"}).json()
    assert asked["request_options"]["publicKey"]["challenge"]
    _log_in(client)
    page = client.get("/accounts/2fa/passkeys/add/").content.decode()
    assert "creation_options" in page
    assert "sato" in page
