"""S08: 木村 writes, 佐藤 approves version 3, the lobby has it; what is not approved or boasts stays out."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from stories.steps import Desk, given, then, when

BOAST = "日本一の糖尿病診療"


def test_a_leaflet_from_the_clinic_to_the_rack(people: Desk) -> None:
    kimura = people.at("kimura.c1")
    with given("木村 (C1) opens the leaflet of her clinic and begins version 3"):
        people.go(kimura, "/publications/leaflets/")
        kimura.get_by_role("link", name=re.compile("第2版")).click()
        kimura.get_by_role("button", name="新しい版を作る").click()
        expect(kimura.get_by_role("heading", level=1)).to_contain_text("第3版")
        draft = urlsplit(kimura.url).path
        people.accessible(kimura)
    with when("she writes that it is the best of Japan"):
        kimura.fill("#id_strengths", BOAST)
    with then("the preview shows both pages of the leaflet and names the wording and the rule"):
        expect(kimura.locator("#preview")).to_contain_text("比較優良広告")
        expect(kimura.locator("#preview img")).to_have_count(2)
        people.shot(kimura, "preview")
    with when("she hands it in all the same"):
        kimura.get_by_role("button", name="承認を依頼する").click()
        expect(kimura.locator(".badge").first).to_have_text("承認待ち")

    sato = people.at("sato.h1")
    with then(
        "REFUSE: nobody reads an unapproved version without log-in; the public page still is version 2"
    ):
        stranger = people.stranger("lobby")
        uid = draft.rstrip("/").rsplit("/", 1)[-1]
        assert people.go(stranger, f"/publications/leaflets/public/{uid}/") == 404
        people.go(sato, draft)
        public = sato.get_by_role("link", name=re.compile("公開ページ")).get_attribute("href") or ""
        assert people.go(stranger, public) == 200
        expect(stranger.locator("main")).to_contain_text("第2版")
        assert BOAST not in stranger.inner_text("main")
        people.accessible(stranger)
    with then("REFUSE: 佐藤 cannot approve it without a reason, and nothing has changed"):
        assert people.post(sato, f"{draft}approve/", {"version": "", "reason": ""}) == 422
        sato.get_by_role("button", name="承認して公開する").click()
        expect(sato.locator("main")).to_contain_text("認める理由を入力してください")
        people.go(sato, draft)
        expect(sato.locator(".badge").first).to_have_text("承認待ち")
        people.accessible(sato)
    with when("she sends it back, 木村 mends it, and 佐藤 approves version 3"):
        sato.locator("summary", has_text="差し戻す").click()
        sato.fill("#id_answer", "「日本一」は使えません。行っている診療を書いてください。")
        sato.get_by_role("button", name="差し戻す").click()
        people.go(kimura, draft)
        expect(kimura.locator("main")).to_contain_text("差し戻されています")
        kimura.fill("#id_strengths", "糖尿病の継続的な診療\n管理栄養士による栄養相談")
        kimura.get_by_role("button", name="承認を依頼する").click()
        people.go(sato, draft)
        sato.get_by_role("button", name="承認して公開する").click()
        expect(sato.locator(".badge").first).to_have_text("承認済")
        people.shot(sato, "approved")
    with then("everybody reads version 3, on the page and as A4 三つ折り"):
        people.go(stranger, public)
        expect(stranger.locator("main")).to_contain_text("第3版")
        expect(stranger.locator("main")).to_contain_text("管理栄養士による栄養相談")
        answer = stranger.request.get(people.url + public.rstrip("/") + ".pdf")
        assert answer.ok
        assert answer.body().startswith(b"%PDF")
    with then(
        "the rack of 桜台地区 stands in kana order with the copies to print, the old version to exchange"
    ):
        people.go(sato, "/publications/leaflets/rack/?district=桜台地区")
        names = sato.locator("section[aria-label=ラックの一覧] tbody tr td:nth-child(2) b").all_inner_texts()
        kana = sato.locator(
            "section[aria-label=ラックの一覧] tbody tr td:nth-child(2) .sub"
        ).all_inner_texts()
        assert "青木内科" in names
        assert kana == sorted(kana)
        row = sato.locator("tr", has_text="青木内科")
        expect(row).to_contain_text("交換")
        expect(row.locator("td.num")).to_contain_text("20")
        people.accessible(sato)
        people.shot(sato, "rack")
        assert sato.request.get(people.url + "/publications/leaflets/rack/list.pdf?district=桜台地区").ok
    with then("the clinic that left in April is on the list of leaflets to take out, and its page is gone"):
        gone = sato.locator("section[aria-label=ラックから外す]")
        expect(gone).to_contain_text("大木医院")
        gone.get_by_role("button", name="外した").click()
        expect(sato.locator("section[aria-label=ラックから外す]")).to_have_count(0)
