"""Statements that are made once: they answer what Django would, or are not used."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from renkei.directory.models import Facility
from renkei.gate import compiled
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.guard import collecting
from renkei.kernel import clock
from renkei.patients.models import Patient
from testing.cast import Cast


@pytest.fixture(autouse=True)
def _anew() -> None:
    compiled.forget()


def _own(actor: Actor, key: Any) -> models.QuerySet[Any]:
    return Patient.objects.visible_to(actor).select_related("facility").filter(uid=key)


def test_another_actor_and_another_value_use_the_statement_of_the_first(cast: Cast) -> None:
    suzuki, aoki, sato = cast.patient("suzuki"), cast.actor("aoki"), cast.actor("sato")
    for actor, found in ((aoki, [suzuki]), (sato, []), (aoki, [suzuki])):
        with acting(actor):
            rows = compiled.fetch(actor, "own", _own, suzuki.uid)
            assert rows == found
    assert len([made for made in compiled._known.values() if made]) >= 1


def test_a_row_comes_with_its_relations_and_is_noted_for_the_read_entry(cast: Cast) -> None:
    suzuki, aoki = cast.patient("suzuki"), cast.actor("aoki")
    with acting(aoki):
        compiled.fetch(aoki, "own", _own, suzuki.uid)
        with collecting() as shown, CaptureQueriesContext(connection) as said:
            (row,) = compiled.fetch(aoki, "own", _own, suzuki.uid)
            assert row.facility.name == cast.facility("C1").name
    assert len(said) == 1
    assert shown["patients.Patient"] == {suzuki.pk}


def test_a_question_that_depends_on_more_than_its_values_is_asked_the_usual_way(cast: Cast) -> None:
    def rows(actor: Actor, key: int) -> models.QuerySet[Any]:
        wanted = 1 if actor.facility_id < 1_000_000 else 2
        return Facility.objects.visible_to(actor).filter(pk=key, pk__gte=wanted)

    actor = cast.actor("aoki")
    with acting(actor):
        key = cast.facility("C1").pk
        assert [row.pk for row in compiled.fetch(actor, "odd", rows, key)] == [key]
    assert list(compiled._known.values()) == [None]


def test_a_value_that_changes_on_its_way_into_the_statement_is_asked_the_usual_way(cast: Cast) -> None:
    def rows(actor: Actor, text: str) -> models.QuerySet[Any]:
        return Patient.objects.visible_to(actor).filter(name__contains=text)

    actor, name = cast.actor("aoki"), cast.patient("suzuki").name
    with acting(actor):
        assert cast.patient("suzuki") in compiled.fetch(actor, "contains", rows, name[:2])
        assert compiled.fetch(actor, "contains", rows, "%") == []
    assert list(compiled._known.values()) == [None]


def test_in_the_tests_every_use_is_compared(cast: Cast) -> None:
    """A question that turns out to depend on more after its first use does not go unnoticed."""
    more = {"pk__gte": 1}

    def rows(actor: Actor, key: int) -> models.QuerySet[Any]:
        return Facility.objects.visible_to(actor).filter(pk=key, **more)

    actor = cast.actor("aoki")
    with acting(actor):
        compiled.fetch(actor, "later", rows, 5)
        more["pk__gte"] = 2
        with pytest.raises(AssertionError, match="depends on more"):
            compiled.fetch(actor, "later", rows, 5)


def test_the_first_of_the_month_is_not_taken_for_some_days_ago(cast: Cast) -> None:
    """On the 15th the first of the month is fourteen days ago, and so it was at the stand-in moment."""

    def rows(actor: Actor) -> models.QuerySet[Any]:
        return Patient.objects.visible_to(actor).filter(birth_on__lt=clock.today().replace(day=1))

    actor = cast.actor("aoki")
    with acting(actor), clock.frozen(clock.jst(2026, 6, 15, 9)):
        compiled.fetch(actor, "this month", rows)
    assert list(compiled._known.values()) == [None]


@pytest.mark.parametrize("count", [1, 31, 200])
def test_many_values_of_one_kind_are_asked_at_once(cast: Cast, count: int) -> None:
    def rows(actor: Actor, *days: date) -> models.QuerySet[Any]:
        return Patient.objects.visible_to(actor).filter(birth_on__in=days)

    actor, born = cast.actor("aoki"), cast.patient("suzuki").birth_on
    with acting(actor):
        found = compiled.fetch(actor, "born", rows, *(born + timedelta(days=n) for n in range(count)))
    assert cast.patient("suzuki") in found
