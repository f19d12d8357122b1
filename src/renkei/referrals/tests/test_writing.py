"""The pages where a letter is written: start, save, receiver, and what goes wrong (S03)."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.directory.models import ClosingDay
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import actions
from renkei.referrals.tests.desks import (
    PURPOSE,
    Desk,
    clerk,
    monday,
    physician,
    picture,
    text_of,
    upload,
    url,
)
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, State
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

__all__ = ["clerk", "monday", "physician"]

# start


def test_a_patient_is_found_by_kana_and_one_press_opens_the_editor(clerk: Desk) -> None:
    found = clerk.browser.get(reverse("referrals:new"), {"q": "すずき"})
    assert "鈴木 一郎" in text_of(found)
    assert "加藤 ゆり" not in text_of(clerk.browser.get(reverse("referrals:new"), {"q": "かとう"}))
    referral = clerk.start()
    page = clerk.browser.get(url(referral))
    assert page.status_code == 200
    assert "鈴木 一郎 様" in text_of(page)
    assert "青木内科" in text_of(page)


def test_a_double_press_on_start_opens_the_same_draft(clerk: Desk) -> None:
    assert clerk.start().pk == clerk.start().pk


def test_another_facilitys_patient_cannot_be_referred(clerk: Desk) -> None:
    answer = clerk.browser.post(reverse("referrals:new"), {"patient": clerk.cast.patient("kato").uid})
    assert answer.status_code == 404


def test_a_known_patient_is_referred_with_three_fields_and_one_press(clerk: Desk, physician: Desk) -> None:
    """Receiver by one press, then purpose and diagnosis typed: nothing else is asked."""
    first = physician.start("yamada")
    assert physician.post(first, "send").status_code == 302
    referral = physician.start()
    data = {"version": referral.version, "do": f"receiver:{first.uid}"}
    assert physician.browser.post(url(referral), data).status_code == 302
    data = {
        "version": physician.see(referral.uid).version,
        "do": "send",
        "purpose": PURPOSE,
        "dx-0-text": "高血圧症",
        "receiver": "みどり中央病院",
        "receiver_department": "糖尿病内科",
    }
    assert physician.browser.post(url(referral), data).status_code == 302
    sent = physician.see(referral.uid)
    assert (sent.state, sent.receiver.name, sent.receiver_department) == (
        State.SENT,
        "みどり中央病院",
        "糖尿病内科",
    )


# save


def test_every_field_of_the_form_comes_back(clerk: Desk) -> None:
    referral = clerk.start()
    texts = [
        "past_history",
        "family_history",
        "allergies",
        "results",
        "treatment",
        "remarks",
        "prescription_text",
    ]
    lines = {
        "dx-0-suspected": "1",
        "dx-1-text": "珍しい病名",
        "rx-0-name": "アムロジピン錠5mg",
        "rx-0-usage": "1日1回 朝食後",
        "rx-0-amount": "28日分",
        "wish_from": "R8.6.4",
        "wish_until": "2026-06-10",
        "wish": "火・木の午前",
        "urgency": "urgent",
        "receiver_physician": "高橋 健一",
        "basis": "explicit_consent",
        "basis_note": "6/1 本人",
        "sender_department": "内科",
    }
    answer = clerk.post(referral, **{t: f"{t}の内容" for t in texts}, **lines)
    assert answer.status_code == 302
    page = text_of(clerk.browser.get(url(referral)))
    for shown in [
        *(f"{t}の内容" for t in texts),
        "珍しい病名",
        "アムロジピン錠5mg",
        "28日分",
        "火・木の午前",
        "6/1 本人",
    ]:
        assert shown in page, shown
    saved, content = clerk.see(referral.uid), clerk.letter(referral).read_content()
    assert (saved.urgency, saved.basis, str(saved.wish_from)) == ("urgent", "explicit_consent", "2026-06-04")
    assert [(d.text, d.suspected) for d in content.diagnoses] == [("2型糖尿病", True), ("珍しい病名", False)]
    assert content.prescriptions == (Prescription("アムロジピン錠5mg", "1日1回 朝食後", "28日分"),)


def test_the_autosave_answers_with_time_and_version_and_the_next_one_goes_on(clerk: Desk) -> None:
    referral = clerk.start()
    told = clerk.autosave(referral).json()
    assert told == {"saved_at": "09:00", "version": clerk.see(referral.uid).version}
    assert clerk.autosave(referral, version=told["version"], purpose="続き").status_code == 200
    assert clerk.letter(referral).read_content().purpose == "続き"


def test_a_lost_session_answers_401_and_the_same_form_is_saved_after_the_new_log_in(clerk: Desk) -> None:
    referral = clerk.start()
    typed = clerk.form(referral, purpose="途中まで書いた紹介目的")
    clerk.browser.logout()
    lost = clerk.browser.post(url(referral), typed, headers={"X-Renkei-Autosave": "1"})
    assert lost.status_code == 401
    clerk.browser.log_in(clerk.actor)
    assert clerk.browser.post(url(referral), typed, headers={"X-Renkei-Autosave": "1"}).status_code == 200
    assert clerk.letter(referral).read_content().purpose == "途中まで書いた紹介目的"


def test_two_clerks_write_one_draft_and_the_second_sees_both_versions(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    stale = clerk.form(referral, purpose="木村が書いた目的")
    physician.post(referral, purpose="青木が書いた目的")
    auto = clerk.browser.post(url(referral), stale, headers={"X-Renkei-Autosave": "1"})
    assert auto.status_code == 409
    assert "先に" in auto.json()["message"]
    answer = clerk.browser.post(url(referral), stale | {"do": "save"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "青木 正道" in page
    assert "木村が書いた目的" in page
    assert "<del>" in page
    assert "<ins>" in page
    again = stale | {"version": clerk.see(referral.uid).version, "do": "save"}
    assert clerk.browser.post(url(referral), again).status_code == 302
    assert clerk.letter(referral).read_content().purpose == "木村が書いた目的"


def test_a_form_opened_for_another_facility_is_refused(clerk: Desk) -> None:
    referral = clerk.start()
    other = clerk.cast.facility("H1").pk
    assert clerk.post(referral, _facility=other).status_code == 409
    assert clerk.letter(referral).read_content() == LetterContent()


def test_full_width_surrogate_pairs_and_ten_thousand_characters_are_kept(clerk: Desk) -> None:
    referral = clerk.start("yoshida")
    long = "𠮷田様の経過。" * 1_429
    typed = {"course": long, "purpose": "ＣＴ検査をお願いします。髙﨑神", "wish_from": "Ｒ８．６．４"}
    assert clerk.post(referral, **typed).status_code == 302
    content = clerk.letter(referral).read_content()
    assert content.course == long
    assert len(long) > 10_000
    assert content.purpose == "ＣＴ検査をお願いします。髙﨑神"
    assert str(clerk.see(referral.uid).wish_from) == "2026-06-04"


@pytest.mark.parametrize("field", ["purpose", "dx-0-text", "rx-0-name"])
def test_a_private_character_is_refused_with_its_place_and_the_text_stays(clerk: Desk, field: str) -> None:
    referral = clerk.start()
    answer = clerk.post(referral, **{field: "外字\ue000のある文"})
    page = text_of(answer)
    assert answer.status_code == 422
    assert ("3文字目" in page and "外字\ue000のある文" in page and PURPOSE[:10] in page) or field == "purpose"
    assert clerk.letter(referral).read_content() == LetterContent()


def test_too_long_a_note_is_refused_by_the_autosave_with_the_reason(clerk: Desk) -> None:
    referral = clerk.start()
    answer = clerk.autosave(referral, course="長" * 20_001)
    assert answer.status_code == 422
    assert "20000文字" in answer.json()["message"]


def test_wished_days_in_the_wrong_order_are_refused_and_nothing_is_lost(clerk: Desk) -> None:
    referral = clerk.start()
    answer = clerk.post(referral, wish_from="R8.6.10", wish_until="R8.6.4")
    assert answer.status_code == 422
    assert "入れ替えてください" in text_of(answer)
    assert PURPOSE in text_of(answer)


def test_a_refused_form_keeps_the_version_that_was_seen(clerk: Desk, physician: Desk) -> None:
    """Otherwise the mended form would overwrite a colleague without a word."""
    referral = clerk.start()
    bad = clerk.form(referral, wish_from="いつか")
    physician.post(referral, purpose="先に保存した目的")
    page = text_of(clerk.browser.post(url(referral), bad))
    assert f'name="version" value="{bad["version"]}"' in page


# receiver


def test_the_departments_follow_the_chosen_facility(clerk: Desk) -> None:
    address = reverse("referrals:letter_departments")
    known = text_of(
        clerk.browser.get(address, {"receiver_code": str(clerk.cast.facility("H1").uid), "receiver": "み"})
    )
    assert "循環器内科" in known
    assert "<select" in known
    free = text_of(clerk.browser.get(address, {"receiver": "登録のない病院"}))
    assert "<select" not in free
    assert "印刷" in free


def test_an_unregistered_facility_gets_a_printed_letter(physician: Desk) -> None:
    referral = physician.start()
    answer = physician.post(
        referral, "send", receiver="遠くの温泉病院", receiver_code="", receiver_department="内科"
    )
    assert answer.status_code == 302
    sent = physician.see(referral.uid)
    assert (sent.state, sent.electronic, sent.receiver_name) == (State.SENT, False, "遠くの温泉病院")


def test_a_reservation_of_the_patient_keeps_the_letter_on_paper(physician: Desk) -> None:
    referral = physician.start()
    refused = physician.post(referral, "send", basis="refusal")
    assert refused.status_code == 422
    assert "留保" in text_of(refused)
    assert physician.letter(referral).finalised_at is None
    assert physician.post(referral, "paper", basis="refusal").status_code == 302
    assert physician.see(referral.uid).electronic is False


def test_a_forged_code_of_a_facility_is_refused(clerk: Desk) -> None:
    referral = clerk.start()
    answer = clerk.post(
        referral, receiver="みどり中央病院", receiver_code="00000000-0000-0000-0000-000000000000"
    )
    assert answer.status_code == 422


def test_a_receiver_that_rests_is_said_at_the_field_and_stops_no_draft(clerk: Desk, physician: Desk) -> None:
    with arranging():
        ClosingDay.objects.create(
            facility=clerk.cast.facility("H1"), from_on=clock.today(), until_on=None, suspension=True
        )
    referral = physician.start()
    assert physician.post(referral, purpose="下書きの目的").status_code == 302
    page = text_of(physician.browser.get(url(referral)))
    assert "休止中(再開未定)。再開するまで紹介状を送れません。" in page
    refused = physician.post(referral, "send")
    assert refused.status_code == 422
    assert "休止中です" in text_of(refused)
    assert physician.see(referral.uid).state == State.DRAFT


# who sees what, how many queries


def test_strangers_and_the_receiver_do_not_open_the_editor(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    stranger = Desk(clerk.cast, StaffClient(), "hayashi")
    assert stranger.browser.get(url(referral)).status_code == 404
    physician.post(referral, "send")
    receiver = Desk(clerk.cast, StaffClient(), "sato")
    assert receiver.browser.get(url(referral)).status_code == 403
    assert receiver.browser.get(reverse("referrals:correct", args=[referral.uid])).status_code == 403


def test_the_editor_asks_the_database_the_same_number_of_times_for_long_letters(clerk: Desk) -> None:
    counts = []
    for lines in (1, 12):
        referral = clerk.start("suzuki" if lines == 1 else "yamada")
        with acting(clerk.actor):
            content = LetterContent(
                purpose="目的",
                diagnoses=tuple(Diagnosis(f"病名{i}") for i in range(lines)),
                prescriptions=tuple(Prescription(f"薬{i}") for i in range(lines)),
            )
            actions.write(
                clerk.actor, clerk.see(referral.uid), content=content, receiver=clerk.cast.facility("H1")
            )
        for i in range(lines // 4):
            upload(clerk, referral, SimpleUploadedFile(f"{i}.png", picture()))
        clerk.browser.get(url(referral))
        with CaptureQueriesContext(connection) as asked:
            assert clerk.browser.get(url(referral)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] < 40


def test_more_lines_come_as_a_fragment(clerk: Desk) -> None:
    address = reverse("referrals:letter_rows")
    answer = text_of(clerk.browser.get(address, {"part": "diagnoses", "from": "3"}))
    assert 'name="dx-3-text"' in answer
    assert "from=5" in answer
    assert clerk.browser.get(address, {"part": "others", "from": "3"}).status_code == 404


def test_a_chosen_department_stays_chosen_when_the_receiver_field_is_left(
    browser: StaffClient, cast: Cast
) -> None:
    clerk = browser.log_in(cast.actor("kimura"))
    asked = {"receiver_code": str(cast.facility("H1").uid), "receiver": "みどり中央病院"}
    page = reverse("referrals:letter_departments")
    kept = clerk.get(page, asked | {"receiver_department": "糖尿病内科"}).content.decode()
    assert '<option value="糖尿病内科" selected>' in kept
    other = clerk.get(page, asked | {"receiver_department": "歯科"}).content.decode()
    assert "selected" not in other


def test_a_letter_that_was_kept_is_read_as_it_was_written() -> None:
    written = LetterContent(
        purpose="診察", diagnoses=(Diagnosis("2型糖尿病"),), prescriptions=(Prescription("薬"),)
    )
    kept = written.to_json()
    assert kept == asdict(written)
    assert LetterContent.from_json(kept) == written
    assert hash(LetterContent.from_json(kept)) == hash(written)
    assert kept == written.to_json()
    assert LetterContent.from_json({"purpose": "診察"}) == LetterContent(purpose="診察")
    with pytest.raises(KeyError):
        LetterContent.from_json({"purpsoe": "診察"})
