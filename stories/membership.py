"""Ways that the stories of schemes (制度) walk: start one, apply, look at both widths, read the public list."""

from __future__ import annotations

import os
import re
from typing import Any

import psycopg
import pypdfium2
from playwright.sync_api import Page

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk


def rows(site: Site, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the site's database says, past every wall."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname=site.database, autocommit=True) as owner:
        found = owner.execute(query, values)  # type: ignore[arg-type]
        return found.fetchall() if found.description else []


def running(people: Desk, site: Site, key: str) -> str:
    """The uid of みどり中央病院's scheme; its office starts it through the screen if nobody did."""
    office = people.at("sato.h1")
    people.go(office, "/enrolments/start/")
    choice = office.locator(f"input[name=key][value={key}]")
    if choice.count():
        both_widths(people, office, "start")
        choice.check()
        with office.expect_navigation():
            office.get_by_role("button", name="今日から始める").click()
        return uid_of(office)
    query = """SELECT s.uid FROM enrolments_scheme s JOIN directory_facility f ON f.id = s.owner_id
        WHERE s.key = %s AND f.name = 'みどり中央病院'"""
    return str(rows(site, query, key)[0][0])


def represented(site: Site, facility: str, login: str) -> None:
    """``login`` is the representative (代表者) of the institution, where the region does not say so yet."""
    known = (
        "SELECT 1 FROM directory_post p JOIN directory_facility f ON f.id = p.facility_id WHERE f.name = %s"
    )
    if rows(site, known + " AND p.representative AND p.person_id IS NOT NULL", facility):
        return
    rows(
        site,
        """INSERT INTO directory_post (facility_id, title, holder, representative, person_id, from_on)
        SELECT f.id, '院長', p.name, true, p.id, '2020-04-01' FROM directory_facility f, accounts_person p
        WHERE f.name = %s AND p.login_id = %s""",
        facility,
        login,
    )


def uid_of(page: Page) -> str:
    found = re.search(r"/([0-9a-f-]{36})/", page.url)
    assert found, page.url
    return found.group(1)


def press(page: Page, name: str) -> None:
    """A button that leads to another page."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def both_widths(people: Desk, page: Page, name: str) -> None:
    """Nothing that WCAG forbids on a desk and on a phone; a picture of each."""
    for size, width in ((PHONE, "phone"), (DESKTOP, "desk")):
        page.set_viewport_size(size)
        people.accessible(page)
        people.shot(page, f"{name}-{width}")


def again(people: Desk, login: str) -> Page:
    """The same person after months: they log in anew."""
    if login in people.pages:
        del people.pages[login]
        people.contexts.pop(login).close()
    return people.at(login)


def on_public_list(people: Desk, page: Page, scheme: str, name: str) -> bool:
    """Whether ``name`` stands on one of the pages of the public list."""
    number = 1
    while True:
        assert people.go(page, f"/enrolments/list/{scheme}/?page={number}") == 200
        if page.locator("tbody tr", has_text=name).count():
            return True
        if not page.locator(f"a[href*='page={number + 1}']").count():
            return False
        number += 1


def text_of(pdf: bytes) -> str:
    """The words of a PDF."""
    whole = pypdfium2.PdfDocument(pdf)
    words = "".join(whole[at].get_textpage().get_text_bounded() for at in range(len(whole)))
    whole.close()
    return words
