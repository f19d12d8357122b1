"""Every main page of every role, on a desk and on a phone, by day and in the dark: nothing that WCAG 2.2 AA forbids, nothing
that scrolls sideways, one heading, at most one filled button, no failing script."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from stories.conftest import Site
from stories.journeys import choose, fill_letter, start_letter
from stories.pages import PAGES, PUBLIC, RESTING
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

NARROW_DESKS = (1280, 1100)
"""Small office screens: the list of the desk stands beside its detail, and is at its narrowest."""
CUT_BADGES = """wraps => wraps.flatMap(wrap => [...wrap.querySelectorAll('tbody .badge')].filter(badge => {
  const edge = wrap.getBoundingClientRect().left + wrap.clientLeft + wrap.clientWidth;
  return badge.getBoundingClientRect().right > edge + 0.5;
}).map(badge => badge.innerText))"""
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


def look(people: Desk, page: Page) -> None:
    """One page as it is, at both widths and in the dark, where only the colours are others."""
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        people.accessible(page)
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="dark")
    faint = [
        n["target"] for v in Axe().run(page, options=CONTRAST).response["violations"] for n in v["nodes"]
    ]
    assert not faint, f"{page.url} in the dark: {faint[:5]}"
    page.emulate_media(color_scheme="light")
    assert page.locator("h1").count() == 1, page.url
    filled = page.locator("main .btn-primary:visible").all_inner_texts()
    assert len(filled) <= 1 or "/gallery/" in page.url, (
        f"{page.url} has {len(filled)} filled buttons: {filled}"
    )


def address(page: Page, step: str, row: str) -> str:
    """Where a step of ``PAGES`` leads from ``page``; ``row`` is the address of the last row."""
    if step.startswith("+ "):
        return row + step.removeprefix("+ ")
    if not step.startswith(">"):
        return step
    link = page.locator(step.lstrip("> ")).first
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
            row = path if step.startswith(">> ") else row
            people.go(page, path)
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator("[data-panel] > .skeleton")).to_have_count(0, timeout=15_000)
            if page.url not in seen:
                look(people, page)
            seen.add(page.url)


def test_the_state_of_a_row_is_in_sight_on_a_small_desk(people: Desk, site: Site) -> None:
    with given("佐藤 at a small screen"):
        desk = people.at("sato.h1")
    for tab in ("new", "dates", "today", "overdue", "back"):
        people.go(desk, f"/referrals/desk/?tab={tab}")
        for width in NARROW_DESKS:
            with then(f"no badge of {tab} is cut at {width} px"):
                desk.set_viewport_size({"width": width, "height": 800})
                lists = desk.locator("#desk-list .table-wrap")
                assert lists.locator("tbody .badge").count(), tab
                assert lists.evaluate_all(CUT_BADGES) == []
                people.accessible(desk)


def test_what_everybody_may_open_is_accessible(people: Desk, site: Site) -> None:
    page = people.stranger("nobody")
    for step in PUBLIC:
        with then(f"{step} can be used by anyone"):
            people.go(page, address(page, step, ""))
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


def test_the_slower_of_two_clerks_reads_that_somebody_was_faster(people: Desk, site: Site) -> None:
    with given("佐藤 and 近藤 look at the same new letter"):
        faster, slower = people.at("sato.h1"), people.at("kondo.h1")
        people.go(faster, "/referrals/desk/?tab=new")
        waiting = faster.locator("main [data-row]", has_text="受付待ち").first
        path = waiting.locator("[data-open]").get_attribute("href") or ""
        people.go(faster, path)
        people.go(slower, path)
    with when("佐藤 receives it, and then 近藤 does so without scripts"):
        faster.locator("#detail button", has_text="受け付ける").click()
        expect(faster.locator("#detail")).to_contain_text("受付済")
        with slower.expect_navigation():
            slower.evaluate("document.querySelector('#detail form').submit()")
    with then("近藤 reads that it was done before, by whom, and where to go on"):
        expect(slower.locator("h1")).to_have_text("先に処理されています")
        expect(slower.locator("main")).to_contain_text("受け付けました")
        look(people, slower)


def test_the_letter_while_it_is_written_signed_and_waiting(people: Desk, site: Site) -> None:
    with given("青木's letter, filled in"):
        doctor = people.at("aoki.c1")
        uid = start_letter(people, doctor, "鈴木 一郎")
        fill_letter(doctor)
        look(people, doctor)
    with when("he signs it and does not send it yet"), doctor.expect_navigation():
        doctor.get_by_role("button", name="確定のみ").click()
    with then("the signed letter and the list of what waits can be used by anyone"):
        for path in (f"/referrals/{uid}/edit/", "/referrals/replies/drafts/"):
            people.go(doctor, path)
            expect(doctor.locator("h1")).to_be_visible()
            look(people, doctor)


def test_a_receiver_that_rests_is_said_before_the_letter_is_sent(people: Desk, site: Site) -> None:
    with given("木村's draft of a letter"):
        clerk = people.at("kimura.c1")
        start_letter(people, clerk, "鈴木 一郎")
        said = clerk.locator("#receiver-box [data-combo-warning]")
        expect(said).to_be_hidden()
    with when("she types the name of a clinic that rests, and takes it"):
        choose(clerk, "receiver", RESTING, f"{RESTING}.*休止中")
    with then("it stands at the field that nothing can be sent there, and goes with the name"):
        expect(said).to_have_text("休止中(再開未定)。再開するまで紹介状を送れません。")
        look(people, clerk)
        clerk.locator("input[name=receiver]").press("Backspace")
        expect(said).to_be_hidden()


def test_the_check_before_a_list_of_facilities_is_taken_over(people: Desk, site: Site) -> None:
    with given("永井 with a file of which one row is right"):
        page = people.at("nagai.h1")
        people.go(page, "/directory/import/")
        text = "名称,種別,電話\nみなと内科,診療所,0463-00-0990\n,診療所,\nさくら薬局,くすりや,0463-00-0991\n"
    with when("she lets it be checked"):
        page.set_input_files(
            "input[type=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
        page.get_by_role("button", name="内容を確認する").click()
    with then("she sees row by row what is wrong"):
        expect(page.locator("main")).to_contain_text("直しが必要 2件")
        look(people, page)


def test_a_desk_that_nobody_touches_refreshes_itself(people: Desk, site: Site) -> None:
    def list_arrives(response: Response) -> bool:
        return "/desk/live/" in response.url and "part=list" in response.url

    with given("佐藤's desk, and her hands off the keyboard"):
        desk = people.at("sato.h1")
        people.go(desk, "/referrals/desk/?tab=new")
    with when("the list has come twice"):
        for _ in range(2):
            with desk.expect_response(list_arrives, timeout=30_000):
                pass
    with then("it does not say that it stands still"):
        expect(desk.locator("#desk-list [data-row]").first).to_be_visible()
        expect(desk.locator("#desk-list")).not_to_have_attribute("data-stale", "")
        expect(desk.locator("[data-live-state]")).to_have_text("5秒ごとに更新")
