"""Nobody is told of a page that does not open for them: every person of every house, every event, papers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from renkei.circles.actions import open_emergency
from renkei.directory.models import Facility
from renkei.events.bus import deliver_pending
from renkei.exchange.actions import import_document
from renkei.exchange.tests.conftest import addressed, raw
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.notices import queries as notices
from renkei.notices.types import kind_of
from renkei.portal import subscribers
from renkei.referrals import queries
from renkei.referrals.events import ReplyReminded, ReplyUnread
from renkei.referrals.jobs import remind_of_unread_replies
from renkei.referrals.models import Deadline, Referral, ReplyLetter
from renkei.referrals.tests.test_the_loop import MONDAY, Region
from renkei.referrals.types import ReplyKind
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


def _answered(region: Region, referral: Referral) -> None:
    """The receiver's whole day with a letter: date, arrival, a line, replies."""
    soon = MONDAY + timedelta(hours=2)
    region.do("sato", "offer_date", referral, starts_at=soon)
    region.do("sato", "cancel_date", referral, reason="都合")
    region.do("sato", "offer_date", referral, starts_at=soon, confirmed=True)
    region.do("sato", "change_date", referral, starts_at=soon + timedelta(hours=1))
    region.do("sato", "confirm_date", referral)
    region.do("sato", "post_message", referral, text="お電話で確認しました。", by_telephone=True)
    region.do("sato", "arrive", referral)
    region.do("sato", "admit", referral)
    region.do("sato", "discharge", referral)
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT)
    region.reply("takahashi", referral, ReplyKind.FINAL_REPORT)
    region.do("sato", "close", referral)


def _by_screen(region: Region) -> None:
    _answered(region, region.sent())


def _recalled(region: Region) -> None:
    referral = region.sent()
    region.do("sato", "receive", referral)
    region.do("kimura", "withdraw", referral, reason="宛先の誤り")


def _declined(region: Region) -> None:
    region.do("sato", "decline", region.sent(), reason="満床")


def _taken_in(region: Region, number: str = "") -> Referral:
    """A document on the desk; with ``number`` its sender is a house that works with Renkei."""
    sato, content = region.cast.actor("sato"), raw(addressed())
    if number:
        content = content.replace(b"1410112345", number.encode())
    with acting(sato):
        return import_document(sato, content, "紹介状.json").referral


def _from_a_stranger(region: Region) -> None:
    _answered(region, _taken_in(region))


def _from_a_house_of_the_region(region: Region) -> None:
    _answered(region, _taken_in(region, "1410000037"))


def _declined_document(region: Region) -> None:
    region.do("sato", "decline", _taken_in(region, "1410000037"), reason="満床")


def _reminded_and_unread(region: Region) -> None:
    for referral in (region.arrived(), _taken_in(region, "1410000037")):
        for house in ("C1", "H1"):
            key, about = region.cast.facility(house).pk, (referral.pk, str(referral.uid), referral.number)
            with arranging():
                subscribers.tell_of_reminder(ReplyReminded(*about, "final_report", key, key))
                subscribers.tell_of_unread_reply(
                    ReplyUnread(*about, "first_report", key, region.cast.facility("H1").pk)
                )


def _emergency(region: Region) -> None:
    doctor = region.cast.actor("takahashi")
    with acting(doctor):
        open_emergency(doctor, region.cast.patient("yamada").pk, reason="意識障害で搬送")


DAYS: dict[str, tuple[Callable[[Region], None], bool]] = {
    "a letter from screen to the close": (_by_screen, True),
    "a letter that was recalled": (_recalled, True),
    "a letter that was declined": (_declined, True),
    "a document of a stranger": (_from_a_stranger, False),
    "a document of a house of the region": (_from_a_house_of_the_region, False),
    "a document that was declined": (_declined_document, False),
    "reminders and unread replies": (_reminded_and_unread, True),
    "an emergency access": (_emergency, True),
}
"""What is done on that day, and whether anybody is told of it on screen."""


@pytest.mark.parametrize("day", DAYS)
def test_whatever_a_person_is_told_of_opens_for_that_person(
    day: str, cast: Cast, browser: StaffClient
) -> None:
    does, on_screen = DAYS[day]
    does(Region(cast))
    with arranging():
        deliver_pending()
    shown = 0
    for actor in cast.actors.values():
        with acting(actor):
            mine = list(notices.notices(actor))
        browser.log_in(actor)
        for notice in mine:
            shown += 1
            assert not notice.url or browser.get(notice.url).status_code == 200, (actor.label, notice.text)
    assert bool(shown) is on_screen


def test_a_recalled_letter_is_told_to_the_receiver_without_a_way_to_it(cast: Cast) -> None:
    _recalled(Region(cast))
    with arranging():
        deliver_pending()
    sato = cast.actor("sato")
    with acting(sato):
        [newest, *_rest] = notices.latest(sato)
    assert (newest.kind, newest.url) == ("referral_recalled", "")


def test_what_happens_to_a_document_goes_to_its_sender_by_post(cast: Cast) -> None:
    """The house named in a file was never let in, also when it works with Renkei: a letter, no notice, no mail."""
    with arranging():
        Facility.objects.filter(pk=cast.facility("C1").pk).update(email="desk@example.jp")
    _declined_document(Region(cast))
    with arranging():
        deliver_pending()
    sato, aoki = cast.actor("sato"), cast.actor("aoki")
    with acting(sato):
        [letter] = notices.letters_to_post(sato)
    assert (letter.kind, letter.url, letter.facility_id) == ("referral_declined", "", cast.facility("C1").pk)
    with acting(aoki):
        assert notices.latest(aoki) == []


def test_a_reply_to_a_document_is_to_be_printed_and_is_never_unread(cast: Cast, browser: StaffClient) -> None:
    region = Region(cast)
    referral = _taken_in(region, "1410000037")
    region.do("sato", "offer_date", referral, starts_at=MONDAY + timedelta(hours=2))
    with arranging():
        assert not Deadline._base_manager.filter(name="date_answer", referral_id=referral.pk).exists()
    region.do("sato", "arrive", referral)
    doctor = browser.log_in(cast.actor("takahashi"))
    answer = doctor.post(
        f"/referrals/{referral.uid}/reply/",
        {"kind": "first_report", "text": "診察しました。", "do": "send"},
        follow=True,
    )
    page = answer.content.decode()
    assert "印刷して送ってください" in page
    assert "印刷して送る" in page
    assert "未読" not in page.split('id="reply-')[1].split("</section>")[0]
    with clock.frozen(MONDAY + timedelta(days=60)):
        assert remind_of_unread_replies() == 0
    with arranging():
        assert ReplyLetter._base_manager.get(referral_id=referral.pk).told_again_at is None


def test_the_desk_is_asked_to_agree_on_a_date_by_telephone(cast: Cast, browser: StaffClient) -> None:
    region = Region(cast)
    by_document, by_screen = _taken_in(region), region.sent()
    browser.log_in(cast.actor("sato"))
    asked = {
        uid: browser.get(f"/referrals/{uid}/ask/offer_date/").context["form"]["confirmed"].value()
        for uid in (by_document.uid, by_screen.uid)
    }
    assert asked == {by_document.uid: True, by_screen.uid: False}


def test_every_kind_that_is_told_says_who_may_open_it() -> None:
    kinds = {telling.kind for telling in subscribers.MOVES.values()}
    assert [code for code in kinds if not kind_of(code).opens] == []


def test_the_administrator_is_not_told_of_letters_that_are_closed_to_administrators(cast: Cast) -> None:
    region = Region(cast)
    region.sent()
    with arranging():
        deliver_pending()
    sato, oka = cast.actor("sato"), cast.actor("oka")
    with acting(sato):
        assert len(notices.latest(sato)) == 1
        assert queries.desk_counts(sato)["new"] == 1
    with acting(oka):
        assert notices.unread_count(oka) == 0
