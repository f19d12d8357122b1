"""S12 推進法人: the office revises its policy, compares it line by line, publishes it; everybody reads the public page.

REFUSE: a draft under a public address; a change of what was published; another house's staff.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from stories.conftest import Site
from stories.steps import DESKTOP, PHONE, Desk, given, then, when

HOME = "/publications/policies/"


def test_an_alliance_publishes_the_second_version_of_its_policy(people: Desk, site: Site) -> None:
    with given("友永 at the documents of the alliance"):
        office = people.at("tomonaga.co1")
        people.go(office, HOME)
        people.accessible(office)
        people.shot(office, "documents")
        public = office.get_by_role("link", name="公開ページ").get_attribute("href") or ""
    with then("a stranger reads members, areas and the first version, and no draft"):
        stranger = people.stranger("resident", phone=True)
        assert people.go(stranger, public) == 200
        main = stranger.locator("main")
        for text in ("5法人・15施設", "湘南西部、県央", "競争より協調", "人材を法人の枠を越えて育成します"):
            expect(main).to_contain_text(text)
        expect(main).not_to_contain_text("共同購入")
        people.accessible(stranger)
        people.shot(stranger, "public-phone")
    with when("the draft of the second version is opened"):
        office.get_by_role("row", name=re.compile("第2版")).get_by_role(
            "link", name="医療連携推進方針"
        ).click()
        expect(office.locator(".comparison")).to_contain_text("追加")
        people.accessible(office)
        people.shot(office, "draft")
        draft = office.url.removeprefix(site.url)
        uid = draft.rstrip("/").rsplit("/", 1)[1]
    with then("REFUSE: its public address is as if it were not there; nobody else opens or changes it"):
        assert people.go(stranger, f"{public}documents/{uid}/") == 404
        sato = people.at("sato.h1")
        assert people.go(sato, draft) == 403
        assert people.post(sato, draft, {"title": "x", "text": "y"}) == 403
    with when("it is published"):
        people.go(office, draft)
        office.get_by_role("button", name="第2版を公開する").click()
        expect(office.locator("main")).to_contain_text("旧版")
    with then("everybody reads it and what changed"):
        people.go(stranger, public)
        expect(stranger.locator("main")).to_contain_text("一般材料の共同購入を始めます")
        stranger.get_by_role("link", name="第1版との違い").click()
        expect(stranger.locator(".comparison")).to_contain_text("変更")
        for size, word in ((PHONE, "phone"), (DESKTOP, "desk")):
            stranger.set_viewport_size(size)
            people.accessible(stranger)
            people.shot(stranger, f"compared-{word}")
        people.go(stranger, public)
        people.shot(stranger, "public")
    with then("REFUSE: what was published does not change"):
        assert people.post(office, draft, {"title": "x", "text": "y"}) == 409
        assert people.post(office, f"{draft}discard/", {}) == 409
        people.go(stranger, public)
        expect(stranger.locator("main")).to_contain_text("一般材料の共同購入を始めます")
