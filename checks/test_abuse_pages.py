"""What a hostile text, a foreign site or an unasked field could do to the pages: nothing."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from checks import filler
from checks.addresses import OURS, body, live_paths, logged_in, menu_counted_once
from checks.world import World, committed_world, fingerprint
from renkei.accounts.models import Person
from renkei.gate.context import acting
from renkei.referrals import actions, queries
from renkei.referrals.types import Diagnosis, LetterContent, Prescription
from testing.cast import Cast
from testing.fixtures import StaffClient

EVIL = "'\"><x9k>"
"""Closes an attribute and opens an element that no page of ours has; short, so that it fits the short fields, too."""
BEARER_ONLY = "no cookie is believed there: a foreign site has nothing to ride on"
NO_COOKIE = {
    "fhir/": BEARER_ONLY,
    "clients/oauth/token": BEARER_ONLY,
    "clients/oauth/introspect": BEARER_ONLY,
    "clients/oauth/revoke": BEARER_ONLY,
}

CHECKED_WITHIN = {"guests/<slug:address>/"}
"""Too large a body is refused before the token in it is read; the walk below shows that the token is asked for."""


@pytest.fixture(scope="module")
def hostile(django_db_blocker: Any, worker_id: str) -> Iterator[World]:
    """A committed world in which every text of every row is an attack, and a letter that was sent with more of them."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    loud = logging.getLogger("django.request")
    loud.setLevel(logging.CRITICAL)
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(filler, "MARK", EVIL)
        patch.setattr(filler, "PUBLIC_MARK", EVIL)
        with committed_world(f"renkei_{worker_id}_abuse_pages") as world:
            yield world
    loud.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def paths(hostile: World) -> dict[str, list[str]]:
    """Route → paths that show something to a member."""
    _send_hostile_letter(hostile.cast)
    return live_paths(hostile)


def _hostile_content() -> LetterContent:
    """Every text of a letter is an attack."""
    plain = LetterContent()
    texts = {name: f"{EVIL}{name}" for name, value in vars(plain).items() if isinstance(value, str)}
    return replace(plain, **texts, diagnoses=(Diagnosis(EVIL),), prescriptions=(Prescription(EVIL, EVIL),))


def _send_hostile_letter(cast: Cast) -> None:
    aoki, sato = cast.actor("aoki"), cast.actor("sato")
    with acting(aoki):
        made = actions.draft(aoki, cast.patient("suzuki"))
        made = actions.write(aoki, made, content=_hostile_content(), receiver=cast.facility("H1"))
        actions.finalise_and_send(aoki, made)
    with acting(sato), transaction.atomic():
        actions.post_message(sato, queries.one(sato, made.uid), text=f"{EVIL}伝言")


@pytest.mark.parametrize("who", ["aoki", "sato", "oka", "takahashi", "kimura"])
def test_no_page_lets_a_stored_text_become_part_of_the_page(
    hostile: World, paths: dict[str, list[str]], who: str
) -> None:
    client, seen = logged_in(hostile.cast.actor(who)), 0
    with menu_counted_once():
        for path in [p for some in paths.values() for p in some]:
            response = client.get(path)
            if "html" not in response.headers.get("Content-Type", ""):
                continue
            page = body(response).decode(errors="replace")
            assert "<x9k" not in page, f"{path}: {page[max(0, page.find('<x9k') - 200) :][:300]}"
            seen += "&lt;x9k&gt;" in page
    assert seen, "the texts do stand on pages, escaped"


def test_no_page_may_be_framed_guessed_or_scripted(hostile: World, paths: dict[str, list[str]]) -> None:
    client, pages = logged_in(hostile.cast.actor("aoki")), 0
    for some in paths.values():
        for path in some:
            response = client.get(path)
            if response.status_code != 200:
                continue
            pages += 1
            policy = response.headers["Content-Security-Policy"]
            assert response.headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in policy, path
            assert "unsafe-inline" not in policy, path
            assert "unsafe-eval" not in policy, path
            assert response.headers["X-Content-Type-Options"] == "nosniff", path
    assert pages > 20


def test_a_form_from_a_foreign_site_is_refused_at_every_address(
    hostile: World, paths: dict[str, list[str]]
) -> None:
    class Foreign(StaffClient):
        def __init__(self) -> None:
            Client.__init__(self, enforce_csrf_checks=True, raise_request_exception=False)

    tables = [m._meta.db_table for m, _ in hostile.about_somebody() if m is not Person]
    before = fingerprint(hostile.database, tables)
    client, refused = Foreign().log_in(hostile.cast.actor("aoki")), 0
    for address in OURS:
        if address.route.startswith(tuple(NO_COOKIE)):
            continue
        for path in paths[address.route]:
            response = client.post(path, headers={"Origin": "https://evil.example"})
            assert response.status_code in {403, 404, 405}, f"{response.status_code} at {path}"
            refused += response.status_code == 403
    assert refused > 50
    after = fingerprint(hostile.database, tables)
    assert {t for t in tables if before[t] != after[t]} == set()


def test_only_addresses_that_believe_no_cookie_go_without_the_token() -> None:
    open_ = [a.route for a in OURS if getattr(a.view, "csrf_exempt", False)]
    assert [r for r in open_ if not r.startswith(tuple(NO_COOKIE)) and r not in CHECKED_WITHIN] == []


def test_a_letter_prints_commands_of_template_languages_as_they_were_typed(cast: Cast) -> None:
    typed = '#read("/etc/passwd") {{ 7*7 }} {% debug %} $x^2$ #panic("a")'
    aoki = cast.actor("aoki")
    browser = StaffClient().log_in(aoki)
    with acting(aoki):
        made = actions.draft(aoki, cast.patient("suzuki"))
        content = LetterContent(
            purpose="ご高診をお願いします。", course=typed, diagnoses=(Diagnosis("高血圧"),)
        )
        made = actions.write(aoki, made, content=content, receiver=cast.facility("H1"))
        actions.finalise_and_send(aoki, made)
    answer = browser.get(reverse("referrals:letter_pdf", args=[made.uid]))
    assert answer.status_code == 200
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(body(answer))).pages)
    assert re.sub(r"\s", "", typed) in re.sub(r"\s", "", printed)


def test_fields_that_no_form_asks_for_change_nothing(cast: Cast) -> None:
    """Mass assignment: columns of the row behind a form, sent along with it."""
    aoki, browser = cast.actor("aoki"), StaffClient().log_in(cast.actor("aoki"))
    with acting(aoki):
        made = actions.draft(aoki, cast.patient("suzuki"))
    unasked = {
        "state": "closed",
        "sender": cast.facility("H2").pk,
        "sender_id": cast.facility("H2").pk,
        "circle": 1,
        "circle_id": 1,
        "number": "R-1999-000001",
        "entered_by": "somebody",
        "finalised_by": "somebody",
        "finalised_at": "2026-01-01",
        "source": "exchange",
        "electronic": "0",
        "id": 1,
        "uid": "01900000-0000-7000-8000-000000000000",
    }
    form = {
        "version": made.version,
        "do": "save",
        "urgency": "routine",
        "basis": "posted_notice",
        "purpose": "相談",
    }
    answer = browser.post(reverse("referrals:edit", args=[made.uid]), {**form, **unasked})
    assert answer.status_code in {200, 302}
    with acting(aoki), transaction.atomic():
        now = queries.one(aoki, made.uid)
        assert now.letters.visible_to(aoki).get().read_content().purpose == "相談"
        assert {n: getattr(now, n) for n in unasked if hasattr(now, n)} == {
            n: getattr(made, n) for n in unasked if hasattr(made, n)
        }


@pytest.mark.parametrize(
    "path",
    [
        "/static/../config/settings.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static//etc/passwd",
        "/accounts/login/..%2f..%2f",
    ],
)
def test_no_path_leads_out_of_the_static_files(cast: Cast, path: str) -> None:
    assert Client(raise_request_exception=False).get(path).status_code in {302, 400, 404}


def test_the_cookie_of_a_session_is_for_this_site_and_no_script(cast: Cast) -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    answer = Client().get("/accounts/login/")
    assert answer.cookies[settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"
