"""The pages where a hospital answers: five kinds of reply, the physician's list, the read mark, the way back (S03)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import actions, queries
from renkei.referrals.models import Referral
from renkei.referrals.tests.desks import PURPOSE, Desk, clerk, monday, physician, picture, text_of, upload
from renkei.referrals.types import State
from testing.cast import Cast
from testing.fixtures import StaffClient

__all__ = ["clerk", "monday", "physician"]


@pytest.fixture
def office(cast: Cast) -> Desk:
    return Desk(cast, StaffClient(), "sato")


@pytest.fixture
def specialist(cast: Cast) -> Desk:
    return Desk(cast, StaffClient(), "takahashi")


@pytest.fixture
def arrived(physician: Desk, office: Desk) -> Referral:
    referral = physician.start()
    assert physician.post(referral, "send", **{"rx-0-name": "メトホルミン錠250mg"}).status_code == 302
    with acting(office.actor):
        actions.accept(office.actor, office.see(referral.uid))
        actions.arrive(office.actor, office.see(referral.uid))
    return office.see(referral.uid)


def url(referral: Referral) -> str:
    return reverse("referrals:reply", args=[referral.uid])


def post(desk: Desk, referral: Referral, do: str = "save", **changed: Any) -> Any:
    data = {"do": do, "kind": "first_report", "text": "診察しました。", "_facility": desk.actor.facility_id}
    return desk.browser.post(url(referral), data | changed)


def replies(desk: Desk, referral: Referral) -> list[Any]:
    with acting(desk.actor):
        return queries.whole(desk.actor, desk.see(referral.uid)).replies


def test_the_page_opens_with_the_reply_that_is_due_and_the_letter_beside_it(
    office: Desk, arrived: Referral
) -> None:
    page = text_of(office.browser.get(url(arrived)))
    assert 'value="arrival_notice" checked' in page
    assert "受診されました" in page
    assert PURPOSE in page
    for label in ("来院報告", "初回経過報告", "中間報告", "退院時報告", "最終報告"):
        assert label in page


def test_the_desk_writes_and_the_physician_sends(office: Desk, specialist: Desk, arrived: Referral) -> None:
    assert post(office, arrived).status_code == 302
    assert post(office, arrived, "send").status_code == 403
    waiting = text_of(specialist.browser.get(reverse("referrals:waiting")))
    assert "初回経過報告" in waiting
    assert "鈴木 一郎" in waiting
    draft = replies(specialist, arrived)[0]
    sending = {"reply": draft.uid, "version": draft.version, "text": "診察し、内服を調整しました。"}
    assert post(specialist, arrived, "send", **sending).status_code == 302
    sent = replies(office, arrived)
    assert [(r.kind, r.text) for r in sent] == [("first_report", "診察し、内服を調整しました。")]
    assert "高橋 健一" in sent[0].author
    assert "鈴木 一郎" not in text_of(specialist.browser.get(reverse("referrals:waiting")))


def test_the_desk_sends_the_arrival_notice_itself(office: Desk, arrived: Referral) -> None:
    assert post(office, arrived, "send", kind="arrival_notice").status_code == 302
    assert replies(office, arrived)[0].sent_at is not None


def test_a_second_press_on_send_sends_nothing_more(specialist: Desk, arrived: Referral) -> None:
    assert post(specialist, arrived, "send").status_code == 302
    again = post(specialist, arrived, "send")
    assert again.status_code == 409
    assert "高橋 健一" in text_of(again)
    assert len(replies(specialist, arrived)) == 1


def test_a_sent_reply_is_not_rewritten_by_an_open_page(specialist: Desk, arrived: Referral) -> None:
    post(specialist, arrived)
    draft = replies(specialist, arrived)[0]
    seen = {"reply": draft.uid, "version": draft.version}
    assert post(specialist, arrived, "send", **seen).status_code == 302
    late = specialist.browser.post(
        url(arrived), {"kind": "first_report", "text": "後から"} | seen, headers={"X-Renkei-Autosave": "1"}
    )
    assert late.status_code == 409
    assert "送りました" in late.json()["message"]
    assert replies(specialist, arrived)[0].text == "診察しました。"


def test_the_autosave_keeps_one_draft(specialist: Desk, arrived: Referral) -> None:
    auto = {"X-Renkei-Autosave": "1"}
    data = {"kind": "first_report", "text": "書き", "reply": "", "version": ""}
    first = specialist.browser.post(url(arrived), data, headers=auto)
    assert first.json()["saved_at"] == "09:00"
    more = data | {"text": "書きかけ", "version": first.json()["version"]}
    assert specialist.browser.post(url(arrived), more, headers=auto).status_code == 200
    assert [r.text for r in replies(specialist, arrived)] == ["書きかけ"]


def test_two_people_write_one_reply_and_the_second_keeps_the_text(
    office: Desk, specialist: Desk, arrived: Referral
) -> None:
    post(office, arrived, text="事務の下書き")
    answer = post(specialist, arrived, text="医師の下書き", version="", reply="")
    page = text_of(answer)
    assert answer.status_code == 409
    assert "事務の下書き" in page
    assert "医師の下書き" in page
    assert replies(office, arrived)[0].text == "事務の下書き"


def test_known_text_goes_in_by_one_press(specialist: Desk, arrived: Referral) -> None:
    assert post(specialist, arrived, "diagnoses").status_code == 302
    draft = replies(specialist, arrived)[0]
    assert draft.text.startswith("診察しました。")
    assert "2型糖尿病" in draft.text
    seen = {"reply": draft.uid, "version": draft.version, "text": draft.text}
    post(specialist, arrived, "prescriptions", **seen)
    assert replies(specialist, arrived)[0].prescriptions == "メトホルミン錠250mg"
    again = replies(specialist, arrived)[0]
    seen = {"reply": again.uid, "version": again.version, "text": again.text}
    post(specialist, arrived, "diagnoses", **seen)
    assert replies(specialist, arrived)[0].text == again.text


def test_a_reply_without_text_is_not_sent_and_the_plan_stays(specialist: Desk, arrived: Referral) -> None:
    answer = post(specialist, arrived, "send", text=" ", plan="3か月後に再診")
    assert answer.status_code == 422
    assert "本文を入力" in text_of(answer)
    assert "3か月後に再診" in text_of(answer)


def test_a_file_goes_with_the_reply_and_the_sender_sees_it_after_sending(
    specialist: Desk, physician: Desk, arrived: Referral
) -> None:
    post(specialist, arrived)
    draft = replies(specialist, arrived)[0]
    address = reverse("referrals:attach", args=[arrived.uid])
    good = SimpleUploadedFile("CT.png", picture())
    data = {"files": good, "reply": draft.uid}
    answer = specialist.browser.post(address, data, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "CT.png" in text_of(answer)
    assert "CT.png" in text_of(specialist.browser.get(url(arrived)))
    refused = upload(specialist, arrived, SimpleUploadedFile("CT.png", picture()))
    assert refused.status_code == 422


def test_reading_takes_the_unread_mark_away_and_tells_who_read(
    specialist: Desk, physician: Desk, arrived: Referral
) -> None:
    post(specialist, arrived, "send")
    sent = replies(physician, arrived)[0]
    shown = text_of(physician.browser.get(reverse("referrals:show", args=[arrived.uid])))
    address = reverse("referrals:reply_read", args=[arrived.uid, sent.uid])
    assert address in shown
    assert physician.browser.post(address).status_code == 302
    assert "青木 正道" in replies(specialist, arrived)[0].first_read_by


def test_the_sender_cannot_write_the_reply_and_a_stranger_finds_nothing(
    physician: Desk, arrived: Referral
) -> None:
    assert physician.browser.get(url(arrived)).status_code == 403
    stranger = Desk(physician.cast, StaffClient(), "hayashi")
    assert stranger.browser.get(url(arrived)).status_code == 404
    assert stranger.browser.post(reverse("referrals:back", args=[arrived.uid])).status_code == 404


def test_the_patient_goes_back_by_one_press_with_the_sender_filled_in(
    specialist: Desk, physician: Desk, arrived: Referral
) -> None:
    address = reverse("referrals:back", args=[arrived.uid])
    first, second = specialist.browser.post(address), specialist.browser.post(address)
    assert first.status_code == 302
    assert first.url == second.url
    page = text_of(specialist.browser.get(first.url))
    assert "青木内科" in page
    assert "2型糖尿病" in page
    back = specialist.see(first.url.split("/")[-3])
    clinic = physician.cast.facility("C2")
    other = specialist.form(back, do="send", receiver=clinic.name, receiver_code=str(clinic.uid))
    assert specialist.browser.post(first.url, other).status_code == 302
    sent = specialist.see(back.uid)
    assert (sent.state, sent.kind, sent.receiver.name) == (State.SENT, "back_referral", "林医院")


def test_the_day_of_the_visit_stands_in_the_arrival_notice(office: Desk, arrived: Referral) -> None:
    with clock.frozen(clock.jst(2026, 6, 3, 9, 0)):
        page = text_of(office.browser.get(url(arrived), {"kind": "arrival_notice"}))
    assert "令和8年6月1日に当院糖尿病内科を受診されました" in page
