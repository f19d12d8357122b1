"""Sign, send, write anew, copy, correct: what a clerk and a physician do with one letter (S03)."""

from __future__ import annotations

from django.urls import reverse

from renkei.directory.models import Facility
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.referrals import queries
from renkei.referrals.tests.desks import (
    PURPOSE,
    Desk,
    clerk,
    monday,
    physician,
    text_of,
    url,
)
from renkei.referrals.types import State
from testing.database import arranging

__all__ = ["clerk", "monday", "physician"]

# sign and send


def test_a_letter_without_purpose_is_not_sent_and_the_draft_is_kept(physician: Desk) -> None:
    referral = physician.start()
    answer = physician.post(referral, "send", purpose="  ")
    page = text_of(answer)
    assert answer.status_code == 422
    assert "紹介目的を入力してください" in page
    assert 'href="#id_purpose"' in page
    assert physician.see(referral.uid).state == State.DRAFT
    assert physician.letter(referral).finalised_at is None
    assert physician.letter(referral).read_content().course == "半年前から悪化しています。"


def test_a_letter_without_diagnosis_or_receiver_names_the_field(physician: Desk) -> None:
    referral = physician.start()
    no_diagnosis = physician.post(referral, "finalise", **{"dx-0-text": ""})
    assert no_diagnosis.status_code == 422
    assert "#id_diagnoses" in text_of(no_diagnosis)
    no_receiver = physician.post(referral, "finalise", receiver="", receiver_code="")
    assert no_receiver.status_code == 422
    assert "紹介先の医療機関" in text_of(no_receiver)


def test_the_second_press_on_send_tells_what_happened(physician: Desk) -> None:
    referral = physician.start()
    data = physician.form(referral, do="send")
    assert physician.browser.post(url(referral), data).status_code == 302
    second = physician.browser.post(url(referral), data)
    assert second.status_code == 409
    assert "みどり中央病院" in text_of(second)
    assert reverse("referrals:show", args=[referral.uid]) in text_of(second)
    with acting(physician.actor):
        sent = [
            m for m in queries.whole(physician.actor, physician.see(referral.uid)).moves if m.name == "send"
        ]
    assert len(sent) == 1


def test_a_clerk_asks_the_physician_signs_and_the_clerk_sends(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    assert "確定して送信" not in text_of(clerk.browser.get(url(referral)))
    assert clerk.post(referral, "send").status_code == 403
    assert clerk.post(referral, "ask").status_code == 302
    waiting = text_of(physician.browser.get(reverse("referrals:waiting")))
    assert "鈴木 一郎" in waiting
    assert "木村 あや" in waiting
    assert physician.post(referral, "finalise").status_code == 302
    signed = text_of(clerk.browser.get(url(referral)))
    assert ("青木 正道" in signed and "代行入力" in signed) or "確定" in signed
    sending = {"do": "send", "version": clerk.see(referral.uid).version}
    assert clerk.browser.post(url(referral), sending).status_code == 302
    assert clerk.see(referral.uid).state == State.SENT
    assert clerk.browser.post(url(referral), sending).status_code == 409


def test_an_incomplete_letter_is_not_put_before_the_physician(clerk: Desk) -> None:
    referral = clerk.start()
    answer = clerk.post(referral, "ask", purpose="")
    assert answer.status_code == 422
    assert "紹介目的" in text_of(answer)


def test_a_finalised_letter_is_not_written_over_but_can_be_written_anew(clerk: Desk, physician: Desk) -> None:
    referral = clerk.start()
    typed = clerk.form(referral, purpose="確定の後に届いた自動保存")
    physician.post(referral, "finalise")
    late = clerk.browser.post(url(referral), typed, headers={"X-Renkei-Autosave": "1"})
    assert late.status_code == 409
    assert "確定" in late.json()["message"]
    anew = {"do": "again", "version": clerk.see(referral.uid).version}
    answer = clerk.browser.post(url(referral), anew)
    assert answer.status_code == 302
    assert clerk.see(referral.uid).state == State.WITHDRAWN
    fresh = clerk.see(answer.url.split("/")[-3])
    assert (fresh.state, fresh.receiver.name) == (State.DRAFT, "みどり中央病院")
    assert clerk.letter(fresh).read_content().purpose == PURPOSE


def test_the_page_of_a_draft_leads_back_to_the_editor(clerk: Desk) -> None:
    referral = clerk.start()
    shown = text_of(clerk.browser.get(reverse("referrals:show", args=[referral.uid])))
    assert url(referral) in shown
    assert "続きを書く" in shown


def test_a_draft_is_thrown_away(clerk: Desk) -> None:
    referral = clerk.start()
    assert clerk.post(referral, "discard").status_code == 302
    assert clerk.see(referral.uid).state == State.WITHDRAWN


def test_a_closed_receiver_is_refused_and_nothing_is_finalised(physician: Desk) -> None:
    referral = physician.start()
    physician.post(referral)
    close("H1")
    answer = physician.post(referral, "send")
    assert answer.status_code == 422
    assert "閉院" in text_of(answer)
    assert physician.letter(referral).finalised_at is None


def close(key: str) -> None:
    with arranging():
        place = Facility.objects.get(name={"H1": "みどり中央病院"}[key])
        place.closed_on = clock.today()
        place.save()


# copy


def test_an_earlier_letter_is_copied_by_one_press_and_the_purpose_is_written_anew(physician: Desk) -> None:
    first = physician.start()
    physician.post(first, "send", results="HbA1c 9.2", **{"rx-0-name": "メトホルミン錠250mg"})
    second = physician.start()
    assert "写す" in text_of(physician.browser.get(url(second)))
    data = {"version": second.version, "do": f"copy:{first.uid}", "purpose": "今回の目的", "wish": "午前"}
    assert physician.browser.post(url(second), data).status_code == 302
    content, saved = physician.letter(second).read_content(), physician.see(second.uid)
    assert (content.purpose, content.results) == ("今回の目的", "HbA1c 9.2")
    assert content.prescriptions[0].name == "メトホルミン錠250mg"
    assert (saved.receiver.name, saved.wish) == ("みどり中央病院", "午前")


# correction


def test_a_correction_shows_what_changes_before_and_after(physician: Desk) -> None:
    referral = physician.start()
    physician.post(referral, "send")
    address = reverse("referrals:correct", args=[referral.uid])
    assert "半年前から" in text_of(physician.browser.get(address))
    typed = physician.form(referral, course="3か月前から悪化しています。", reason="")
    preview = physician.browser.post(address, typed | {"do": "preview"})
    assert preview.status_code == 200
    assert "<ins>" in text_of(preview)
    assert "<del>" in text_of(preview)
    missing = physician.browser.post(address, typed | {"do": "issue"})
    assert missing.status_code == 422
    assert "訂正の理由" in text_of(missing)
    done = physician.browser.post(address, typed | {"do": "issue", "reason": "期間の誤り"})
    assert done.status_code == 302
    shown = text_of(physician.browser.get(reverse("referrals:show", args=[referral.uid])))
    assert "第2版で変わったところ" in shown
    assert "期間の誤り" in shown
    second = physician.browser.post(address, typed | {"do": "issue", "reason": "もう一度"})
    assert second.status_code == 409


def test_a_correction_that_changes_nothing_is_refused(physician: Desk) -> None:
    referral = physician.start()
    physician.post(referral, "send")
    data = physician.form(referral, do="issue", reason="念のため")
    answer = physician.browser.post(reverse("referrals:correct", args=[referral.uid]), data)
    assert answer.status_code == 422
    assert "変わったところがありません" in text_of(answer)
