"""A clinic connects its 日レセ, types a number and goes on to the letter."""

from __future__ import annotations

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


def test_a_number_becomes_a_patient_and_leads_to_the_letter(
    cast: Cast, browser: StaffClient, orca: fake.Fake
) -> None:
    assert _connect(browser, cast, orca.url) == 302
    with arranging("reading"):
        kept = OrcaConnection._base_manager.get()
        before = Patient._base_manager.count()
    assert fake.PASSWORD not in kept.password
    client = browser.log_in(cast.actor("kimura"))
    assert reverse(URL) in client.get(reverse("referrals:new")).content.decode()
    shown = client.post(reverse(URL), {"number": "17"}).content.decode()
    assert "連携 花子" in shown
    assert fake.MY_NUMBER not in shown
    with arranging("counting"):
        assert Patient._base_manager.count() == before
    taken = client.post(reverse(URL), {"number": "17", "take": "1"})
    with arranging("reading"):
        made = Patient._base_manager.get(local_number="00017")
        assert InsuredNumber._base_manager.get(patient=made).member_id == "00138057:０１:１２３４５６７:01"
    assert taken["Location"] == f"{reverse('referrals:new')}?patient={made.uid}"
    assert client.post(reverse(URL), {"number": "17", "take": "1"}).status_code == 422
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
