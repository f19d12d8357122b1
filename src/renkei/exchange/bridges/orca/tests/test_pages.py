"""A clinic connects its 日レセ, types a number and goes on to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.test import override_settings
from django.urls import reverse

from renkei.exchange.bridges.orca.tests import fake
from renkei.exchange.models import OrcaConnection
from renkei.patients.models import InsuredNumber, Patient
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

URL, SETTINGS = "exchange:orca", "exchange:orca_settings"


@pytest.fixture
def orca(socket_enabled: None) -> Iterator[fake.Fake]:
    with (
        fake.running() as running,
        override_settings(RENKEI_INTERNAL_HOSTS=frozenset({urlsplit(running.url).netloc})),
    ):
        yield running


def _connect(browser: StaffClient, cast: Cast, url: str, password: str = fake.PASSWORD) -> int:
    form = {"base_url": url, "user": fake.USER, "password": password, "enabled": "on"}
    return browser.log_in(cast.actor("aoki")).post(reverse(SETTINGS), form).status_code


def _seen(shown: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', shown)
    assert found
    return found[1]


def _patients() -> int:
    with arranging("counting"):
        return int(Patient._base_manager.count())


def test_nothing_is_registered_that_nobody_saw_or_that_changed_since(
    cast: Cast, browser: StaffClient, orca: fake.Fake
) -> None:
    _connect(browser, cast, orca.url)
    client, before = browser.log_in(cast.actor("kimura")), _patients()
    seen = _seen(client.post(reverse(URL), {"number": "17"}).content.decode())
    for mark in ("", "0" * 64):
        assert client.post(reverse(URL), {"number": "17", "seen": mark}).status_code == 409
    orca.body = fake.answer(WholeAddress2="９−９−９").encode()
    changed = client.post(reverse(URL), {"number": "17", "seen": seen})
    assert changed.status_code == 409
    assert "表示したものと違います" in changed.content.decode()
    assert "９−９−９" in changed.content.decode()
    assert _patients() == before
    again = client.post(reverse(URL), {"number": "17", "seen": _seen(changed.content.decode())})
    assert again.status_code == 302
    assert _patients() == before + 1


def test_a_server_that_fails_between_seeing_and_confirming_leaves_nothing(
    cast: Cast, browser: StaffClient, orca: fake.Fake
) -> None:
    _connect(browser, cast, orca.url)
    client, before = browser.log_in(cast.actor("kimura")), _patients()
    seen = _seen(client.post(reverse(URL), {"number": "17"}).content.decode())
    orca.status = 503
    refused = client.post(reverse(URL), {"number": "17", "seen": seen})
    assert refused.status_code == 502
    assert "日レセが 503 を返しました" in refused.content.decode()
    assert _patients() == before


def test_a_number_becomes_a_patient_and_leads_to_the_letter(
    cast: Cast, browser: StaffClient, orca: fake.Fake
) -> None:
    assert _connect(browser, cast, orca.url) == 302
    with arranging("reading"):
        kept = OrcaConnection._base_manager.get()
    before = _patients()
    assert fake.PASSWORD not in kept.password
    client = browser.log_in(cast.actor("kimura"))
    assert reverse(URL) in client.get(reverse("referrals:new")).content.decode()
    shown = client.post(reverse(URL), {"number": "17"}).content.decode()
    assert "連携 花子" in shown
    assert fake.MY_NUMBER not in shown
    assert _patients() == before
    taken = client.post(reverse(URL), {"number": "17", "seen": _seen(shown)})
    with arranging("reading"):
        made = Patient._base_manager.get(local_number="00017")
        assert InsuredNumber._base_manager.get(patient=made).member_id == "00138057:０１:１２３４５６７:01"
    assert taken["Location"] == f"{reverse('referrals:new')}?patient={made.uid}"
    assert client.post(reverse(URL), {"number": "17", "seen": _seen(shown)}).status_code == 422
    assert "よく似た患者" in client.post(reverse(URL), {"number": "17"}).content.decode()


def test_what_goes_wrong_stands_on_the_page(cast: Cast, browser: StaffClient, orca: fake.Fake) -> None:
    client = browser.log_in(cast.actor("kimura"))
    assert client.post(reverse(URL), {"number": "17"}).status_code == 409
    _connect(browser, cast, orca.url)
    client = browser.log_in(cast.actor("kimura"))
    assert client.post(reverse(URL), {"number": "18"}).status_code == 404
    assert _connect(browser, cast, orca.url, "another") == 302
    wrong = browser.log_in(cast.actor("kimura")).post(reverse(URL), {"number": "17"})
    assert wrong.status_code == 502
    assert "パスワード" in wrong.content.decode()


def test_only_the_administrator_connects_and_only_to_hosts_that_were_allowed(
    cast: Cast, browser: StaffClient, orca: fake.Fake
) -> None:
    assert _connect(browser, cast, "http://127.0.0.1:1") == 422
    assert browser.log_in(cast.actor("kimura")).get(reverse(SETTINGS)).status_code == 403
