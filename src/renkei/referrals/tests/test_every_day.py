"""What happens every day: a clinic closes, a colleague leaves, a deputy answers, a place without Renkei, the audit's words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from renkei.audit.models import AuditEntry
from renkei.directory.models import ClosingDay, Facility
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.workflow import Workflow
from renkei.referrals import actions, present, queries
from renkei.referrals.models import Referral
from renkei.referrals.registry import all_kinds
from renkei.referrals.tests.test_the_loop import LETTER, MONDAY, Region, monday, region
from renkei.referrals.types import ReplyKind, State
from testing.cast import Cast
from testing.database import arranging

__all__ = ["monday", "region"]


def close_for_good(cast: Cast, key: str) -> None:
    with arranging():
        Facility.objects.filter(pk=cast.facility(key).pk).update(closed_on=date(2026, 5, 31))


def test_a_letter_to_a_clinic_that_closed_is_refused_and_stays_a_draft(region: Region, cast: Cast) -> None:
    referral = region.draft(to="C2")
    region.do("aoki", "finalise", referral)
    close_for_good(cast, "C2")
    with pytest.raises(Invalid) as refusal:
        region.do("aoki", "send", referral)
    assert refusal.value.field == "receiver"
    assert region.state("aoki", referral) == State.DRAFT


def test_a_letter_to_a_clinic_that_rests_is_refused_until_it_is_back(region: Region, cast: Cast) -> None:
    referral = region.draft(to="C2")
    region.do("aoki", "finalise", referral)
    with arranging():
        days = {"from_on": date(2026, 5, 20), "until_on": clock.today(), "suspension": True}
        ClosingDay.objects.create(facility=cast.facility("C2"), **days)
    with pytest.raises(Invalid, match="休止中"):
        region.do("aoki", "send", referral)
    with clock.frozen(clock.now() + timedelta(days=1)):
        region.do("aoki", "send", referral)
    assert region.state("aoki", referral) == State.SENT


def test_when_the_sender_has_closed_the_back_referral_asks_for_another_clinic(
    region: Region, cast: Cast
) -> None:
    referral = region.arrived()
    close_for_good(cast, "C1")
    doctor = cast.actor("takahashi")
    with acting(doctor):
        back = actions.draft_back_referral(doctor, region.see(doctor, referral))
        assert queries.one(doctor, back.uid).receiver is None


def test_the_draft_of_a_colleague_who_left_is_finished_by_another(region: Region, cast: Cast) -> None:
    referral = region.draft()  # begun by 木村
    doctor = cast.actor("aoki")
    with acting(doctor):
        assert referral.uid in {r.uid for r in queries.clinic(doctor, "drafts")}
        assert [r.uid for r in queries.unfinished_of(doctor, cast.actor("kimura").person_id)] == [
            referral.uid
        ]
    region.do("aoki", "finalise", referral)
    region.do("aoki", "send", referral)
    assert region.state("sato", referral) == State.SENT


def test_a_deputy_of_the_house_answers_and_is_named(region: Region, cast: Cast) -> None:
    """高橋, whom the letter asked for, is away: 石田 goes on with the draft that 高橋 left and signs it."""
    referral = region.draft()
    clerk, doctor, deputy = cast.actor("kimura"), cast.actor("takahashi"), cast.actor("ishida")
    with acting(clerk):
        here = region.see(clerk, referral)
        actions.write(
            clerk, here, content=LETTER, receiver=cast.facility("H1"), receiver_physician="高橋 健一"
        )
    region.do("aoki", "finalise", referral)
    region.do("kimura", "send", referral)
    soon = MONDAY + timedelta(hours=1)
    region.do("sato", "offer_date", referral, starts_at=soon, confirmed=True)
    region.do("sato", "arrive", referral)
    with acting(doctor):
        left = actions.write_reply(
            doctor, region.see(doctor, referral), kind=ReplyKind.FIRST_REPORT, text="検査を始めました。"
        )
    with acting(deputy):
        seen = region.see(deputy, referral)
        whole = actions.write_reply(
            deputy, seen, reply=left, kind=ReplyKind.FIRST_REPORT, text="検査を始めました。結果は良好です。"
        )
        actions.send_reply(deputy, region.see(deputy, referral), reply=whole)
    with acting(clerk):
        [answer] = queries.whole(clerk, region.see(clerk, referral)).replies
    assert region.see(clerk, referral).receiver_physician == "高橋 健一"
    assert (answer.author, answer.author_id) == (deputy.label, deputy.person_id)
    assert answer.entered_by == deputy.label != doctor.label
    assert answer.text.endswith("結果は良好です。")


def test_a_place_that_is_not_registered_gets_a_printed_letter(region: Region, cast: Cast) -> None:
    referral = region.draft()
    clerk = cast.actor("kimura")
    with acting(clerk):
        actions.write(clerk, region.see(clerk, referral), content=LETTER, receiver_name="山の上診療所")
    region.do("aoki", "finalise", referral)
    region.do("kimura", "send", referral)
    sent = region.see(clerk, referral)
    assert (sent.state, sent.electronic, sent.receiver) == (State.SENT, False, None)
    assert {b.move for b in present.buttons(clerk, sent)} == {"close_paper", "withdraw"}
    with pytest.raises(NotFound):
        region.see(cast.actor("sato"), referral)
    region.do("kimura", "close_paper", referral, reason="電話で受診を確認")
    assert region.state("kimura", referral) == State.CLOSED


def test_a_telephone_call_is_noted_for_both_sides(region: Region, cast: Cast) -> None:
    referral = region.sent()
    region.do("sato", "post_message", referral, text="6/5の午前で調整中と伝えた。", by_telephone=True)
    clerk = cast.actor("kimura")
    with acting(clerk):
        messages = queries.whole(clerk, region.see(clerk, referral)).messages
    assert [(m.text, m.by_telephone) for m in messages] == [("6/5の午前で調整中と伝えた。", True)]


def test_the_timeline_says_what_the_trail_holds(region: Region, cast: Cast) -> None:
    referral = region.arrived()
    desk = cast.actor("sato")
    with acting(desk):
        told = {m.says for m in present.moments(queries.whole(desk, region.see(desk, referral)).moves)}
    with arranging():
        kept = set(
            AuditEntry.objects.filter(patient_ids__contains=[referral.patient_id]).values_list(
                "says", flat=True
            )
        )
    assert told
    assert told <= kept


def test_either_side_moves_a_date_and_the_other_confirms(region: Region, cast: Cast) -> None:
    referral = region.sent()
    region.do("sato", "offer_date", referral, starts_at=MONDAY + timedelta(days=4), confirmed=True)
    region.do("kimura", "change_date", referral, starts_at=MONDAY + timedelta(days=7), note="仕事の都合")
    assert region.state("sato", referral) == State.OFFERED
    region.do("sato", "confirm_date", referral)
    assert region.see(cast.actor("kimura"), referral).appointment_at == MONDAY + timedelta(days=7)
    region.do("kimura", "cancel_date", referral, reason="発熱のため")
    assert region.see(cast.actor("sato"), referral).appointment_at is None


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.key)
def test_every_state_has_a_word_and_every_end_is_final(kind: object) -> None:
    table: Workflow = kind.workflow  # type: ignore[attr-defined]
    assert set(table.labels) == set(State)
    assert set(present.TONES) == set(present.STEP_OF) == set(State)
    moving = {s for m in table.moves if m.target is not None for s in m.sources}
    assert not moving & set(table.ends)


def test_a_lost_row_is_not_a_referral(region: Region, cast: Cast) -> None:
    actor = cast.actor("sato")
    with acting(actor), pytest.raises(NotFound):
        queries.one(actor, Referral().uid)
    assert clock.now() == MONDAY
