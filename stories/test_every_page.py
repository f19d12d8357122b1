"""Every main page of every role, on a desk and on a phone: nothing that WCAG 2.2 AA forbids, nothing that scrolls sideways,
one heading, at most one filled button, no failing script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

# A page is an address, "> selector": the first such link of the page before it, or "+ part": below the last opened row.
PATIENT = ("/patients/?q=鈴木 一郎", "> main a[data-open]")
OWN = "> nav a[href*='/settings/']"
PAGES: dict[str, tuple[str, ...]] = {
    "sato.h1": (
        *(f"/referrals/desk/?tab={tab}" for tab in ("new", "dates", "today", "overdue", "back")),
        "> main a[data-open]",
        "/referrals/search/?q=鈴木",
        "/referrals/search/?q=だれもいない",
        "/notices/",
        "/directory/",
        "> main table a",
        "/exchange/upload/",
        "/nowhere/",
        "/operations/",
    ),
    "takahashi.h1": (
        "/referrals/desk/?tab=overdue",
        "> main a[data-open]",
        "> main a[href*='/reply/']",
        "/referrals/replies/drafts/",
        "/circles/emergency/",
    ),
    "ishida.h1": ("/referrals/desk/?tab=back", "> main a[data-open]", "/referrals/clinic/"),
    "aoki.c1": (
        *(
            f"/referrals/clinic/?tab={tab}"
            for tab in ("open", "answer", "unread", "drafts", "incoming", "done")
        ),
        "/referrals/clinic/?tab=unread",
        "> main a[data-open]",
        "> main a[href*='/correct/']",
        "/referrals/new/?q=鈴木",
        "/patients/new/",
        *PATIENT,
        "> main a[href*='/consents/']",
        "+ edit/",
        "+ link/",
        "+ access/",
    ),
    "kimura.c1": ("/referrals/clinic/", "/referrals/new/", "/patients/?q=だれもいない"),
    "ono.v1": ("/", "/patients/", "/referrals/search/"),
    "oka.h1": (
        "/accounts/members/",
        "> main table a",
        "/accounts/members/invite/",
        "/accounts/me/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/password/change/",
        "/circles/reviews/",
        "/directory/",
        OWN,
        "> main table a",
        OWN,
        "> .actions a",
        "> .actions a[href*='/edit/']",
    ),
    "nagai.h1": (
        "/operations/",
        "/operations/jobs/",
        "/notices/outbox/",
        "/directory/import/",
        "/directory/new/",
        "/demo/clock/",
        "/ui/gallery/",
    ),
    "mochizuki.h1": ("/operations/trail/", "/circles/reviews/"),
}


def look(people: Desk, page: Page) -> None:
    """One page as it is, at both widths."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        people.accessible(page)
    page.set_viewport_size(DESKTOP)
    assert page.locator("h1").count() == 1, page.url
    filled = page.locator("main .btn-primary:visible").all_inner_texts()
    assert len(filled) <= 1 or "/gallery/" in page.url, (
        f"{page.url} has {len(filled)} filled buttons: {filled}"
    )


def address(page: Page, step: str, row: str) -> str:
    """Where a step of ``PAGES`` leads from ``page``; ``row`` is the address of the last opened row."""
    if step.startswith("+ "):
        return row + step.removeprefix("+ ")
    if not step.startswith("> "):
        return step
    link = page.locator(step.removeprefix("> ")).first
    assert link.count(), f"{page.url} has no {step}"
    return link.get_attribute("href") or ""


@pytest.mark.parametrize("login", list(PAGES))
def test_the_pages_of_a_role_are_accessible_on_a_desk_and_on_a_phone(
    people: Desk, site: Site, login: str
) -> None:
    with given(f"{login} is logged in"):
        page = people.at(login)
    seen: set[str] = set()
    row = ""
    for step in PAGES[login]:
        with then(f"{login} can use {step}"):
            path = address(page, step, row)
            row = path if "data-open" in step else row
            people.go(page, path)
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator("[data-panel] > .skeleton")).to_have_count(0, timeout=15_000)
            if page.url not in seen:
                look(people, page)
            seen.add(page.url)


def test_the_door_is_accessible(people: Desk, site: Site) -> None:
    page = people.stranger("nobody")
    for path in ("/accounts/login/", "/accounts/invitation/"):
        with then(f"{path} can be used by anyone"):
            people.go(page, path)
            look(people, page)


def test_the_desk_with_a_chosen_row_and_its_date_dialog(people: Desk, site: Site) -> None:
    with given("佐藤 opens the desk and touches no mouse"):
        desk = people.at("sato.h1")
        people.go(desk, "/referrals/desk/?tab=dates")
    with when("she presses J, and D for a date"):
        desk.keyboard.press("j")
        expect(desk.locator("#detail .timeline")).to_be_visible()
        look(people, desk)
        desk.locator("[data-list] [data-row][aria-current] [data-open]").focus()
        desk.keyboard.press("d")
    with then("the dialog stands with the cursor in the date"):
        expect(desk.locator("#ask-dialog input[name=starts_at_date]")).to_be_focused()
        people.accessible(desk)
