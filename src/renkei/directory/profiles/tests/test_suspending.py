"""休止: a facility rests for a time and comes back by itself, or earlier; it is no closing (廃院)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.urls import reverse

from renkei.directory import jobs
from renkei.directory.models import ClosingDay, Facility
from renkei.directory.profiles import actions as own
from renkei.directory.profiles import queries as shown
from renkei.directory.profiles.suspending import resume, suspend
from renkei.gate.actor import current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

FIRST, BACK = date(2026, 7, 1), date(2026, 9, 1)


@pytest.fixture(autouse=True)
def first_of_june() -> Iterator[None]:
    with clock.frozen(clock.jst(2026, 6, 1, 9)):
        yield


def rests(facility: Facility, *days: date) -> list[bool]:
    return [shown.suspension(facility, day) is not None for day in days]


def test_a_suspension_begins_and_ends_by_its_days(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        suspend(aoki, clinic, from_on=FIRST, back_on=BACK, note="改築のため")
    assert rests(clinic, date(2026, 6, 30), FIRST, date(2026, 8, 31), BACK) == [False, True, True, False]
    assert shown.suspended_on(FIRST) == {clinic.pk}
    assert shown.suspended_on(BACK) == set()


def test_nobody_has_to_know_when_the_facility_comes_back(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        suspend(aoki, clinic, from_on=FIRST)
        assert rests(clinic, date(2031, 1, 1)) == [True]
        with clock.frozen(clock.jst(2026, 7, 20)):
            resume(aoki, clinic)
    assert rests(clinic, date(2026, 7, 19), date(2026, 7, 20)) == [True, False]


def test_the_day_of_return_is_put_off_or_the_whole_taken_back(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        suspend(aoki, clinic, from_on=FIRST, back_on=BACK)
        resume(aoki, clinic, back_on=date(2026, 10, 1))
        assert rests(clinic, BACK, date(2026, 10, 1)) == [True, False]
        assert resume(aoki, clinic, back_on=FIRST) is None
        with pytest.raises(NotPossibleNow):
            resume(aoki, clinic)
    assert not ClosingDay.objects.exists()


@pytest.mark.parametrize(
    ("from_on", "back_on", "field"),
    [
        (FIRST, FIRST, "back_on"),
        (date(2026, 5, 1), date(2026, 6, 1), "back_on"),
        (date(2026, 8, 1), None, "from_on"),
        (date(2026, 6, 2), date(2026, 7, 2), "from_on"),
        (date(2027, 4, 1), None, "from_on"),
    ],
)
def test_days_in_disorder_said_before_or_after_the_closing_are_refused(
    cast: Cast, from_on: date, back_on: date | None, field: str
) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with arranging():
        Facility.objects.filter(pk=clinic.pk).update(closed_on=date(2027, 3, 31))
    clinic.refresh_from_db()
    with acting(aoki):
        suspend(aoki, clinic, from_on=FIRST, back_on=BACK)
        with pytest.raises(Invalid) as refused:
            suspend(aoki, clinic, from_on=from_on, back_on=back_on)
    assert refused.value.field == field
    assert ClosingDay.objects.count() == 1


def test_only_who_may_close_it_may_suspend_it(cast: Cast) -> None:
    clinic = cast.facility("C1")
    sato = cast.actor("sato")
    with acting(sato):
        with pytest.raises(NotAllowed):
            suspend(sato, clinic, from_on=FIRST)
        with pytest.raises(NotAllowed):
            resume(sato, clinic)
    assert not ClosingDay.objects.exists()
    with arranging():
        suspend(current(), clinic, from_on=FIRST)
    assert shown.suspended_on(FIRST) == {clinic.pk}


def test_a_suspension_is_not_taken_away_as_a_day_off(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        row = suspend(aoki, clinic, from_on=FIRST)
        with pytest.raises(NotFound):
            own.remove_closing_day(aoki, clinic, closing_day_id=row.pk)
        with pytest.raises(Invalid, match="もう登録されています"):
            own.add_closing_day(aoki, clinic, from_on=date(2026, 8, 1))


def test_who_rests_is_not_asked_to_confirm_its_data(cast: Cast) -> None:
    before = jobs.remind_of_confirmation()
    with arranging():
        for row in ClosingDay.objects.all():
            row.delete()
    aoki = cast.actor("aoki")
    with acting(aoki):
        suspend(aoki, cast.facility("C1"), from_on=date(2026, 6, 2))
    with clock.frozen(clock.jst(2027, 7, 1)):
        assert jobs.remind_of_confirmation() == before - 1


def test_the_page_says_so_and_leads_back(cast: Cast, browser: StaffClient) -> None:
    clinic = cast.facility("C1")
    address = reverse("directory:suspension", args=[clinic.uid])
    page = reverse("directory:facility", args=[clinic.uid])
    browser.log_in(cast.actor("aoki"))
    assert browser.post(address, {"from_on": "2026-06-01", "note": "院長療養のため"}).status_code == 302
    browser.log_in(cast.actor("sato"))
    assert (
        "休止中です(再開未定)。紹介の宛先には選べません。院長療養のため" in browser.get(page).content.decode()
    )
    assert browser.get(address).status_code == 403
    browser.log_in(cast.actor("aoki"))
    assert "再開の登録" in browser.get(address).content.decode()
    assert browser.post(address, {"back_on": "2026-07-01"}).status_code == 302
    assert "休止中です(7月1日再開予定)" in browser.get(page).content.decode()
    with clock.frozen(clock.jst(2026, 7, 1, 9)):
        browser.log_in(cast.actor("aoki"))
        assert "休止中" not in browser.get(page).content.decode()


def test_who_rests_is_marked_where_a_facility_is_looked_for(cast: Cast, browser: StaffClient) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        suspend(aoki, clinic, from_on=clock.today(), back_on=BACK)
    browser.log_in(cast.actor("sato"))
    page = reverse("directory:suggest")
    (found,) = browser.get(page, {"q": "あおき"}).json()["results"]
    assert found["warning"] == "休止中(9月1日再開予定)"
    others = browser.get(page, {"q": "みどり"}).json()["results"]
    assert others
    assert not [one for one in others if "warning" in one]


def test_the_page_of_return_offers_the_planned_day_and_not_the_end_of_the_plan(
    cast: Cast, browser: StaffClient
) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    address = reverse("directory:suspension", args=[clinic.uid])
    with acting(aoki):
        suspend(aoki, clinic, from_on=clock.today(), back_on=BACK)
    browser.log_in(aoki)
    page = browser.get(address).content.decode()
    assert 'value="R8.9.1"' in page
    assert "休止のはじめの日(6月1日)" in page
    # Saved as it stands nothing changes; the first day takes all of it back, and is told so.
    assert browser.post(address, {"back_on": "R8.9.1"}).status_code == 302
    assert rests(clinic, clock.today(), BACK) == [True, False]
    answer = browser.post(address, {"back_on": "R8.6.1"}, follow=True)
    assert "休止を取りやめました" in answer.content.decode()
    assert not ClosingDay.objects.exists()
