"""A physician without an account asks: what is kept, what is refused, and what nobody learns."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pypdf import PdfWriter

from renkei.directory.models import Rule
from renkei.events.bus import deliver_pending
from renkei.gate.context import acting
from renkei.guests import actions, codes, rates
from renkei.guests.models import GuestFile, GuestRequest, GuestTry
from renkei.guests.tests.conftest import UNKNOWN, Filled, Sent, all_requests
from renkei.guests.types import State
from renkei.kernel import clock
from renkei.notices.models import Notice
from renkei.patients.models import Patient
from renkei.referrals.models import Referral
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def _pdf() -> bytes:
    paper, kept = PdfWriter(), io.BytesIO()
    paper.add_blank_page(100, 100)
    paper.write(kept)
    return kept.getvalue()


def test_a_request_waits_for_a_call_and_is_nothing_else_yet(cast: Cast, send: Sent) -> None:
    with arranging("counting"):
        before = Patient._base_manager.count(), Referral._base_manager.count()
    answer = send()
    assert answer.status_code == 200
    row = all_requests()[-1]
    assert row.state == State.WAITING
    assert row.facility_id == cast.facility("H1").pk
    assert row.sender_id == cast.facility("C2").pk
    assert codes.shown(row.code) in answer.content.decode()
    with arranging("counting"):
        assert (Patient._base_manager.count(), Referral._base_manager.count()) == before


def test_a_logged_in_member_of_staff_asks_as_a_guest_too(
    cast: Cast, opened: str, filled: Filled, browser: StaffClient
) -> None:
    answer = browser.log_in(cast.actor("hayashi")).post(opened, filled())
    assert answer.status_code == 200
    assert len(all_requests()) == 1


def test_only_the_house_sees_the_request(cast: Cast, waiting: GuestRequest, browser: StaffClient) -> None:
    url = reverse("guests:request", args=[waiting.uid])
    assert "森 ひかり" in browser.log_in(cast.actor("sato")).get(url).content.decode()
    for stranger in ("east_clerk", "aoki", "hayashi"):
        answer = browser.log_in(cast.actor(stranger)).get(url)
        assert answer.status_code == 404
        assert "森" not in answer.content.decode()


def test_the_desk_is_told_without_a_name(cast: Cast, waiting: GuestRequest) -> None:
    with arranging("delivering"):
        deliver_pending()
        told = Notice._base_manager.filter(kind="guest_asked").get()
    assert told.facility_id == cast.facility("H1").pk
    assert "森" not in told.text
    assert str(waiting.uid) in told.url


def test_known_and_unknown_clinics_get_the_same_answer(cast: Cast, send: Sent) -> None:
    answers = []
    for number in ("1410000045", UNKNOWN):
        text = send(institution_number=number, phone=f"0463-00-{number[-4:]}").content.decode()
        answers.append(re.sub(r"[2-9A-Z]{5}-[2-9A-Z]{5}|[A-Za-z0-9]{64}", "RANDOM", text))
    assert answers[0] == answers[1]
    assert [r.sender_id is None for r in all_requests()] == [False, True]


def test_the_number_of_the_institution_is_read_and_its_fault_named(send: Sent) -> None:
    assert send(institution_number="１４-１０００００４５").status_code == 200
    for typed, word in (
        ("0000045", "7桁"),
        ("9910000045", "都道府県番号"),
        ("1450000045", "点数表番号"),
        ("14abc", "数字以外"),
    ):
        answer = send(institution_number=typed)
        assert answer.status_code == 422
        assert word in answer.content.decode()
    assert len(all_requests()) == 1


@pytest.mark.parametrize(
    "field", ["clinic", "physician", "phone", "patient_name", "patient_kana", "birth_on", "purpose"]
)
def test_a_missing_field_is_named_and_nothing_is_kept(send: Sent, field: str) -> None:
    assert send(**{field: ""}).status_code == 422
    assert all_requests() == []


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("consent", ""),
        ("kind", "00000000-0000-7000-8000-000000000000"),
        ("department", "存在しない科"),
        ("wish_from", "2026-05-01"),
        ("birth_on", "2030-01-01"),
        ("phone", "1234"),
        ("purpose", "あ" * 1001),
    ],
)
def test_what_cannot_be_is_refused(send: Sent, field: str, typed: str) -> None:
    assert send(**{field: typed}).status_code == 422
    assert all_requests() == []


def test_the_wish_must_end_after_it_begins(send: Sent) -> None:
    assert send(wish_from="2026-06-20", wish_until="2026-06-10").status_code == 422
    assert send(wish_from="2026-06-10", wish_until="2026-06-20").status_code == 200


def test_the_fourth_open_request_of_a_number_is_refused_and_nothing_is_stored(send: Sent) -> None:
    for _ in range(3):
        assert send().status_code == 200
    refused = send(phone="0463-00-5555")
    assert refused.status_code == 409
    assert "3件" in refused.content.decode()
    other_number = send(institution_number=UNKNOWN)
    assert other_number.status_code == 409, "the telephone number counts by itself"
    assert len(all_requests()) == 3
    assert send(institution_number=UNKNOWN, phone="0463-00-5555").status_code == 200


def test_a_decided_request_makes_room(cast: Cast, send: Sent) -> None:
    for _ in range(3):
        send()
    desk = cast.actor("sato")
    with acting(desk):
        actions.refuse(desk, all_requests()[0], reason="同じ内容の依頼が重なっています。")
    assert send().status_code == 200


def test_the_house_sets_the_limit_from_a_day_on(cast: Cast, send: Sent) -> None:
    with arranging("a rule"):
        Rule(
            code="guest.open_limit",
            jurisdiction=f"facility:{cast.facility('H1').pk}",
            params={"value": 1},
            valid_from=clock.today(),
        ).save()
    assert send().status_code == 200
    assert send().status_code == 409


def test_the_form_sent_twice_is_one_request(opened: str, filled: Filled) -> None:
    browser = Client()
    ticket = browser.get(opened).context["form"].initial["ticket"]
    first, second = (browser.post(opened, filled(ticket=ticket)) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.context["code"] == second.context["code"]
    assert len(all_requests()) == 1


def test_a_forged_ticket_only_gets_another_code(send: Sent) -> None:
    assert send(ticket="AAAAAAAAAA").status_code == 200
    assert all_requests()[0].code != "AAAAAAAAAA"


def test_one_address_may_ask_ten_times_an_hour(send: Sent, opened: str) -> None:
    answers = [send(clinic="").status_code for _ in range(11)]
    assert answers[:10] == [422] * 10
    assert answers[10] == 429
    refused = send()
    assert int(refused["Retry-After"]) <= 3600
    with clock.frozen(clock.jst(2026, 6, 1, 10, 1)):
        assert send().status_code == 200
    with arranging("reading"):
        rows = list(GuestTry._base_manager.all())
    assert all("127.0.0.1" not in row.address_digest for row in rows)
    assert rates.forget(clock.jst(2026, 6, 3)) == 2


def test_a_closed_page_and_an_unknown_one_look_the_same(cast: Cast, opened: str, filled: Filled) -> None:
    form, admin = filled(), cast.actor("oka")
    with acting(admin):
        actions.set_page(admin, is_open=False, code="midori-chuo")
    closed, unknown = (
        Client().get(path) for path in (opened, reverse("guests:ask", args=["nowhere-clinic"]))
    )
    assert closed.status_code == unknown.status_code == 404
    assert Client().post(opened, form).status_code == 404
    assert Client().get(reverse("guests:ask", args=[cast.facility("H1").uid])).status_code == 404
    assert all_requests() == []


def test_the_page_is_found_by_the_uid_of_the_facility_too(cast: Cast, opened: str) -> None:
    assert Client().get(reverse("guests:ask", args=[cast.facility("H1").uid])).status_code == 200
    assert Client().get(reverse("guests:ask", args=[cast.facility("H2").uid])).status_code == 404


def test_a_form_from_another_site_is_refused(opened: str, filled: Filled) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(opened, filled()).status_code == 403
    assert all_requests() == []
    strict.get(opened)
    token = strict.cookies["csrftoken"].value
    assert strict.post(opened, filled(csrfmiddlewaretoken=token)).status_code == 200


def test_files_are_judged_by_content_and_one_bad_one_keeps_everything_out(
    opened: str, filled: Filled
) -> None:
    good = SimpleUploadedFile("紹介状.pdf", _pdf(), "application/pdf")
    bad = SimpleUploadedFile("画像.pdf", b"MZ\x90\x00", "application/pdf")
    refused = Client().post(opened, filled(files=[good, bad]))
    assert refused.status_code == 422
    assert "画像.pdf" in refused.content.decode()
    assert all_requests() == []
    good.seek(0)
    assert Client().post(opened, filled(files=[good])).status_code == 200
    with arranging("reading"):
        kept = GuestFile._base_manager.get()
    assert (kept.name, bytes(kept.content)) == ("紹介状.pdf", _pdf())


def test_too_many_files_and_too_large_a_body_are_refused(opened: str, filled: Filled) -> None:
    many = [SimpleUploadedFile(f"{n}.pdf", _pdf()) for n in range(6)]
    assert Client().post(opened, filled(files=many)).status_code == 422
    huge = Client().post(opened, b"", content_type="text/plain", CONTENT_LENGTH=str(30 * 1024 * 1024))
    assert huge.status_code == 413
    assert all_requests() == []


def test_markup_in_a_request_stays_text(cast: Cast, send: Sent, browser: StaffClient) -> None:
    send(purpose="<script>alert(1)</script>", clinic="<b>林医院</b>")
    row = all_requests()[0]
    page = browser.log_in(cast.actor("sato")).get(reverse("guests:request", args=[row.uid]))
    assert "<script>alert" not in page.content.decode()
    assert "&lt;script&gt;" in page.content.decode()
