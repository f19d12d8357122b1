"""Passkeys in a real browser: registered at the own account, used as the second factor, and asked for at the next log-in."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import PASSWORD, Desk, given, then, when


def virtual_key(page: Page) -> None:
    """A security key that the browser itself plays."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_becomes_the_second_factor(people: Desk, site: Site) -> None:
    with given("岡 at the own account with a key in the machine"):
        page = people.at("oka.h1")
        virtual_key(page)
    with when("oka adds a passkey"):
        people.go(page, "/accounts/2fa/passkeys/add/")
        if "reauthenticate" in page.url:
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url("**/passkeys/add/**")
        people.accessible(page)
        page.fill("input[name=name]", "連携室の端末")
        page.click("#passkey_add")
        page.wait_for_url(re.compile(r"/accounts/2fa/(passkeys/|recovery-codes/\w*/?)$"))
    with then("it stands in the list"):
        people.go(page, "/accounts/2fa/passkeys/")
        expect(page.get_by_text("連携室の端末").first).to_be_visible()
    with when("oka logs in again in the same browser"):
        page.context.clear_cookies()
        people.go(page, "/accounts/login/")
        page.fill("input[name=login]", "oka.h1")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
    with then("the password alone does not open the house"):
        page.wait_for_url("**/2fa/authenticate/**")
        assert people.go(page, "/accounts/members/") == 200
        assert "/accounts/login" in page.url or "authenticate" in page.url
