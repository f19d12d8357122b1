"""Pages that say no: what is wrong, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.portal.context import back_url
from testing.cast import Cast
from testing.fixtures import StaffClient

BACK = "http://testserver/referrals/desk/"


def _refused(error: DomainError, template: str = "gate/refusal.html") -> str:
    request = RequestFactory().post("/referrals/x/", headers={"Referer": BACK})
    return render_to_string(template, {"error": error}, request=request)


@pytest.mark.parametrize(
    ("error", "title", "link"),
    [
        (Invalid("x", "本文"), "入力を確かめてください", "戻る"),
        (NotAllowed("x", "本文"), "権限がありません", "戻る"),
        (NotFound("x", "本文"), "見つかりません", "戻る"),
        (NotPossibleNow("x", "本文"), "今はこの操作ができません", "最新の状態を開く"),
        (Stale("stale", "本文"), "ほかの人が先に更新しました", "最新の状態を開く"),
        (NotPossibleNow("other_facility", "本文"), "別の施設の画面です", "戻る"),
    ],
)
def test_a_refusal_names_the_matter_and_the_way_out(error: DomainError, title: str, link: str) -> None:
    page = _refused(error)
    assert f"<h1>{title}</h1>" in page
    assert "本文" in page
    assert f'href="{BACK}">{link}</a>' in page


def test_a_refused_fragment_is_one_alert() -> None:
    piece = _refused(Stale("stale", "本文"), "gate/_refusal.html")
    assert piece.startswith('<div class="alert tone-danger" role="alert">')
    assert "<html" not in piece
    assert "本文" in piece


def test_the_sentence_of_a_refusal_is_text_and_never_markup() -> None:
    assert "<script>" not in _refused(Invalid("x", "<script>alert(1)</script>"))


def test_the_way_back_never_leads_to_another_site() -> None:
    for came in ("https://elsewhere.example/", "javascript:alert(1)", "//elsewhere.example/x", ""):
        assert back_url(RequestFactory().post("/x/", headers={"Referer": came})) == ""


def test_the_way_back_is_not_the_page_itself() -> None:
    assert back_url(RequestFactory().get("/x/", headers={"Referer": "http://testserver/x/"})) == ""


def test_an_address_that_does_not_exist_keeps_the_menu(cast: Cast, browser: StaffClient) -> None:
    response = browser.log_in(cast.actor("sato")).get("/no/such/page/")
    page = response.content.decode()
    assert response.status_code == 404
    assert "ページが見つかりません" in page
    assert "受付デスク" in page


@pytest.mark.django_db
def test_an_address_that_does_not_exist_tells_a_visitor_nothing_more(client: Client) -> None:
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "受付デスク" not in response.content.decode()


def test_a_missing_permission_keeps_the_menu(cast: Cast, browser: StaffClient) -> None:
    response = browser.log_in(cast.actor("kimura")).get("/operations/")
    page = response.content.decode()
    assert response.status_code == 403
    assert "権限がありません" in page
    assert "紹介した患者" in page


def test_a_form_without_its_token_is_refused_in_japanese(cast: Cast) -> None:
    response = Client(enforce_csrf_checks=True).post("/operations/trail/check/")
    assert response.status_code == 403
    assert "送信の確認が取れませんでした" in response.content.decode()


def test_a_form_that_is_too_large_is_told_its_limit_and_one_that_cannot_be_read_what_to_do(
    cast: Cast, browser: StaffClient, settings: Any
) -> None:
    browser.log_in(cast.actor("sato"))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
    large = browser.post("/referrals/new/", {"note": "あ" * 1024 * 1024})
    assert large.status_code == 413
    assert "2MBまでです" in large.content.decode()
    assert "保存されていません" in large.content.decode()
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    many = browser.post("/referrals/new/", {f"f{n}": "x" for n in range(20)})
    assert many.status_code == 400
    assert "送られた内容を受け付けられません" in many.content.decode()


@pytest.mark.parametrize(
    "name",
    ["400.html", "403.html", "404.html", "403_csrf.html", "413.html", "429.html", "500.html", "503.html"],
)
def test_the_pages_of_errors_need_nothing_to_be_shown(name: str) -> None:
    assert "最初の画面へ" in render_to_string(name)
