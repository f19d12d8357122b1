"""Guessing: passwords, log-in ids and patients. How much work a guesser can cause, and what the answers give away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.accounts import throttle
from testing.cast import Cast
from testing.fixtures import StaffClient

LOGIN = "/accounts/login/"
TRIES = 10_000
BY_PAGE = 120


class Counted:
    """Stands for the hash of a password and counts how often it is worked out; never right."""

    def __init__(self) -> None:
        self.times = 0

    def encode(self, *given: Any, **named: Any) -> str:
        """One hash."""
        self.times += 1
        return "scrypt$never"

    def verify(self, *given: Any, **named: Any) -> bool:
        """One comparison."""
        self.times += 1
        return False


@pytest.fixture
def hashing(cast: Cast) -> Iterator[Counted]:
    cache.clear()
    counted = Counted()
    with (
        patch.object(ScryptPasswordHasher, "encode", counted.encode),
        patch.object(ScryptPasswordHasher, "verify", counted.verify),
        patch.object(ScryptPasswordHasher, "must_update", return_value=False),
    ):
        yield counted
    cache.clear()


def test_ten_thousand_tries_at_one_person_from_many_addresses_hash_ten_times(hashing: Counted) -> None:
    """A few hundred through the page, the others at the door that the page asks before it hashes anything."""
    client, statuses = Client(), set()
    for number in range(BY_PAGE):
        form = {"login": "sato", "password": f"guess-{number}"}
        statuses.add(client.post(LOGIN, form, REMOTE_ADDR=f"203.0.113.{number % 250}").status_code)
    assert statuses == {200}, "the page comes back, nobody is logged in"
    assert 1 <= hashing.times <= 10
    assert all(throttle.admit("sato") for _ in range(TRIES - BY_PAGE)), (
        "the door stays shut for all the others"
    )
    assert hashing.times <= 10


def test_one_password_at_hundreds_of_people_from_one_address_is_stopped_by_the_address(
    hashing: Counted,
) -> None:
    client, statuses = Client(), []
    for number in range(340):
        answer = client.post(LOGIN, {"login": f"person{number}", "password": "midori-2026-aki"})
        statuses.append(answer.status_code)
    assert statuses.count(429) >= 20
    assert (
        hashing.times <= 300 + 10
    )  # the limit per address and minute; a minute may turn over on a slow machine


def _told(answer: Any) -> str:
    """The page without what differs at every showing: tokens, and the words that were typed."""
    page = answer.content.decode()
    return re.sub(r'(X-CSRFToken&quot;: &quot;|X-CSRFToken": "|value="|q%3D|q=)[^"&]*', "", page)


def test_a_wrong_password_and_an_unknown_person_cost_and_say_the_same(hashing: Counted) -> None:
    answers, costs = [], []
    for login_id in ("takahashi", "nobody-here"):
        before = hashing.times
        with CaptureQueriesContext(connection) as queries:
            answers.append(_told(Client().post(LOGIN, {"login": login_id, "password": "wrong-password"})))
        costs.append((hashing.times - before, len(queries)))
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]


@pytest.mark.parametrize("page", ["patients:index", "referrals:search"])
def test_a_search_tells_a_stranger_nothing_by_its_words_or_its_work(
    cast: Cast, browser: StaffClient, page: str
) -> None:
    """A patient of another facility and one who does not exist: the same page from the same number of statements."""
    browser.log_in(cast.outsiders()[0])
    browser.get(reverse(page), {"q": "温める"})
    answers, costs = [], []
    for words in ("鈴木 一郎", "架空 無名"):
        with CaptureQueriesContext(connection) as queries:
            answers.append(_told(browser.get(reverse(page), {"q": words})).replace(words, ""))
        costs.append(len(queries))
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]


def test_a_strangers_number_and_a_made_up_number_are_refused_alike(cast: Cast, browser: StaffClient) -> None:
    browser.log_in(cast.outsiders()[0])
    told = set()
    for uid in (cast.patient("suzuki").uid, "01900000-0000-7000-8000-000000000000"):
        answer = browser.get(reverse("patients:show", args=[uid]))
        told.add((answer.status_code, _told(answer).replace(str(uid), "")))
    assert len(told) == 1
    assert told.pop()[0] == 404
