"""One report from draft to confirmation, and who sees it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection

from renkei.directory.models import ClosingDay, Facility, FacilityProfile, Rule
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.notices.models import Notice
from renkei.publications.functions import actions, queries
from renkei.publications.functions.tests.conftest import NOTHING_OF_PART_TWO, PART_ONE
from renkei.publications.models import FunctionReport
from testing.cast import Cast
from testing.database import arranging


def _uid(cast: Cast, key: str) -> str:
    return str(cast.facility(key).uid)


def _written(actor: Actor, part_two: dict[str, Any] | None = None, year: int = 2026) -> FunctionReport:
    row = actions.start_report(actor, year=year)
    row = actions.save_part_one(actor, row, answers=PART_ONE)
    return actions.save_part_two(actor, row, answers=NOTHING_OF_PART_TWO | (part_two or {}))


def test_a_clinic_reports_both_parts_and_its_profile_says_the_functions(region: Cast) -> None:
    aoki = region.actor("aoki")
    linked = {"on_call": "3", "on_call_partners": [_uid(region, "C2"), _uid(region, "H1")]}
    with acting(aoki):
        row = actions.submit_report(aoki, _written(aoki, linked))
        assert row.state == "submitted"
        assert row.functions == ["after_hours"]
        assert [p["name"] for p in row.part_two["on_call_partners"]] == ["林医院", "みどり中央病院"]
        assert (row.prefecture, row.secondary_area, row.municipality) == ("14", "1407", "14214")
        profile = FacilityProfile.objects.get(facility_id=aoki.facility_id)
        assert profile.functions == ["after_hours"]


def test_the_second_part_is_closed_until_the_first_is_fulfilled(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.start_report(aoki, year=2026)
        with pytest.raises(NotPossibleNow) as refused:
            actions.save_part_two(aoki, row, answers=NOTHING_OF_PART_TWO)
        assert refused.value.code == "part_one_first"
        row = actions.save_part_one(aoki, row, answers=PART_ONE | {"consultation": "0"})
        with pytest.raises(NotPossibleNow):
            actions.save_part_two(aoki, row, answers=NOTHING_OF_PART_TWO)
        assert queries.report(aoki, row.uid).part_two == {}


def test_the_second_part_cannot_be_handed_in_when_the_first_fell_away(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.save_part_one(aoki, _written(aoki), answers=PART_ONE | {"posted": "0"})
        with pytest.raises(NotPossibleNow) as refused:
            actions.submit_report(aoki, row)
        assert "院内掲示" in refused.value.message_ja
        row = actions.submit_report(aoki, actions.clear_part_two(aoki, row))
        assert (row.state, row.functions, row.part_one_held) == ("submitted", [], False)


@pytest.mark.parametrize("named", ["はやし内科", "00000000-0000-7000-8000-000000000000", "C1", "X1 dental"])
def test_a_linked_institution_is_one_of_the_directory_or_nothing_is_kept(region: Cast, named: str) -> None:
    aoki = region.actor("aoki")
    with arranging():
        dental = Facility.objects.create(kind="dental", name="歯科")
    uid = {"C1": _uid(region, "C1"), "X1 dental": str(dental.uid)}.get(named, named)
    with acting(aoki):
        row = _written(aoki)
        answers = NOTHING_OF_PART_TWO | {"on_call": "3", "on_call_partners": [uid]}
        with pytest.raises(Invalid) as refused:
            actions.save_part_two(aoki, row, answers=answers)
        assert refused.value.field == "on_call_partners"
        assert queries.report(aoki, row.uid).part_two == NOTHING_OF_PART_TWO


def _close(cast: Cast, key: str) -> None:
    with arranging():
        house = Facility.objects.get(pk=cast.facility(key).pk)
        house.closed_on = clock.today()
        house.save()


def test_a_closed_institution_is_neither_named_nor_handed_in_nor_copied(region: Cast) -> None:
    aoki = region.actor("aoki")
    partners = {"on_call": "3", "on_call_partners": [_uid(region, "C2"), _uid(region, "H1")]}
    with acting(aoki):
        last = actions.submit_report(aoki, _written(aoki, partners))
        row = actions.take_back(aoki, last)
    _close(region, "C2")
    with acting(aoki):
        for refuse in (
            lambda: actions.save_part_two(aoki, row, answers=NOTHING_OF_PART_TWO | partners),
            lambda: actions.submit_report(aoki, row),
        ):
            with pytest.raises(Invalid) as refused:
                refuse()
            assert (refused.value.code, refused.value.field) == ("institution_closed", "on_call_partners")
        assert queries.report(aoki, row.uid).state == "draft"
        following = actions.start_report(aoki, year=2027, copy=True)
        assert [one["name"] for one in following.part_two["on_call_partners"]] == ["みどり中央病院"]


def test_who_is_suspended_on_the_first_of_january_does_not_report(region: Cast) -> None:
    aoki = region.actor("aoki")
    first = date(2026, 1, 1)
    area = queries.area("14214")
    before = queries.concerned_in(area, 2026)["14214"]
    with arranging():
        ClosingDay.objects.create(facility=region.facility("C1"), from_on=first, until_on=date(2026, 1, 3))
    assert queries.concerned_in(area, 2026)["14214"] == before
    with arranging():
        ClosingDay.objects.filter(facility=region.facility("C1")).update(suspension=True)
    assert queries.concerned_in(area, 2026)["14214"] == before - 1
    assert queries.concerned_in(area, 2027)["14214"] == before
    with acting(aoki), pytest.raises(NotPossibleNow) as refused:
        actions.start_report(aoki, year=2026)
    assert refused.value.code == "not_concerned"
    with acting(aoki):
        assert actions.start_report(aoki, year=2027).state == "draft"


def test_not_more_than_eight_institutions_are_linked(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = _written(aoki)
        answers = NOTHING_OF_PART_TWO | {"backup_beds": "5", "backup_partners": [_uid(region, "H1")] * 9}
        with pytest.raises(Invalid) as refused:
            actions.save_part_two(aoki, row, answers=answers)
        assert "8機関" in refused.value.message_ja


def test_a_function_by_linkage_needs_its_names_before_it_is_handed_in(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        with pytest.raises(Invalid) as refused:
            actions.submit_report(aoki, _written(aoki, {"backup_beds": "6"}))
        assert refused.value.field == "backup_partners"
        assert queries.own_reports(aoki)[0].state == "draft"


def test_hospitals_with_special_functions_and_other_houses_do_not_report(region: Cast) -> None:
    sato = region.actor("sato")
    with arranging():
        Rule.objects.create(
            code="functions.hospital_class",
            jurisdiction=f"facility:{sato.facility_id}",
            params={"value": 1},
            valid_from=clock.today(),
        )
        Facility.objects.filter(pk=region.facility("C2").pk).visible_to(sato).update(kind="dental")
    for login_id in ("sato", "hayashi"):
        actor = region.actor(login_id)
        with acting(actor), pytest.raises(NotPossibleNow) as refused:
            actions.start_report(actor, year=2026)
        assert refused.value.code == "not_concerned"


def test_a_year_has_one_report(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        actions.start_report(aoki, year=2026)
        with pytest.raises(NotPossibleNow):
            actions.start_report(aoki, year=2026)


def test_last_years_answers_are_copied_without_the_counts_of_that_year(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        last = _written(aoki, {"overtime_count": "14", "care_opinion": "2", "referred_outpatients": "3"})
        actions.submit_report(aoki, last)
        row = actions.start_report(aoki, year=2027, copy=True)
        assert row.earlier_id == last.pk
        assert row.part_one == last.part_one
        assert row.part_two["care_opinion"] == "2"
        assert "overtime_count" not in row.part_two
        assert "referred_outpatients" not in row.part_two
        assert row.state == "draft"


def test_a_report_handed_in_is_changed_only_after_it_was_taken_back(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.submit_report(aoki, _written(aoki))
        with pytest.raises(NotPossibleNow):
            actions.save_part_one(aoki, row, answers=PART_ONE)
        row = actions.take_back(aoki, row)
        assert (row.state, row.submitted_at) == ("draft", None)
        actions.save_part_one(aoki, row, answers=PART_ONE)


def test_the_second_of_two_people_who_save_at_once_is_told(region: Cast) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.start_report(aoki, year=2026)
        seen = row.version
        actions.save_part_one(aoki, row, answers=PART_ONE)
        with pytest.raises(Stale):
            actions.save_part_one(aoki, queries.report(aoki, row.uid).expecting(seen), answers=PART_ONE)


def test_only_the_public_bodies_of_the_area_read_what_was_handed_in(
    region: Cast, prefecture: Actor, city: Actor
) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = _written(aoki)
    for body in (prefecture, city):
        with acting(body):
            assert list(queries.reports_in(body, 2026)) == []
            with pytest.raises(NotFound):
                queries.report(body, row.uid)
    with acting(aoki):
        actions.submit_report(aoki, row)
    for body in (prefecture, city):
        with acting(body):
            assert [r.pk for r in queries.reports_in(body, 2026)] == [row.pk]
            assert _rows_by_sql() == 1
    others = [region.actor(login) for login in ("sato", "hayashi", "x1_public_officer")]
    for stranger in others:
        with acting(stranger):
            assert list(FunctionReport.objects.visible_to(stranger)) == []
            assert _rows_by_sql() == 0


def _rows_by_sql() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM publications_functionreport")
        return int(cursor.fetchone()[0])


def test_a_city_does_not_read_another_citys_reports(region: Cast, city: Actor) -> None:
    hayashi = region.actor("hayashi")
    with acting(hayashi):
        actions.submit_report(hayashi, _written(hayashi))
    with acting(city):
        assert list(queries.reports_in(city, 2026)) == []
        assert _rows_by_sql() == 0


def test_the_prefecture_returns_and_confirms_and_the_clinic_is_told(region: Cast, prefecture: Actor) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.submit_report(aoki, _written(aoki))
    with acting(prefecture):
        row = actions.return_report(
            prefecture, queries.report(prefecture, row.uid), reason="連携先の名称を確認"
        )
        assert row.state == "returned"
    with acting(aoki):
        assert Notice.objects.visible_to(aoki).filter(kind="function_report_decided").count() == 1
        row = actions.save_part_one(aoki, queries.report(aoki, row.uid), answers=PART_ONE)
        assert (row.state, row.returned_reason) == ("draft", "連携先の名称を確認")
        row = actions.submit_report(aoki, row)
        assert row.returned_reason == ""
    with acting(prefecture):
        assert actions.confirm_report(prefecture, queries.report(prefecture, row.uid)).state == "confirmed"
    with acting(aoki), pytest.raises(NotPossibleNow):
        actions.take_back(aoki, queries.report(aoki, row.uid))


def test_a_city_reads_but_does_not_decide(region: Cast, city: Actor) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.submit_report(aoki, _written(aoki))
    with acting(city):
        for decide in (
            lambda: actions.confirm_report(city, queries.report(city, row.uid)),
            lambda: actions.return_report(city, queries.report(city, row.uid), reason="なぜか"),
            lambda: actions.save_part_one(city, queries.report(city, row.uid), answers=PART_ONE),
        ):
            with pytest.raises(NotAllowed):
                decide()


def test_an_officer_cannot_change_answers(region: Cast, prefecture: Actor) -> None:
    aoki = region.actor("aoki")
    with acting(aoki):
        row = actions.submit_report(aoki, _written(aoki))
    with acting(prefecture), pytest.raises(DomainError):
        actions.save_part_two(prefecture, queries.report(prefecture, row.uid), answers={})
