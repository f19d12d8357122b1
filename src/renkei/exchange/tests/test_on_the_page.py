"""The referral's page leads to the document: the original with its digest and every section, or the way out."""

from __future__ import annotations

import hashlib

from django.urls import reverse

from renkei.exchange.actions import import_document
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.tests.conftest import addressed, raw
from renkei.exchange.tests.test_export import LETTERS, sent
from renkei.gate.context import acting
from renkei.referrals.actions import draft
from renkei.referrals.models import Referral
from testing.cast import Cast
from testing.fixtures import StaffClient


def _panels(browser: StaffClient, referral: Referral) -> str:
    """What the page loads into the places of other modules."""
    page = browser.get(reverse("referrals:show", args=[referral.uid]))
    urls = [panel.url for panel in page.context["panels"]]
    assert all(f'hx-get="{url}"' in page.content.decode() for url in urls)
    return "".join(browser.get(url).content.decode() for url in urls)


def test_the_page_of_a_received_letter_shows_the_digest_and_every_section(
    cast: Cast, browser: StaffClient
) -> None:
    came, actor = raw(addressed()), cast.actor("sato")
    with acting(actor):
        made = import_document(actor, came, "紹介状.json")
    shown = _panels(browser.log_in(actor), made.referral)
    assert hashlib.sha256(came).hexdigest() in shown
    assert made.document.sections
    for section in made.document.sections:
        assert section["title"] in shown
        assert next(line for line in section["text"].splitlines() if line) in shown.replace("&#x27;", "'")
    assert {s.title for s in parse(came).sections} == {s["title"] for s in made.document.sections}
    assert reverse("exchange:original", args=[made.referral.uid]) in shown


def test_the_page_of_a_letter_from_screen_leads_out_on_both_sides(cast: Cast, browser: StaffClient) -> None:
    referral = sent(cast, LETTERS["short"])
    for who in ("aoki", "sato"):
        shown = _panels(browser.log_in(cast.actor(who)), referral)
        assert reverse("exchange:export", args=[referral.uid]) in shown
        assert "被保険者番号" in shown


def test_a_draft_has_no_document_yet(cast: Cast, browser: StaffClient) -> None:
    clerk = cast.actor("kimura")
    with acting(clerk):
        made = draft(clerk, cast.patient("suzuki"))
    assert _panels(browser.log_in(clerk), made) == ""
