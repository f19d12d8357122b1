"""S08: a leaflet from the draft to the rack, and what is refused on the way."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from renkei.enrolments.models import Scheme
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.publications.leaflets import actions, pdf, printing, queries, rack
from renkei.publications.leaflets.tests.conftest import TEXTS, World, words_of
from renkei.publications.leaflets.texts import FIELDS
from renkei.publications.leaflets.words import flags, plain, words_on
from renkei.publications.models import LeafletState, PublishedLeaflet
from renkei.publications.search.actions import refresh
from renkei.publications.tests.region import end_membership
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def photo(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(out, kind)
    return out.getvalue()


def test_an_approved_leaflet_is_what_everybody_reads(world: World, client: Client) -> None:
    version = world.approved()
    assert version.state == LeafletState.APPROVED
    assert version.approved_by
    row = PublishedLeaflet.objects.get()
    answer = client.get(reverse("publications:leaflet_public", args=[row.uid]))
    assert answer.status_code == 200
    assert "ご家族のかかりつけ医です" in answer.content.decode()
    made = client.get(reverse("publications:leaflet_public_pdf", args=[row.uid])).content
    assert "青木内科" in words_of(made)
    assert "承認" in words_of(made)


def test_the_search_leads_to_the_approved_leaflet_and_to_no_draft(world: World, client: Client) -> None:
    detail = reverse("find:detail", args=[world.cast.facility("C1").uid])
    with arranging("an entry of the search"):
        refresh(current(), [world.cast.facility("C1").pk])
    version = world.submitted()
    assert "紹介リーフレット" not in client.get(detail).content.decode()
    world.does("sato", actions.approve, version)
    address = reverse("publications:leaflet_public", args=[PublishedLeaflet.objects.get().uid])
    assert address in client.get(detail).content.decode()
    end_membership(world.cast.facility("C1"), date(2026, 6, 1))
    assert address not in client.get(detail).content.decode()


def test_an_unapproved_version_is_not_public(world: World, client: Client) -> None:
    first = world.submitted()
    for name in ("leaflet_public", "leaflet_public_pdf", "leaflet_public_photo"):
        assert client.get(reverse(f"publications:{name}", args=[first.uid])).status_code == 404
    assert not PublishedLeaflet.objects.exists()
    world.does("sato", actions.approve, first)
    second = world.does("kimura", actions.next_version, first.leaflet)
    world.does("kimura", actions.save_draft, second, texts=TEXTS | {"catch": "まだ見せない版"})
    row = PublishedLeaflet.objects.get()
    shown = client.get(reverse("publications:leaflet_public", args=[row.uid])).content.decode()
    assert "まだ見せない版" not in shown
    assert "第1版" in shown


def test_nobody_logged_in_from_elsewhere_reads_a_draft(world: World, browser: StaffClient) -> None:
    draft = world.draft()
    page = reverse("publications:leaflet_version", args=[draft.uid])
    assert browser.log_in(world.cast.actor("hayashi")).get(page).status_code == 404
    assert browser.log_in(world.cast.actor("sato")).get(page).status_code == 200


def test_a_superlative_needs_the_approvers_reason(world: World) -> None:
    version = world.submitted(strengths="日本一の糖尿病診療")
    with pytest.raises(Invalid) as refused:
        world.does("sato", actions.approve, version)
    assert refused.value.code == "wording_reason"
    assert not PublishedLeaflet.objects.exists()
    with acting(world.cast.actor("sato")):
        assert queries.version(world.cast.actor("sato"), version.uid).state == LeafletState.SUBMITTED
    done = world.does("sato", actions.approve, version, reason="町の愛称の引用で、比較ではない")
    assert done.reason
    assert done.found[0]["word"] == "日本一"


def test_the_page_answers_422_to_a_superlative_without_a_reason(world: World, browser: StaffClient) -> None:
    version = world.submitted(strengths="地域No.1の設備")
    browser.log_in(world.cast.actor("sato"))
    page = reverse("publications:leaflet_approve", args=[version.uid])
    answer = browser.post(page, {"version": version.version, "reason": ""})
    assert answer.status_code == 422
    assert "認める理由を入力してください" in answer.content.decode()
    assert not PublishedLeaflet.objects.exists()


def test_what_the_law_forbids_is_approved_with_no_reason_at_all(world: World) -> None:
    for words in ("必ず治ります", "患者さんの声: 楽になりました"):
        found = flags({"greeting": words}, words_on(clock.today(), world.scheme.owner_id))
        assert found[0].forbids, words
    draft = world.draft(greeting="どんな痛みも必ず治ります。")
    with pytest.raises(Invalid) as refused:
        world.does("kimura", actions.submit, draft)
    assert refused.value.code == "wording_forbidden"
    assert refused.value.field == "greeting"


@pytest.mark.parametrize(
    "words",
    [
        "日本一",
        "日 本一の",
        "Ｎｏ．１",
        "No. 1",
        "№1",
        "ﾅﾝﾊﾞｰﾜﾝ",
        "最 高 の医療",
        "「日本」一",
        "日本-一",
        "最\u200b高の",
    ],
)
def test_another_way_to_write_a_wording_is_found_as_well(cast: Cast, words: str) -> None:
    assert flags({"catch": words}, words_on(date(2026, 6, 1), cast.facility("H1").pk))


@pytest.mark.parametrize(
    "words",
    [
        "完全予約制です",
        "絶対安静の方",
        "お子さまの発熱",
        "日本一周の写真展",
        "最高血圧が高い方",
        "ビルの最上階",
    ],
)
def test_harmless_words_that_contain_one_are_left_alone(cast: Cast, words: str) -> None:
    found = flags({"catch": words}, words_on(date(2026, 6, 1), cast.facility("H1").pk))
    assert not found


def test_the_list_has_days_and_a_house_adds_its_own(world: World) -> None:
    row = world.does("sato", rack.add_word, word="楽々通院", kind="exaggerated", source="院内の取り決め")
    owner = world.scheme.owner_id
    assert [f.word for f in flags({"catch": "楽々 通院"}, words_on(clock.today(), owner))] == ["楽々通院"]
    assert not flags({"catch": "楽々通院"}, words_on(clock.today(), world.cast.facility("H2").pk))
    world.does("sato", rack.end_word, row)
    assert not flags({"catch": "楽々通院"}, words_on(clock.today(), owner))
    national = next(w for w in words_on(clock.today(), owner) if w.owner_id is None)
    with pytest.raises(NotFound):
        world.does("sato", rack.end_word, national)


def test_every_national_wording_names_its_source(db: None) -> None:
    rows = words_on(date(2026, 6, 1), 0)
    assert len(rows) > 40
    assert all(row.source and row.advice for row in rows)
    assert plain("Ｎｏ．１") == "no1"


def test_the_clinic_cannot_approve_its_own_leaflet(world: World) -> None:
    version = world.submitted("aoki")
    with pytest.raises(NotAllowed):
        world.does("aoki", actions.approve, version)
    with pytest.raises(NotFound):
        world.does("east_clerk", actions.approve, version)


def test_a_returned_version_says_what_to_change_and_comes_back(world: World) -> None:
    version = world.submitted()
    with pytest.raises(Invalid):
        world.does("sato", actions.send_back, version, answer=" ")
    back = world.does("sato", actions.send_back, version, answer="駐車場の台数を入れてください")
    assert back.state == LeafletState.RETURNED
    kept = world.does("kimura", actions.save_draft, back, texts=TEXTS | {"access": "駐車場6台"})
    assert world.does("kimura", actions.submit, kept).state == LeafletState.SUBMITTED


def test_a_submitted_version_changes_no_more(world: World) -> None:
    version = world.submitted()
    with pytest.raises(NotPossibleNow):
        world.does("kimura", actions.save_draft, version, texts=TEXTS)
    with pytest.raises(NotPossibleNow):
        world.does("kimura", actions.next_version, version.leaflet)


def test_the_third_version_replaces_the_second_and_hours_stay_as_handed_in(world: World) -> None:
    version = world.approved()
    for _ in range(2):
        draft = world.does("kimura", actions.next_version, version.leaflet)
        version = world.does("sato", actions.approve, world.does("kimura", actions.submit, draft))
    assert version.number == 3
    with acting(world.cast.actor("sato")):
        states = [row.state for row in queries.history(world.cast.actor("sato"), version.leaflet)]
    assert states == ["approved", "replaced", "replaced"]
    assert PublishedLeaflet.objects.get().number == 3


def test_who_is_no_member_has_no_leaflet(world: World) -> None:
    with pytest.raises(NotPossibleNow) as refused:
        world.does("east_clerk", actions.begin, scheme=world.scheme, facility_id=world.cast.facility("H2").pk)
    assert refused.value.code == "no_member"
    with pytest.raises(NotAllowed):
        world.draft("hayashi", "C1")


def test_the_house_writes_only_for_members_without_renkei(world: World) -> None:
    with pytest.raises(NotAllowed):
        world.draft("sato", "C1")
    with arranging("a clinic on paper"):
        clinic = world.cast.facility("C2")
        clinic.uses_renkei = False
        clinic.save()
    assert world.approved("sato", "C2").state == LeafletState.APPROVED


def test_a_text_too_long_for_its_panel_is_refused_at_its_field(world: World) -> None:
    draft = world.draft()
    with pytest.raises(Invalid) as refused:
        world.does("kimura", actions.save_draft, draft, texts=TEXTS | {"catch": "あ" * 35})
    assert refused.value.field == "catch"
    with pytest.raises(Invalid):
        world.does("kimura", actions.save_draft, draft, texts=TEXTS | {"strengths": "あ\n" * 11 + "い"})


def test_the_longest_texts_stay_on_two_pages(world: World) -> None:
    facts = {
        "name": "医療法人社団みどり桜会 桜台ファミリークリニック循環器・糖尿病内科 南館",
        "kana": "イリョウホウジンシャダンミドリサクラカイ",
        "postal_code": "259-1100",
        "address": "神奈川県みどり市桜台2-3-1 みどり駅前メディカルビルディング2階201号室",
        "phone": "0463-00-0001",
        "fax": "0463-00-0002",
        "access": "",
        "departments": ["脳神経外科", "リハビリテーション科"] * 5,
        "head": "院長 長谷川 孝太郎",
        "hours": [{"opens": "09:00", "closes": "12:30", "days": [True] * 8}] * 5,
    }
    texts = {block.key: "漢" * (block.limit - block.lines) + "\n" * (block.lines - 1) for block in FIELDS}
    made = pdf.leaflet(
        texts,
        facts,
        picture=photo("JPEG"),
        house="みどり中央病院",
        mark="登録医",
        number=12,
        approved_on=date(2026, 6, 1),
        url="https://renkei.example.jp/x",
    )
    assert not pdf.overflows(made)
    first = PdfReader(io.BytesIO(made)).pages[0].mediabox
    assert (round(float(first.width)), round(float(first.height))) == (842, 595)


def test_a_photo_is_checked_by_its_content(world: World) -> None:
    draft = world.draft()
    with pytest.raises(Invalid):
        world.does("kimura", actions.set_picture, draft, picture=b"GIF89a not a picture")
    with_photo = world.does("kimura", actions.set_picture, draft, picture=photo())
    assert with_photo.picture is not None
    world.does("sato", actions.approve, world.does("kimura", actions.submit, with_photo))
    assert PublishedLeaflet.objects.get().media_type == "image/png"


def test_a_leaflet_bears_the_word_of_its_own_scheme(world: World, client: Client) -> None:
    world.approved()
    assert printing.mark_of(world.scheme) == "登録医"
    with arranging("another kind of scheme"):
        Scheme.objects.filter(pk=world.scheme.pk).update(key="next_ebina")
    page = reverse("publications:leaflet_public", args=[PublishedLeaflet.objects.get().uid])
    for shown in (
        client.get(page).content.decode(),
        words_of(client.get(page.rstrip("/") + ".pdf").content),
    ):
        assert "ネクスト" in shown
        assert "登録医" not in shown.replace("登録医療", "")


def test_the_preview_shows_both_pages_and_the_wordings_as_typed(world: World, browser: StaffClient) -> None:
    draft = world.draft()
    browser.log_in(world.cast.actor("kimura"))
    answer = browser.post(
        reverse("publications:leaflet_preview", args=[draft.uid]), TEXTS | {"catch": "世界一の笑顔"}
    )
    shown = answer.content.decode()
    assert shown.count("data:image/png;base64,") == 2
    assert "比較優良広告" in shown
    with acting(world.cast.actor("kimura")):
        kept = queries.version(world.cast.actor("kimura"), draft.uid)
    assert kept.texts["catch"] == TEXTS["catch"]


def test_every_page_opens_for_its_side(world: World, browser: StaffClient) -> None:
    version = world.submitted()
    for who, names in {
        "kimura": ["leaflets"],
        "sato": ["leaflets", "leaflet_rack", "leaflet_words", "leaflet_rack_pdf", "leaflet_removal_pdf"],
    }.items():
        browser.log_in(world.cast.actor(who))
        for name in names:
            assert browser.get(reverse(f"publications:{name}")).status_code == 200, name
        for name in ("leaflet_version", "leaflet_pdf"):
            assert browser.get(reverse(f"publications:{name}", args=[version.uid])).status_code == 200
    assert browser.get(reverse("publications:leaflets") + "?tab=missing").status_code == 200
    browser.log_in(world.cast.actor("kimura"))
    assert browser.get(reverse("publications:leaflet_rack")).status_code == 403
