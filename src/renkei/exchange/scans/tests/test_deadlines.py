"""A house that only has a fax owes the same answers at the same time as one with Renkei."""

from __future__ import annotations

from datetime import timedelta

import pytest

from renkei.events.bus import deliver_pending
from renkei.exchange.scans import filing, queries
from renkei.exchange.scans.tests.desks import PaperDesk, blank
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.notices.models import Notice
from renkei.referrals import actions
from renkei.referrals import queries as referrals
from renkei.referrals.models import Deadline, Referral
from renkei.referrals.tests.test_the_loop import LETTER
from renkei.referrals.types import State
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def running(referral: Referral) -> dict[str, timedelta]:
    """Timer → how long it runs, of those that nobody has met."""
    with arranging():
        rows = Deadline._base_manager.filter(referral=referral, met_at=None)
        return {row.name: row.due_at - row.started_at for row in rows}


def electronic(cast: Cast) -> Referral:
    """The same letter to a hospital with Renkei, whose patient has come."""
    doctor, desk = cast.actor("aoki"), cast.actor("sato")
    with acting(doctor):
        made = actions.draft(doctor, cast.patient("yamada"))
        made = actions.write(doctor, made, content=LETTER, receiver=cast.facility("H1"))
        actions.finalise_and_send(doctor, referrals.one(doctor, made.uid))
    with acting(desk):
        actions.receive(desk, referrals.one(desk, made.uid))
        actions.arrive(desk, referrals.one(desk, made.uid))
    return made


def test_a_letter_on_paper_starts_the_timers_that_an_electronic_one_starts(desk: PaperDesk) -> None:
    referral = desk.sent()
    assert set(running(referral)) == {"accept"}
    with arranging():
        [due] = Deadline._base_manager.filter(referral=referral)
        assert due.facility_id == desk.partner.pk
    desk.scan(desk.form(referral, "arrival_notice"))
    other = electronic(desk.cast)
    # The arrival on paper is its own notice: that one is met by the sheet that tells of it.
    assert running(referral) == {k: v for k, v in running(other).items() if k != "arrival_notice"}
    assert set(running(referral)) == {"first_report", "final_report"}
    desk.scan(desk.form(referral, "final_report"))
    assert running(referral) == {}


def test_a_final_report_or_the_close_ends_every_timer(desk: PaperDesk) -> None:
    answered, ended = desk.sent("suzuki"), desk.sent("yamada")
    desk.scan(desk.form(answered, "final_report"))
    with acting(desk.clerk):
        actions.close_paper(desk.clerk, desk.see(ended), reason="電話で結果を確認")
    assert (running(answered), running(ended)) == ({}, {})


def test_a_reply_that_was_filed_wrong_has_met_nothing(desk: PaperDesk) -> None:
    referral = desk.sent()
    [arrival] = desk.scan(desk.form(referral, "arrival_notice"))
    [last] = desk.scan(desk.form(referral, "final_report"))
    with clock.frozen(clock.jst(2026, 6, 3, 9, 0)), acting(desk.clerk):
        filing.undo(desk.clerk, queries.one(desk.clerk, last.uid), reason="別の患者さん")
        assert set(running(referral)) == {"first_report", "final_report"}
        filing.undo(desk.clerk, queries.one(desk.clerk, arrival.uid), reason="別の患者さん")
    assert (desk.see(referral).state, set(running(referral))) == (State.SENT, {"accept"})


def test_a_late_answer_of_a_paper_partner_stands_on_the_senders_list(
    desk: PaperDesk, browser: StaffClient
) -> None:
    referral = desk.sent()
    with acting(desk.clerk):
        assert referrals.clinic_counts(desk.clerk)["late"] == 0
    with clock.frozen(clock.jst(2026, 6, 15, 9, 0)), acting(desk.clerk):
        assert referrals.clinic_counts(desk.clerk)["late"] == 1
        assert [r.pk for r in referrals.clinic(desk.clerk, "late")] == [referral.pk]
        shown = browser.log_in(desk.clerk).get("/referrals/clinic/?tab=late").content.decode()
        assert "返書遅れ" in shown


def test_a_paper_partner_is_reminded_by_a_letter(desk: PaperDesk) -> None:
    referral = desk.sent()
    with clock.frozen(clock.jst(2026, 6, 15, 9, 0)):
        with acting(desk.clerk):
            assert actions.remind(desk.clerk, desk.see(referral)) == 1
        with arranging():
            deliver_pending()
            [letter] = Notice._base_manager.filter(facility_id=desk.partner.pk, kind="reminder")
            assert (letter.on_paper, letter.from_facility_id) == (True, desk.clerk.facility_id)


def test_a_house_that_the_directory_does_not_know_runs_by_the_national_days(desk: PaperDesk) -> None:
    with acting(desk.clerk):
        made = actions.draft(desk.clerk, desk.cast.patient("suzuki"))
        made = actions.write(desk.clerk, made, content=LETTER, receiver=None, receiver_name="架空診療所")
    with acting(desk.doctor):
        actions.finalise_and_send(desk.doctor, desk.see(made, desk.doctor))
    assert set(running(made)) == {"accept"}
    monday_after = clock.frozen(clock.jst(2026, 6, 15, 9, 0))
    with monday_after, acting(desk.clerk), pytest.raises(NotPossibleNow, match="名簿にない"):
        actions.remind(desk.clerk, desk.see(made))


def test_what_came_on_paper_is_owed_like_anything_else(desk: PaperDesk) -> None:
    """A blank sheet that a clerk files by hand as 来院報告 starts the timers as its code would."""
    referral = desk.sent()
    [part] = desk.scan(blank())
    desk.file(part, referral, "arrival_notice")
    assert set(running(referral)) == {"first_report", "final_report"}
