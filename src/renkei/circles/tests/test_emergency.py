"""緊急参照: search outside the circles, a reason, a day, a notice and a review."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from renkei.audit.models import AuditEntry
from renkei.audit.queries import history_of_patient
from renkei.circles import actions
from renkei.circles.models import EmergencyAccess
from renkei.circles.queries import emergencies
from renkei.circles.types import EmergencyHit
from renkei.events.models import OutboxEvent
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.patients.models import Patient
from testing.cast import Cast
from testing.database import arranging

REASON = "意識障害で救急搬送、服薬を確認するため"


def look(actor: Actor, name: str, birth_on: date = date(1955, 5, 5)) -> list[EmergencyHit]:
    with transaction.atomic(), acting(actor):
        return actions.search_in_emergency(actor, name=name, birth_on=birth_on)


def enter(cast: Cast, patient: str = "suzuki", actor: str = "east_doctor") -> EmergencyAccess:
    with transaction.atomic(), acting(cast.actor(actor)) as who:
        return actions.open_emergency(who, cast.patient(patient).pk, reason=REASON)


@pytest.mark.parametrize("name", ["𠮷田 孝雄", "吉田孝雄", "ヨシダ タカオ", "よしだたかお", "ﾖｼﾀﾞ ﾀｶｵ"])
def test_a_patient_of_the_region_is_found_by_exact_name_and_birth_date(cast: Cast, name: str) -> None:
    hits = look(cast.actor("east_doctor"), name)
    assert [(h.name, h.facility_name) for h in hits] == [("𠮷田 孝雄", "青木内科")]


@pytest.mark.parametrize(("name", "born"), [("吉田", date(1955, 5, 5)), ("吉田孝雄", date(1955, 5, 6))])
def test_half_a_name_or_another_birth_date_finds_nobody(cast: Cast, name: str, born: date) -> None:
    assert look(cast.actor("east_doctor"), name, born) == []


def test_whoever_is_found_reads_it_in_the_access_history(cast: Cast) -> None:
    look(cast.actor("east_doctor"), "吉田孝雄")
    with transaction.atomic(), acting(cast.actor("aoki")):
        lines = history_of_patient(cast.patient("yoshida").pk)
    assert [(line.facility_label, line.outcome) for line in lines] == [("みどり東病院", "done")]
    assert "緊急参照のため氏名と生年月日で検索" in lines[0].says


def test_the_twenty_first_search_in_an_hour_is_refused_and_on_record(cast: Cast) -> None:
    actor = cast.actor("east_doctor")
    start = clock.jst(2026, 6, 5, 9, 0)
    with clock.frozen(start):
        for _ in range(actions.SEARCHES_PER_HOUR):
            assert look(actor, "吉田孝雄")
        with pytest.raises(NotPossibleNow):
            look(actor, "吉田孝雄")
        assert look(cast.actor("takahashi"), "吉田孝雄")
    with transaction.atomic(using="trail"), acting(actor):
        refused = AuditEntry.objects.using("trail").filter(outcome="denied")
        assert refused.filter(says__contains="上限", person_id=actor.person_id).exists()
    with clock.frozen(start + timedelta(minutes=61)):
        assert look(actor, "吉田孝雄")


def test_the_search_function_answers_nobody_who_left_no_record(cast: Cast) -> None:
    with transaction.atomic(), acting(cast.actor("east_doctor")), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM circles_find_in_emergency('吉田孝雄', '', '1955-05-05')")
        assert cursor.fetchall() == []


def test_only_clinicians_search(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        look(cast.actor("east_clerk"), "吉田孝雄")


def test_the_facility_of_the_patient_hears_of_it(cast: Cast) -> None:
    access = enter(cast)
    with arranging():
        event = OutboxEvent.objects.get(name="circles.EmergencyOpened")
    assert event.payload["access_uid"] == str(access.uid)
    assert event.payload["owner_facility_id"] == cast.facility("C1").pk
    assert "鈴木" not in str(event.payload)


def test_emergency_access_to_an_own_patient_is_pointless_and_refused(cast: Cast) -> None:
    with pytest.raises(NotPossibleNow):
        enter(cast, "suzuki", "aoki")


def test_the_owning_facility_reviews_and_sees_the_reason(cast: Cast) -> None:
    enter(cast)
    with transaction.atomic(), acting(cast.actor("aoki")) as actor:
        waiting = emergencies(actor, waiting=True)
        assert [(e.access.reason, e.own_patient, e.open_now) for e in waiting] == [(REASON, True, True)]
        actions.review_emergency(actor, waiting[0].access, justified=True, review="救急搬送を確認した")
        assert emergencies(actor, waiting=True) == []
        done = emergencies(actor, waiting=False)
        assert (done[0].access.justified, done[0].access.reviewed_by) == (True, actor.label)
        with pytest.raises(NotPossibleNow):
            actions.review_emergency(actor, done[0].access, justified=False, review="もう一度")


def test_nobody_but_owner_or_auditor_reviews(cast: Cast) -> None:
    access = enter(cast)
    with transaction.atomic(), acting(cast.actor("oka")) as actor, pytest.raises(NotFound):
        actions.review_emergency(actor, access, justified=True, review="よい")
    with transaction.atomic(), acting(cast.actor("aoki")) as actor, pytest.raises(Invalid):
        actions.review_emergency(actor, access, justified=True, review=" ")


def test_the_one_who_opened_it_does_not_review_it(cast: Cast) -> None:
    access = enter(cast, "kato", "aoki")
    with transaction.atomic(), acting(cast.actor("aoki")) as actor, pytest.raises(NotAllowed):
        actions.review_emergency(actor, access, justified=True, review="自分で確認")


def test_after_the_day_the_record_stays_but_the_patient_is_gone(cast: Cast) -> None:
    start = clock.jst(2026, 6, 5, 22, 0)
    with clock.frozen(start):
        enter(cast)
    with clock.frozen(start + timedelta(hours=25)), transaction.atomic():
        with acting(cast.actor("east_doctor")) as actor:
            assert not Patient.objects.visible_to(actor).exists()
            assert [(e.patient, e.open_now) for e in emergencies(actor)] == [(None, False)]
        with acting(cast.actor("aoki")) as owner:
            assert [e.own_patient for e in emergencies(owner)] == [True]
