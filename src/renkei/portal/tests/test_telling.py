"""What happens to a referral is told to the other side: once, without the patient's name, with the way to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from renkei.circles.events import EmergencyOpened
from renkei.events.bus import deliver, deliver_pending
from renkei.events.models import OutboxEvent
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices import queries as notices
from renkei.notices.models import Notice, OutgoingMail
from renkei.portal import subscribers
from renkei.referrals import actions, queries
from renkei.referrals.events import ReferralMoved, ReplyReminded
from renkei.referrals.models import Referral
from renkei.referrals.types import Diagnosis, LetterContent, ReplyKind
from renkei.referrals.workflow import REFERRAL
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

MONDAY = clock.jst(2026, 6, 1, 9, 0)
LETTER = LetterContent(purpose="ご高診をお願いします。", diagnoses=(Diagnosis("2型糖尿病"),))


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


@pytest.fixture
def sent(cast: Cast) -> Referral:
    aoki = cast.actor("aoki")
    with acting(aoki):
        made = actions.draft(aoki, cast.patient("suzuki"))
        made = actions.write(aoki, made, content=LETTER, receiver=cast.facility("H1"))
        actions.finalise(aoki, queries.one(aoki, made.uid))
        actions.send(aoki, queries.one(aoki, made.uid))
    return made


def _tell() -> None:
    with arranging():
        deliver_pending()


def _told(cast: Cast, login_id: str) -> list[Notice]:
    actor = cast.actor(login_id)
    with acting(actor):
        return notices.latest(actor)


def test_a_hospital_is_told_of_a_new_letter_and_the_link_opens_it(
    cast: Cast, sent: Referral, browser: StaffClient
) -> None:
    _tell()
    [notice] = _told(cast, "sato")
    assert notice.text == f"青木内科から紹介 {sent.number} が届きました。受け付けてください。"
    assert (notice.kind, notice.number) == ("referral_received", sent.number)
    assert notice.url == f"/referrals/{sent.uid}/"
    assert _told(cast, "aoki") == []
    opened = browser.log_in(cast.actor("sato")).get(f"/notices/{notice.uid}/")
    assert opened["Location"] == notice.url


def test_no_notice_names_a_patient(cast: Cast, sent: Referral) -> None:
    sato = cast.actor("sato")
    with acting(sato):
        actions.receive(sato, queries.one(sato, sent.uid))
        actions.post_message(sato, queries.one(sato, sent.uid), text="鈴木様の件です")
    _tell()
    texts = [n.text for who in ("sato", "aoki") for n in _told(cast, who)]
    assert len(texts) == 3
    assert not any("鈴木" in text for text in texts)


def test_a_repeated_delivery_tells_nobody_twice(cast: Cast, sent: Referral) -> None:
    _tell()
    with arranging():
        for uid in OutboxEvent.objects.values_list("uid", flat=True):
            deliver(event_uid=str(uid))
    assert len(_told(cast, "sato")) == 1


def test_a_reply_is_told_once_and_not_as_a_move_as_well(cast: Cast, sent: Referral) -> None:
    sato, doctor = cast.actor("sato"), cast.actor("takahashi")
    with acting(sato):
        later = MONDAY + timedelta(days=4)
        actions.offer_date(sato, queries.one(sato, sent.uid), starts_at=later, confirmed=True)
        actions.arrive(sato, queries.one(sato, sent.uid))
    with acting(doctor):
        reply = actions.write_reply(
            doctor, queries.one(doctor, sent.uid), kind=ReplyKind.FIRST_REPORT, text="診察しました。"
        )
        actions.send_reply(doctor, queries.one(doctor, sent.uid), reply=reply)
    _tell()
    told = [n.text for n in _told(cast, "aoki") if n.kind == "reply_arrived"]
    assert told == [f"みどり中央病院から紹介 {sent.number} の初回経過報告が届きました。"]


def _moved(cast: Cast, referral: Referral, move: str, *, by: str, sender: str = "C1") -> ReferralMoved:
    return ReferralMoved(
        referral_id=referral.pk,
        referral_uid=str(referral.uid),
        number=referral.number,
        kind="referral",
        move=move,
        state="x",
        sender_id=cast.facility(sender).pk,
        receiver_id=cast.facility("H1").pk,
        actor_facility_id=cast.facility(by).pk,
    )


def test_every_move_that_is_told_stands_in_the_table_of_moves() -> None:
    assert set(subscribers.MOVES) <= {move.name for move in REFERRAL.moves}


@pytest.mark.parametrize("move", sorted(subscribers.MOVES))
def test_each_move_reaches_the_side_that_did_not_act(cast: Cast, sent: Referral, move: str) -> None:
    with arranging():
        subscribers.tell_of_move(_moved(cast, sent, move, by="H1"))
    [notice] = _told(cast, "aoki")
    assert "みどり中央病院" in notice.text
    assert sent.number in notice.text
    assert _told(cast, "sato") == []


def test_a_house_without_renkei_gets_a_letter_by_post_and_no_mail(cast: Cast, sent: Referral) -> None:
    with arranging():
        clinic = cast.facility("C2")
        clinic.uses_renkei, clinic.email = False, "fax@example.jp"
        clinic.save()
        subscribers.tell_of_move(_moved(cast, sent, "decline", by="H1", sender="C2"))
        subscribers.tell_of_move(_moved(cast, sent, "confirm_date", by="H1", sender="C2"))
        assert not OutgoingMail._base_manager.exists()
    sato = cast.actor("sato")
    with acting(sato):
        assert [n.kind for n in notices.letters_to_post(sato)] == ["referral_declined"]


def test_a_mail_says_the_number_and_never_the_sentence(cast: Cast, sent: Referral) -> None:
    with arranging():
        hospital = cast.facility("H1")
        hospital.email = "liaison@example.jp"
        hospital.save()
        subscribers.tell_of_move(_moved(cast, sent, "send", by="C1"))
        [mail] = OutgoingMail._base_manager.all()
    assert (mail.to, sent.number in mail.subject) == ("liaison@example.jp", True)
    assert "青木内科" not in mail.subject + mail.body


def test_a_house_that_reminds_itself_is_told(cast: Cast, sent: Referral) -> None:
    house = cast.facility("H1").pk
    with arranging():
        subscribers.tell_of_reminder(
            ReplyReminded(sent.pk, str(sent.uid), sent.number, "final_report", house, house)
        )
    assert [n.kind for n in _told(cast, "sato")] == ["reminder"]


def test_an_emergency_access_is_told_to_the_house_of_the_patient_only(cast: Cast) -> None:
    patient = cast.patient("suzuki")
    owner, other = cast.facility("C1").pk, cast.facility("H1").pk
    uid = "00000000-0000-7000-8000-000000000002"
    with arranging():
        subscribers.tell_of_emergency(EmergencyOpened(uid, patient.pk, owner, other, "みどり中央病院 高橋"))
        subscribers.tell_of_emergency(EmergencyOpened(uid, patient.pk, owner, owner, "青木内科 青木"))
    [notice] = _told(cast, "aoki")
    assert (notice.kind, notice.url) == ("emergency_access", f"/circles/reviews/{uid}/")
    assert _told(cast, "sato") == []
