"""A facility lets an app in, a person allows it on the phone and withdraws it again, in a real browser."""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import ECKey
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

RETURN = "https://app.example.jp/callback"


def looked_at(people: Desk, page: Page) -> None:
    """Nothing that WCAG forbids, on a desk and on a phone."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        people.accessible(page)
    page.set_viewport_size(DESKTOP)


def filled(page: Page, name: str) -> None:
    """What both kinds of registration ask for."""
    page.fill("[name=name]", name)
    page.fill("[name=purpose]", "往診先で、連携先の連絡先を調べる")
    page.fill("[name=contact_name]", "野原ソフト 原 景子")
    page.fill("[name=contact_email]", "hara@example.jp")
    page.check("[name=scopes][value$='/Organization.rs']")


def wish(site: Site, client_id: str) -> str:
    """The address that the app opens."""
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": RETURN,
        "scope": "user/Organization.rs offline_access",
        "state": "s1",
        "code_challenge": create_s256_code_challenge("v" * 50),
        "code_challenge_method": "S256",
    }
    return f"/clients/oauth/authorize?{urlencode(asked)}"


def test_an_app_is_registered_allowed_and_withdrawn(people: Desk, site: Site) -> None:
    with given("岡, who administers the hospital, at the form of an app"):
        page = people.at("oka.h1")
        people.go(page, "/clients/new/app/")
    with when("oka registers it and issues its secret"):
        filled(page, "往診メモ")
        page.check("[name=login][value=client_secret_basic]")
        page.check("[name=scopes][value=offline_access]")
        page.fill("[name=redirect_uris]", RETURN)
        page.click("main .btn-primary")
        page.get_by_role("button", name="発行する").click()
        expect(page.get_by_text("表示されるのは今だけです").first).to_be_visible()
        looked_at(people, page)
        found = re.search(r"rk-[0-9a-f]{24}", page.content())
        assert found is not None
    with when("the app sends oka to the consent page"):
        page.route("https://app.example.jp/**", lambda route: route.fulfill(body="ok"))
        people.go(page, wish(site, found[0]))
        expect(page.get_by_role("heading", level=1)).to_contain_text("往診メモ")
        looked_at(people, page)
    with then("the answer leads back to the app, in spite of the pages' policy"):
        page.get_by_role("button", name="許可する", exact=True).click()
        page.wait_for_url("https://app.example.jp/**")
        assert "code=" in page.url
    with then("the app stands on oka's own page, and oka withdraws it"):
        people.go(page, "/clients/connections/")
        looked_at(people, page)
        page.get_by_role("button", name="往診メモの連携を止める").click()
        expect(page.get_by_text("連携中のアプリはありません")).to_be_visible()


def test_a_system_gets_its_key(people: Desk, site: Site) -> None:
    with given("岡 at the form of a system"):
        page = people.at("oka.h1")
        people.go(page, "/clients/new/system/")
    with when("oka registers it and pastes the vendor's public key"):
        filled(page, "みどり電子カルテ")
        page.click("main .btn-primary")
        key = ECKey.generate_key("P-384", {"kid": "karte-2026"})
        page.fill("[name=keys]", json.dumps({"keys": [key.as_dict(private=False)]}))
        page.get_by_role("button", name="公開鍵を登録").click()
    with then("the key lives, and the page can be used by everybody"):
        expect(page.get_by_text("karte-2026").first).to_be_visible()
        looked_at(people, page)
