"""The trunk from clinic to reply and back, as the people of the cast do it (S03)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.referrals import actions, queries
from renkei.referrals.jobs import remind_of_unread_replies
from renkei.referrals.models import Referral
from renkei.referrals.types import Diagnosis, LetterContent, ReplyKind, State
from testing.cast import Cast
from testing.database import arranging

MONDAY = clock.jst(2026, 6, 1, 9, 0)
LETTER = LetterContent(
    purpose="HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診をお願いします。",
    diagnoses=(Diagnosis("2型糖尿病", icd10="E11.2"), Diagnosis("高血圧症", icd10="I10")),
    course="半年前から血糖コントロールが悪化しています。",
)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


class Region:
    """Short words for the scenarios: everybody acts as themselves."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    def do(self, who: str, what: str, referral: Referral, **kwargs: object) -> Referral:
        actor = self.cast.actor(who)
        with acting(actor):
            getattr(actions, what)(actor, self.see(actor, referral), **kwargs)
        return referral

    def see(self, actor: Actor, referral: Referral) -> Referral:
        with acting(actor):
            return queries.one(actor, referral.uid)

    def draft(self, content: LetterContent = LETTER, to: str = "H1") -> Referral:
        clerk = self.cast.actor("kimura")
        with acting(clerk):
            made = actions.draft(clerk, self.cast.patient("suzuki"))
            return actions.write(
                clerk,
                made,
                content=content,
                receiver=self.cast.facility(to),
                receiver_department="糖尿病内科",
            )

    def sent(self) -> Referral:
        referral = self.draft()
        self.do("aoki", "finalise", referral)
        return self.do("aoki", "send", referral)

    def arrived(self) -> Referral:
        referral = self.sent()
        self.do("sato", "offer_date", referral, starts_at=MONDAY + timedelta(days=4), confirmed=True)
        return self.do("sato", "arrive", referral)

    def reply(self, who: str, referral: Referral, kind: ReplyKind, text: str = "診察しました。") -> None:
        actor = self.cast.actor(who)
        with acting(actor):
            reply = actions.write_reply(actor, self.see(actor, referral), kind=kind, text=text)
            actions.send_reply(actor, self.see(actor, referral), reply=reply)

    def state(self, who: str, referral: Referral) -> str:
        return self.see(self.cast.actor(who), referral).state


@pytest.fixture
def region(cast: Cast) -> Region:
    return Region(cast)


def test_a_letter_goes_from_the_clinic_to_the_final_report(region: Region) -> None:
    referral = region.sent()
    assert region.state("sato", referral) == State.SENT
    region.do("sato", "receive", referral)
    region.do("sato", "offer_date", referral, starts_at=clock.jst(2026, 6, 5, 10, 0))
    region.do("kimura", "confirm_date", referral)
    assert region.see(region.cast.actor("sato"), referral).appointment_at == clock.jst(2026, 6, 5, 10, 0)
    region.do("sato", "arrive", referral)
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT)
    region.reply("takahashi", referral, ReplyKind.FINAL_REPORT)
    assert region.state("aoki", referral) == State.FINAL_REPLY
    region.do("sato", "close", referral)
    assert region.state("aoki", referral) == State.CLOSED


def test_a_letter_without_purpose_is_not_sent_and_nothing_changes(region: Region) -> None:
    referral = region.draft(LetterContent(diagnoses=LETTER.diagnoses))
    with pytest.raises(Invalid) as refusal:
        region.do("aoki", "finalise", referral)
    assert refusal.value.field == "purpose"
    assert region.state("aoki", referral) == State.DRAFT


def test_the_hospital_does_not_see_a_draft(region: Region) -> None:
    referral = region.draft()
    with pytest.raises(NotFound):
        region.see(region.cast.actor("sato"), referral)


def test_a_hospital_that_is_not_the_addressee_finds_no_letter(region: Region) -> None:
    referral = region.sent()
    for stranger in ("east_clerk", "east_doctor", "hayashi"):
        with pytest.raises(NotFound):
            region.see(region.cast.actor(stranger), referral)


def test_closing_without_final_report_needs_a_reason(region: Region) -> None:
    referral = region.arrived()
    with pytest.raises(Invalid) as refusal:
        region.do("sato", "close", referral)
    assert refusal.value.field == "reason"
    assert region.state("sato", referral) == State.ARRIVED
    region.do("sato", "close", referral, reason="他院へ救急搬送されたため")
    assert region.state("sato", referral) == State.CLOSED


def test_a_clerk_cannot_finalise_for_the_physician(region: Region) -> None:
    referral = region.draft()
    with pytest.raises(NotAllowed):
        region.do("kimura", "finalise", referral)


def test_a_finalised_letter_is_corrected_by_a_new_version(region: Region) -> None:
    referral = region.sent()
    corrected = LetterContent(**{**vars(LETTER), "course": "3か月前から悪化しています。"})
    with pytest.raises(NotPossibleNow):
        region.do("kimura", "write", referral, content=corrected)
    region.do("aoki", "correct", referral, content=corrected, reason="経過の期間の誤り")
    actor = region.cast.actor("sato")
    with acting(actor):
        letters = queries.whole(actor, region.see(actor, referral)).letters
    assert [x.number for x in letters] == [1, 2]
    assert letters[0].read_content().course == LETTER.course


def test_two_clerks_answer_and_the_second_sees_what_happened(region: Region) -> None:
    referral = region.sent()
    actor = region.cast.actor("sato")
    with acting(actor):
        first, second = queries.one(actor, referral.uid), queries.one(actor, referral.uid)
        actions.accept(actor, first)
        with pytest.raises(Stale):
            actions.decline(actor, second, reason="満床のため")
    assert region.state("sato", referral) == State.ACCEPTED


def test_a_recalled_letter_leaves_the_receivers_desk(region: Region) -> None:
    referral = region.sent()
    region.do("aoki", "withdraw", referral, reason="宛先を間違えたため")
    with pytest.raises(NotFound):
        region.see(region.cast.actor("sato"), referral)
    assert region.state("aoki", referral) == State.WITHDRAWN


def test_a_reservation_keeps_the_letter_on_paper(region: Region) -> None:
    referral = region.draft()
    actor = region.cast.actor("kimura")
    with acting(actor):
        actions.write(
            actor,
            region.see(actor, referral),
            content=LETTER,
            receiver=region.cast.facility("H1"),
            basis="refusal",
        )
    region.do("aoki", "finalise", referral)
    with pytest.raises(Invalid) as refusal:
        region.do("aoki", "send", referral)
    assert refusal.value.field == "basis"
    region.do("aoki", "send", referral, electronic=False)
    with pytest.raises(NotFound):
        region.see(region.cast.actor("sato"), referral)


def test_a_date_in_the_past_is_refused(region: Region) -> None:
    referral = region.sent()
    with pytest.raises(Invalid) as refusal:
        region.do("sato", "offer_date", referral, starts_at=MONDAY - timedelta(hours=1))
    assert refusal.value.field == "starts_at"
    assert region.state("sato", referral) == State.SENT


def test_an_unanswered_visit_becomes_overdue_and_one_key_reminds(region: Region) -> None:
    referral = region.arrived()
    desk = region.cast.actor("sato")
    with clock.frozen(MONDAY + timedelta(days=40)), acting(desk):
        assert queries.desk_counts(desk)["overdue"] == 1
        assert [r.uid for r in queries.desk(desk, "overdue")] == [referral.uid]
        assert actions.remind(desk, queries.one(desk, referral.uid)) == 3
        with pytest.raises(NotPossibleNow):
            actions.remind(desk, queries.one(desk, referral.uid))


def test_the_first_report_meets_its_timer_but_not_the_final_ones(region: Region) -> None:
    referral = region.arrived()
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT)
    actor = region.cast.actor("sato")
    with acting(actor):
        running = {d.name for d in queries.whole(actor, region.see(actor, referral)).deadlines}
    assert running == {"final_report"}


def test_only_a_physician_sends_a_report(region: Region) -> None:
    referral = region.arrived()
    with pytest.raises(NotAllowed):
        region.reply("sato", referral, ReplyKind.FINAL_REPORT)
    region.reply("sato", referral, ReplyKind.ARRIVAL_NOTICE, "本日来院されました。")
    assert region.state("sato", referral) == State.ARRIVED


def test_the_patient_goes_back_with_what_is_known_already(region: Region) -> None:
    referral = region.arrived()
    doctor = region.cast.actor("takahashi")
    with acting(doctor):
        back = actions.draft_back_referral(doctor, region.see(doctor, referral))
        back = queries.one(doctor, back.uid)
        letter = queries.whole(doctor, back).letters[0].read_content()
        assert letter.diagnoses == LETTER.diagnoses
        assert back.receiver == region.cast.facility("C1")
        full = LetterContent(**{**vars(letter), "purpose": "内服を継続し、3か月ごとの採血をお願いします。"})
        actions.write(doctor, back, content=full, receiver=back.receiver)
    region.do("takahashi", "finalise", back)
    region.do("takahashi", "send", back)
    clinic = region.cast.actor("kimura")
    with acting(clinic):
        assert queries.clinic_counts(clinic)["incoming"] == 1


def test_every_tile_counts_what_its_list_shows(region: Region) -> None:
    region.sent()
    region.arrived()
    region.do("sato", "accept", region.sent())
    desk = region.cast.actor("sato")
    with acting(desk):
        counts = queries.desk_counts(desk)
        for tab in queries.DESK_TABS:
            assert counts[tab.key] == len(queries.desk(desk, tab.key))
        assert (counts["new"], counts["dates"], counts["today"]) == (1, 1, 1)


def test_messages_carry_read_marks(region: Region) -> None:
    referral = region.sent()
    region.do("sato", "post_message", referral, text="お薬手帳をお持ちください。")
    clerk = region.cast.actor("kimura")
    with acting(clerk):
        assert queries.clinic_counts(clerk)["unread"] == 1
        assert actions.mark_messages_read(clerk, region.see(clerk, referral)) == 1
        assert queries.clinic_counts(clerk)["unread"] == 0


def test_two_who_write_and_read_in_the_same_moment_do_not_stop_each_other(region: Region) -> None:
    """Both saw the referral as it was; the lines of one are no reason to refuse the other's, nor to read the page."""
    referral = region.sent()
    clerk, desk = region.cast.actor("kimura"), region.cast.actor("sato")
    with acting(desk):
        seen_by_desk = region.see(desk, referral)
    with acting(clerk):
        seen_by_clerk = region.see(clerk, referral)
    region.do("sato", "post_message", referral, text="お薬手帳をお持ちください。")
    with acting(clerk):
        actions.post_message(clerk, seen_by_clerk, text="承知しました。")
        assert actions.mark_messages_read(clerk, seen_by_clerk) == 1
    with acting(desk):
        assert actions.mark_messages_read(desk, seen_by_desk) == 1
        with pytest.raises(Stale):
            actions.post_message(desk, seen_by_desk.expecting(seen_by_desk.version), text="遅すぎる")


def test_one_search_finds_by_name_kana_number_facility_and_date(region: Region) -> None:
    referral = region.sent()
    actor = region.cast.actor("sato")
    with acting(actor):
        for text in ("鈴木", "スズキ", "すずき イチロウ", referral.number, "青木内科", "R8.6.1", "鈴木 青木"):
            assert [r.uid for r in queries.search(actor, text)] == [referral.uid], text
        assert list(queries.search(actor, "佐々木")) == []


def test_a_redirected_letter_becomes_a_draft_to_the_facility_that_was_suggested(region: Region) -> None:
    referral = region.sent()
    region.do(
        "sato", "redirect", referral, to=region.cast.facility("H2"), reason="脳外科の常勤医が不在のため"
    )
    doctor = region.cast.actor("aoki")
    with acting(doctor):
        again = actions.draft_again(doctor, region.see(doctor, referral))
        again = queries.one(doctor, again.uid)
        assert again.receiver == region.cast.facility("H2")
        assert queries.whole(doctor, again).letters[0].read_content() == LETTER
    with pytest.raises(NotFound):
        region.see(region.cast.actor("east_clerk"), referral)


def test_a_running_letter_is_not_written_again(region: Region) -> None:
    referral = region.sent()
    with pytest.raises(NotPossibleNow):
        region.do("aoki", "draft_again", referral)


def test_a_reply_that_lies_unread_for_three_days_is_told_again_once(region: Region) -> None:
    referral = region.arrived()
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT)
    with clock.frozen(MONDAY + timedelta(days=2)), arranging():
        assert remind_of_unread_replies() == 0
    with clock.frozen(MONDAY + timedelta(days=3, hours=1)), arranging():
        assert remind_of_unread_replies() == 1
        assert remind_of_unread_replies() == 0
