"""A question that is made once answers everybody, at every moment, with what is theirs."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.test.utils import CaptureQueriesContext

from renkei.circles.models import Member
from renkei.gate.actor import Actor
from renkei.gate.compiled import counted, fetch
from renkei.gate.context import acting
from renkei.gate.guard import Ungated, collecting
from renkei.kernel import clock
from renkei.patients.models import Patient
from renkei.referrals import queries
from renkei.referrals.actions import draft
from renkei.referrals.models import Referral
from testing.cast import Cast


def mine(actor: Actor) -> QuerySet[Patient]:
    return Patient.objects.visible_to(actor).filter(facility_id=actor.facility_id).order_by("id")


def called(actor: Actor, name: str) -> QuerySet[Patient]:
    return Patient.objects.visible_to(actor).filter(name=name)


def all_visible(actor: Actor) -> QuerySet[Patient]:
    return Patient.objects.visible_to(actor).order_by("id")


def test_everybody_is_answered_with_their_own_rows(cast: Cast) -> None:
    for who in ("aoki", "kimura", "sato", "aoki"):
        actor = cast.actor(who)
        with acting(actor):
            assert [p.pk for p in fetch(actor, "test mine", mine)] == [p.pk for p in mine(actor)]


def test_a_value_is_put_in_anew_each_time(cast: Cast) -> None:
    actor = cast.actor("aoki")
    with acting(actor):
        names = {p.name for p in mine(actor)}
        for name in names:
            assert {p.name for p in fetch(actor, "test called", called, name)} == {name}
        assert fetch(actor, "test called", called, "'; DROP TABLE") == []


def test_a_period_that_ended_shows_nothing_any_more(cast: Cast) -> None:
    def letters(somebody: Actor) -> QuerySet[Referral]:
        return Referral.objects.visible_to(somebody)

    actor = cast.actor("aoki")
    with acting(actor):
        draft(actor, cast.patient("suzuki"))
        assert len(fetch(actor, "test letters", letters)) == 1
        until = Member.objects.visible_to(actor).latest("valid_until").valid_until
        for away, seen in ((-1, 1), (1, 0), (-1, 1)):
            with clock.frozen(until + timedelta(seconds=away)):
                assert len(fetch(actor, "test letters", letters)) == letters(actor).count() == seen


@pytest.mark.parametrize("who", ["aoki", "sato", "kimura", "oka"])
def test_the_tiles_of_desk_and_clinic_are_counted_as_their_lists_are(cast: Cast, who: str) -> None:
    actor = cast.actor(who)
    with acting(actor):
        clinic = {t.key: queries.clinic(actor, t.key).count() for t in queries.CLINIC_TABS}
        desk = {t.key: queries.desk(actor, t.key).count() for t in queries.DESK_TABS}
        assert (queries.clinic_counts(actor), queries.desk_counts(actor)) == (clinic, desk)
        assert counted(actor, {"unread": queries.unread, "new": queries.new_at_desk}) == {
            "unread": clinic["unread"],
            "new": desk["new"],
        }


def test_a_day_begins_at_midnight_in_japan(cast: Cast) -> None:
    """Bounds of the day are of the day of the question, not of the day it was built on.

    The day is that of the last change, which is yesterday's in a run that goes on over midnight.
    """

    def today(somebody: Actor) -> QuerySet[Patient]:
        start = datetime.combine(clock.today(), time(), tzinfo=clock.JST)
        rows = Patient.objects.visible_to(somebody).filter(birth_on__lt=clock.today())
        return rows.filter(updated_at__gte=start, updated_at__lt=start + timedelta(days=1))

    actor = cast.actor("aoki")
    with acting(actor):
        last = Patient.objects.visible_to(actor).latest("updated_at")
        midnight = datetime.combine(clock.jst_date(last.updated_at), time(), tzinfo=clock.JST)
        for hours, seen in ((-0.1, False), (0, True), (23.9, True), (24, False)):
            with clock.frozen(midnight + timedelta(hours=hours)):
                assert len(fetch(actor, "test today", today)) == today(actor).count()
                assert bool(fetch(actor, "test today", today)) == seen


def test_rows_that_are_shown_are_noted_for_the_trail(cast: Cast) -> None:
    actor = cast.actor("aoki")
    with acting(actor), collecting() as shown:
        found = fetch(actor, "test mine", mine)
    assert shown["patients.Patient"] == {p.pk for p in found} != set()


def test_many_counts_are_one_statement(cast: Cast) -> None:
    actor = cast.actor("aoki")
    with acting(actor), CaptureQueriesContext(connection) as asked:
        found = counted(actor, {"mine": mine, "all": all_visible})
        assert found == {"mine": mine(actor).count(), "all": all_visible(actor).count()}
    assert sum("counted" in q["sql"] for q in asked.captured_queries) == 1
    assert counted(actor, {}) == {}


def test_a_question_that_did_not_pass_the_gate_is_refused(cast: Cast) -> None:
    actor = cast.actor("aoki")
    with acting(actor), pytest.raises(Ungated):
        fetch(actor, "test ungated", lambda somebody: Patient.objects.filter(sex="male"))
    with acting(actor), pytest.raises(Ungated):
        fetch(actor, "test ungated too", lambda somebody: Patient.objects.filter(name="x"))


def test_a_question_with_rows_fetched_beside_it_is_asked_the_usual_way(cast: Cast) -> None:
    def beside(somebody: Actor) -> QuerySet[Patient]:
        return mine(somebody).prefetch_related(Prefetch("facility"))

    actor = cast.actor("aoki")
    with acting(actor):
        assert [p.pk for p in fetch(actor, "test beside", beside)] == [p.pk for p in mine(actor)]


def test_nobody_sees_nothing(cast: Cast) -> None:
    stranger = Actor(cast.actor("aoki").kind)
    with acting(stranger):
        assert fetch(stranger, "test mine", mine) == []
        assert counted(stranger, {"mine": mine}) == {"mine": 0}
