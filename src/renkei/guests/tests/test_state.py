"""The public state: a code and a telephone number open it, and it names no patient."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from renkei.gate.context import acting
from renkei.guests import actions, codes
from renkei.guests.models import GuestRequest
from renkei.guests.tests.conftest import Sent
from renkei.kernel import clock
from testing.cast import Cast

URL = "guests:state"
PATIENT = ("森", "ひかり", "モリ", "動悸", "林医院", "林 和彦")


def _look(code: str, phone: str = "0463-00-0001") -> tuple[int, str]:
    answer = Client().post(reverse(URL), {"code": code, "phone": phone})
    return answer.status_code, answer.content.decode()


def test_the_pair_shows_the_state_and_no_patient(cast: Cast, waiting: GuestRequest) -> None:
    status, page = _look(codes.shown(waiting.code).lower(), "０４６３ー００ー０００１")
    assert status == 200
    assert "電話確認待ち" in page
    assert not [word for word in PATIENT if word in page]


def test_every_wrong_pair_gets_the_same_answer(waiting: GuestRequest) -> None:
    pages = [
        _look("ZZZZZZZZZZ"),
        _look(waiting.code, "0463-00-0002"),
        _look("ZZZZZZZZZZ", "0463-00-0002"),
        _look(waiting.code, "1234"),
    ]
    assert {status for status, _page in pages} == {422}
    assert all("組み合わせが見つかりません" in page for _status, page in pages)
    assert not [word for _s, page in pages for word in PATIENT if word in page]


def test_the_state_follows_the_desk_up_to_the_date(cast: Cast, waiting: GuestRequest) -> None:
    desk = cast.actor("sato")
    with acting(desk):
        row = actions.call_back(desk, waiting, called="0463-00-0001", confirmed_with="受付の宮本さん")
    assert "受付中" in _look(waiting.code)[1]
    with acting(desk):
        actions.accept(desk, row, starts_at=clock.jst(2026, 6, 9, 10, 30))
    page = _look(waiting.code)[1]
    assert "日程決定" in page
    assert "2026年6月9日" in page
    assert "10:30" in page
    assert not [word for word in PATIENT if word in page]


def test_a_refusal_shows_no_reason(cast: Cast, waiting: GuestRequest) -> None:
    desk = cast.actor("sato")
    with acting(desk):
        actions.refuse(desk, waiting, reason="動悸は循環器の専門外来へ")
    page = _look(waiting.code)[1]
    assert "お受けできませんでした" in page
    assert "専門外来" not in page


def test_looking_is_limited_for_each_address(send: Sent, waiting: GuestRequest) -> None:
    statuses = [_look("ZZZZZZZZZZ")[0] for _ in range(30)]
    assert set(statuses) == {422}
    assert _look(waiting.code)[0] == 429
