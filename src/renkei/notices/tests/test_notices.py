"""Who is told what; mails that never carry a patient; letters for those without either."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.db import connection
from django.urls import reverse
from pypdf import PdfReader

from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.writing import OutsideAction, writing
from renkei.kernel.errors import NotFound
from renkei.notices import actions, queries
from renkei.notices.actions import notify
from renkei.notices.models import Notice, OutgoingMail
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

TEXT = "鈴木 一郎様(糖尿病)の紹介が青木内科から届きました"


def tell(actor: Actor, facility_id: int, **more: object) -> None:
    """As inside somebody's action."""
    with acting(actor), writing("test", actor):
        notify(facility_id, **({"text": TEXT, "kind": "referral_received"} | more))  # type: ignore[arg-type]


def test_a_clinic_tells_a_hospital_and_cannot_read_it_back(cast: Cast) -> None:
    aoki, sato = cast.actor("aoki"), cast.actor("sato")
    tell(aoki, sato.facility_id, url="/referrals/1/")
    with acting(sato):
        assert [n.text for n in queries.latest(sato)] == [TEXT]
        assert queries.unread_count(sato) == 1
    with acting(aoki):
        assert queries.latest(aoki) == []
        assert Notice._base_manager.count() == 0


def test_a_notice_to_one_person_is_hidden_from_colleagues(cast: Cast) -> None:
    sato, takahashi = cast.actor("sato"), cast.actor("takahashi")
    tell(cast.actor("aoki"), takahashi.facility_id, person_id=takahashi.person_id)
    with acting(takahashi):
        notice = queries.latest(takahashi)[0]
    with acting(sato):
        assert queries.unread_count(sato) == 0
        assert Notice._base_manager.count() == 0
        with pytest.raises(NotFound):
            queries.one(sato, notice.uid)


def test_telling_needs_an_action_or_the_system(cast: Cast) -> None:
    with acting(cast.actor("aoki")), pytest.raises(OutsideAction):
        notify(1, text="x")
    with arranging():
        notify(cast.facility("H1").pk, text="期限です", kind="overdue")


def test_a_mail_says_only_what_kind_the_number_and_the_link(cast: Cast) -> None:
    tell(
        cast.actor("aoki"),
        cast.facility("H1").pk,
        url="/referrals/0198/",
        number="R-2026-003214",
        mail_to="desk@example.jp",
    )
    with arranging():
        mail = OutgoingMail._base_manager.get()
    assert mail.subject == "[Renkei] 新しい紹介が届きました(R-2026-003214)"
    assert "/referrals/0198/" in mail.body
    for private in ("鈴木", "一郎", "糖尿病", "青木"):
        assert private not in mail.subject + mail.body


@pytest.mark.parametrize(
    "more",
    [{"number": "鈴木"}, {"url": "https://evil.example/"}, {"url": "/p/?name=鈴木"}, {"url": "/p/%E9%88%B4"}],
)
def test_neither_number_nor_link_can_carry_a_name(cast: Cast, more: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"path|digits"):
        tell(cast.actor("aoki"), cast.facility("H1").pk, mail_to="desk@example.jp", **more)


def test_opening_marks_as_read_and_leads_there(cast: Cast, browser: StaffClient) -> None:
    sato = cast.actor("sato")
    tell(cast.actor("aoki"), sato.facility_id, url="/referrals/1/")
    tell(cast.actor("aoki"), sato.facility_id, url="/referrals/2/")
    with acting(sato):
        newest = queries.latest(sato)[0]
    browser.log_in(sato)
    assert "鈴木 一郎様" in browser.get(reverse("notices:list")).content.decode()
    opened = browser.get(reverse("notices:open", args=[newest.uid]))
    assert opened["Location"] == "/referrals/2/"
    with acting(sato):
        assert queries.unread_count(sato) == 1
        actions.mark_read_about(sato, "/referrals/1/")
        assert queries.unread_count(sato) == 0


def test_everything_is_marked_read_for_this_facility_only(cast: Cast, browser: StaffClient) -> None:
    sato, east = cast.actor("sato"), cast.actor("east_clerk")
    for facility_id in (sato.facility_id, sato.facility_id, east.facility_id):
        tell(cast.actor("aoki"), facility_id)
    browser.log_in(sato)
    assert browser.post(reverse("notices:read_all")).status_code == 302
    with acting(sato):
        assert queries.unread_count(sato) == 0
    with acting(east):
        assert queries.unread_count(east) == 1


def test_a_stranger_gets_404_for_a_guessed_notice(cast: Cast, browser: StaffClient) -> None:
    sato = cast.actor("sato")
    tell(cast.actor("aoki"), sato.facility_id)
    with acting(sato):
        uid = queries.latest(sato)[0].uid
    browser.log_in(cast.actor("hayashi"))
    assert browser.get(reverse("notices:open", args=[uid])).status_code == 404
    assert browser.post(reverse("notices:letter", args=[uid])).status_code == 404


def test_a_facility_without_mail_and_account_gets_a_letter(cast: Cast, browser: StaffClient) -> None:
    sato, clinic = cast.actor("sato"), cast.facility("C2")
    tell(sato, clinic.pk, text="返書をお送りします。", from_facility_id=sato.facility_id, on_paper=True)
    browser.log_in(sato)
    page = browser.get(reverse("notices:list"), {"tab": "post"}).content.decode()
    assert "返書をお送りします。" in page
    with acting(sato):
        notice = queries.letters_to_post(sato)[0]
        assert queries.unread_count(sato) == 0
    letter = browser.post(reverse("notices:letter", args=[notice.uid]))
    text = "".join(p.extract_text() for p in PdfReader(BytesIO(letter.content)).pages)
    assert "林医院" in text
    assert "みどり中央病院" in text
    with acting(sato):
        assert queries.letters_to_post(sato)[0].printed_at is not None


def test_the_list_asks_the_same_number_of_questions_for_more_rows(cast: Cast, browser: StaffClient) -> None:
    from django.test.utils import CaptureQueriesContext

    sato = cast.actor("sato")
    browser.log_in(sato)
    tell(cast.actor("aoki"), sato.facility_id)
    browser.get(reverse("notices:list"))
    with CaptureQueriesContext(connection) as few:
        browser.get(reverse("notices:list"))
    for _ in range(20):
        tell(cast.actor("aoki"), sato.facility_id)
    with CaptureQueriesContext(connection) as many:
        browser.get(reverse("notices:list"))
    assert len(many) == len(few)
