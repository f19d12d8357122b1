"""What a facility keeps itself: profile, closing days, yearly confirmation; and notes that never leave their house."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from renkei.directory import actions, queries
from renkei.directory.jobs import remind_of_confirmation
from renkei.directory.models import FacilityProfile, FormerNumber, StaffNote
from renkei.directory.profiles import actions as own
from renkei.directory.profiles import queries as shown
from renkei.events.models import OutboxEvent
from renkei.gate.actor import Actor, current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, Stale
from renkei.notices.models import Notice
from testing.cast import Cast
from testing.database import arranging

TODAY = date(2026, 6, 1)


def at(day: date) -> AbstractContextManager[datetime]:
    return clock.frozen(clock.jst(day.year, day.month, day.day, 9))


@pytest.fixture(autouse=True)
def first_of_june() -> Iterator[None]:
    with at(TODAY):
        yield


def heard() -> list[int]:
    """Facilities whose change was told to the floors above, in order."""
    with arranging():
        rows = OutboxEvent.objects.filter(name="directory.ProfileChanged").order_by("created_at", "uid")
        return [row.payload["facility_id"] for row in rows]


def test_a_clinic_edits_its_profile_and_a_blank_one_stands_before(cast: Cast) -> None:
    clinic, aoki = cast.facility("C1"), cast.actor("aoki")
    assert shown.profile(clinic).pk is None
    with acting(aoki):
        own.edit_profile(
            aoki, clinic, values={"languages": ["zh", "en"], "functions": ["home_care"], "house_calls": True}
        )
    row = shown.profile(clinic)
    assert (row.house_calls, row.functions, row.accepts_new) == (True, ["home_care"], True)
    assert shown.languages_of(row) == ["英語", "中国語"]
    assert heard() == [clinic.pk]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"website": "ftp://example.jp"}, "website"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"languages": ["xx"]}, "languages"),
        ({"functions": ["everything"]}, "functions"),
        ({"message": "あ" * 301}, "message"),
    ],
)
def test_what_cannot_stand_in_a_profile_is_refused_at_its_field(
    cast: Cast, values: dict[str, object], field: str
) -> None:
    aoki = cast.actor("aoki")
    with acting(aoki), pytest.raises(Invalid) as refused:
        own.edit_profile(aoki, cast.facility("C1"), values=values)
    assert refused.value.field == field
    assert shown.profile(cast.facility("C1")).pk is None


def test_a_profile_that_somebody_saved_in_between_is_not_overwritten(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        own.edit_profile(aoki, clinic, values={"message": "駅前です"}, seen_version=0)
        with pytest.raises(Stale):
            own.edit_profile(aoki, clinic, values={"message": "駅裏です"}, seen_version=0)
    assert shown.profile(clinic).message == "駅前です"


def test_what_a_report_said_is_changed_by_a_report_alone(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        actions.set_functions(aoki, clinic, functions=[], year=2026)
        with pytest.raises(Invalid) as refused:
            own.edit_profile(aoki, clinic, values={"functions": ["home_care"], "message": "駅前です"})
        assert (refused.value.code, refused.value.field) == ("functions_reported", "functions")
        row = shown.profile(clinic)
        assert (row.functions, row.message, row.functions_year) == ([], "", 2026)
        own.edit_profile(aoki, clinic, values={"functions": [], "message": "駅前です"})
    assert shown.profile(clinic).message == "駅前です"


def test_nobody_changes_another_houses_data(cast: Cast) -> None:
    sato, clinic = cast.actor("sato"), cast.facility("C1")
    with acting(sato):
        for write in (
            lambda: own.edit_profile(sato, clinic, values={"listed": False}),
            lambda: own.confirm_profile(sato, clinic),
            lambda: own.add_closing_day(sato, clinic, from_on=TODAY),
            lambda: own.change_institution_number(sato, clinic, number="1410000999", from_on=TODAY),
        ):
            with pytest.raises(NotAllowed):
                write()
    assert not FacilityProfile.objects.filter(facility=clinic).exists()
    assert heard() == []


def test_a_closing_day_counts_on_both_its_ends_and_only_there(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        row = own.add_closing_day(
            aoki, clinic, from_on=date(2026, 8, 12), until_on=date(2026, 8, 16), note="夏季休診"
        )
    closed = [day for day in range(10, 20) if shown.closed_on_day(clinic, date(2026, 8, day))]
    assert closed == [12, 13, 14, 15, 16]
    assert shown.closed_among([clinic.pk, cast.facility("C2").pk], date(2026, 8, 14)).keys() == {clinic.pk}
    with acting(aoki):
        own.remove_closing_day(aoki, clinic, closing_day_id=row.pk)
        with pytest.raises(NotFound):
            own.remove_closing_day(aoki, clinic, closing_day_id=row.pk)
    assert shown.closing_days(clinic) == []
    assert heard() == [clinic.pk, clinic.pk]


@pytest.mark.parametrize(
    ("from_on", "until_on", "field"),
    [
        (date(2026, 8, 16), date(2026, 8, 12), "until_on"),
        (date(2026, 5, 1), date(2026, 5, 2), "from_on"),
        (date(2026, 7, 2), date(2026, 7, 9), "from_on"),
        (date(2026, 6, 1), date(2036, 6, 1), "until_on"),
    ],
)
def test_closing_days_in_disorder_passed_entered_before_or_endless_are_refused(
    cast: Cast, from_on: date, until_on: date, field: str
) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        own.add_closing_day(aoki, clinic, from_on=date(2026, 7, 1), until_on=date(2026, 7, 3))
        with pytest.raises(Invalid) as refused:
            own.add_closing_day(aoki, clinic, from_on=from_on, until_on=until_on)
    assert refused.value.field == field
    assert len(shown.closing_days(clinic)) == 1


def test_every_change_of_what_others_see_is_told(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        clinic = actions.edit_facility(aoki, clinic, address="みどり市中央2-2")
        actions.edit_facility(aoki, clinic, address="みどり市中央2-2")
        clinic = actions.set_hours(aoki, clinic, hours=[{"weekday": 0, "opens": "09:00", "closes": "12:00"}])
        actions.save_department(aoki, clinic, name="内科")
        actions.close_facility(aoki, clinic, closed_on=date(2027, 3, 31))
        own.confirm_profile(aoki, clinic)
    assert heard() == [clinic.pk] * 5


def test_a_facility_is_stale_a_year_after_its_confirmation(cast: Cast) -> None:
    aoki, clinic, other = cast.actor("aoki"), cast.facility("C1"), cast.facility("C2")
    with acting(aoki):
        own.confirm_profile(aoki, clinic)
    for day, is_stale in ((date(2027, 5, 31), False), (date(2027, 6, 1), True)):
        with at(day):
            assert shown.stale([clinic.pk, other.pk]) == {other.pk} | ({clinic.pk} if is_stale else set())
            assert shown.confirmation(clinic).stale is is_stale
    with at(date(2027, 6, 1)):
        assert shown.confirmation(clinic).says == "最終確認 2026年6月1日(1年以上前)"
    assert shown.confirmation(other).says == "まだ一度も確認されていません"


def test_a_facilitys_own_months_count_for_it(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        own.confirm_profile(aoki, clinic)
        actions.set_rule(aoki, clinic, code="directory.confirm_months", value=6, valid_from=TODAY)
    with at(date(2026, 12, 1)):
        assert clinic.pk in shown.stale([clinic.pk])
        assert shown.confirmation(clinic).says == "最終確認 2026年6月1日(6か月以上前)"


def test_staleness_of_many_facilities_takes_three_questions(cast: Cast) -> None:
    keys = [facility.pk for facility in cast.facilities.values()]
    with CaptureQueriesContext(connection) as asked:
        shown.stale(keys)
    assert len(asked) == 3


def test_the_yearly_reminder_comes_once_and_again_a_year_after_the_confirmation(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")

    def told() -> int:
        with arranging():
            remind_of_confirmation()
            return int(
                Notice.objects.visible_to(current())
                .filter(facility_id=clinic.pk, kind="confirm_profile")
                .count()
            )

    with acting(aoki):
        own.confirm_profile(aoki, clinic)
    assert told() == 0
    with at(date(2027, 6, 1)):
        assert told() == 1
        assert told() == 1
        with acting(aoki):
            own.confirm_profile(aoki, clinic)
        assert told() == 1
    with at(date(2028, 6, 1)):
        assert told() == 2


def test_who_does_not_answer_is_asked_again_a_year_later_and_not_before(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        own.confirm_profile(aoki, clinic)

    def asked() -> list[date | None]:
        with arranging():
            remind_of_confirmation()
        return [shown.profile(key).reminded_on for key in (clinic, cast.facility("C2"))]

    with at(date(2027, 6, 1)):
        assert asked() == [date(2027, 6, 1), date(2027, 6, 1)]
    with at(date(2028, 5, 31)):
        assert asked() == [date(2027, 6, 1), date(2027, 6, 1)]
    with at(date(2028, 6, 1)):
        assert asked() == [date(2028, 6, 1), date(2028, 6, 1)]


def test_who_is_reached_on_paper_or_closed_is_not_reminded(cast: Cast, administrator: Actor) -> None:
    with acting(administrator):
        actions.edit_facility(administrator, cast.facility("C1"), uses_renkei=False)
        actions.close_facility(administrator, cast.facility("C2"), closed_on=TODAY)
    with arranging():
        assert remind_of_confirmation() == len(cast.facilities) - 2


def test_a_changed_institution_number_finds_the_facility_by_both(cast: Cast, administrator: Actor) -> None:
    clinic = cast.facility("C1")
    with acting(administrator):
        own.change_institution_number(administrator, clinic, number="141-0000995", from_on=date(2026, 5, 1))
    for number in ("1410000995", "1410000037"):
        found = queries.facility_by_number(number)
        assert found is not None
        assert (found.pk, found.institution_number) == (clinic.pk, "1410000995")
    assert [(f.institution_number, f.until_on) for f in FormerNumber.objects.all()] == [
        ("1410000037", date(2026, 5, 1))
    ]
    assert [f.id for f in queries.search_facilities("1410000037")] == [clinic.pk]


@pytest.mark.parametrize(
    ("number", "from_on", "field"),
    [
        ("1410000045", TODAY, "number"),
        ("1410000037", TODAY, "number"),
        ("14", TODAY, "number"),
        ("1410000995", date(2026, 6, 2), "from_on"),
    ],
)
def test_a_number_of_somebody_else_the_same_no_number_and_a_day_to_come_are_refused(
    cast: Cast, administrator: Actor, number: str, from_on: date, field: str
) -> None:
    with acting(administrator), pytest.raises(Invalid) as refused:
        own.change_institution_number(administrator, cast.facility("C1"), number=number, from_on=from_on)
    assert refused.value.field == field
    assert queries.facility(cast.facility("C1").uid).institution_number == "1410000037"


def test_a_former_number_is_not_given_to_another_facility(cast: Cast, administrator: Actor) -> None:
    with acting(administrator):
        own.change_institution_number(administrator, cast.facility("C1"), number="1410000995", from_on=TODAY)
        with pytest.raises(Invalid, match="以前使っていた番号"):
            actions.add_facility(
                administrator, kind="clinic", name="新しい医院", institution_number="1410000037"
            )


def test_a_note_about_another_house_never_leaves_the_house_that_wrote_it(cast: Cast) -> None:
    kimura, sato, about = cast.actor("kimura"), cast.actor("sato"), cast.facility("H1")
    with acting(kimura):
        note = own.write_note(kimura, about, text="水曜の午後は電話がつながりにくい")
    with acting(cast.actor("aoki")) as aoki:
        assert [n.text for n in shown.notes(aoki, about)] == ["水曜の午後は電話がつながりにくい"]
    for stranger in (sato, cast.actor("hayashi"), *cast.outsiders()):
        with acting(stranger):
            assert shown.notes(stranger, about) == []
    with acting(sato):
        with pytest.raises(NotFound):
            own.remove_note(sato, note)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM directory_staffnote")
            assert cursor.fetchone() == (0,)
    with acting(kimura):
        own.remove_note(kimura, note)
        assert shown.notes(kimura, about) == []
    with arranging():
        assert StaffNote.objects.visible_to(current()).count() == 1


def test_an_empty_note_and_a_reader_who_may_not_write_are_refused(cast: Cast) -> None:
    kimura, auditor = cast.actor("kimura"), cast.actor("x1_auditor")
    with acting(kimura), pytest.raises(Invalid):
        own.write_note(kimura, cast.facility("H1"), text="  ")
    with acting(auditor), pytest.raises(NotAllowed):
        own.write_note(auditor, cast.facility("H1"), text="メモ")
