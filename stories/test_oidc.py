"""Log-in through the region's identity provider in a real browser: two clicks, and the policy of the pages lets it pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_socket import enable_socket

from stories.conftest import Site
from stories.steps import Desk, given, then, when
from testing import fake_oidc
from testing.fake_oidc import CLIENT, SECRET, FakeProvider


@pytest.fixture(scope="module", autouse=True)
def provider() -> Iterator[FakeProvider]:
    """A provider on loopback, and its settings in the environment before the site of this story starts."""
    enable_socket()
    with fake_oidc.running() as found, pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "127.0.0.1,localhost")
        environment.setenv("RENKEI_OIDC_URL", found.url)
        environment.setenv("RENKEI_OIDC_CLIENT_ID", CLIENT)
        environment.setenv("RENKEI_OIDC_SECRET", SECRET)
        environment.setenv("RENKEI_OIDC_NAME", "みどり市 統合認証")
        yield found


def choose_the_provider(people: Desk, page: Page) -> None:
    people.go(page, "/accounts/login/")
    people.accessible(page)
    page.get_by_role("button", name="みどり市 統合認証でログイン").click()


def test_a_physician_comes_in_through_the_provider(people: Desk, site: Site, provider: FakeProvider) -> None:
    with given("青木医師 is logged in at the provider"):
        provider.person = {"sub": "s-aoki", "preferred_username": "aoki.c1"}
        page = people.stranger("aoki")
    with when("the physician presses the provider's button"):
        choose_the_provider(people, page)
    with then("the house is open"):
        expect(page.locator("header.top")).to_contain_text("青木")
        assert page.url.startswith(site.url)
        assert "/accounts/" not in page.url


def test_a_stranger_reads_what_to_do(people: Desk, site: Site, provider: FakeProvider) -> None:
    with given("somebody of the region who has no account here"):
        provider.person = {"sub": "s-dareka", "preferred_username": "dareka"}
        page = people.stranger("dareka")
    with when("they press the provider's button"):
        choose_the_provider(people, page)
    with then("a page says whom to ask"):
        expect(page.get_by_text("招待を依頼してください")).to_be_visible()
        people.accessible(page)
        people.shot(page, "stranger")
        page.get_by_role("link", name="ログイン画面へ").click()
        expect(page.get_by_role("button", name="ログイン", exact=True)).to_be_visible()
