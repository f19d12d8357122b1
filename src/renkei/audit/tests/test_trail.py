"""The trail keeps refusals, names the rows that were shown, and belongs to the facility that acted."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from checks.world import login
from renkei.audit.models import AuditEntry, Outcome
from renkei.audit.queries import history_of_patient
from renkei.audit.trail import Line, Origin, origin, record
from renkei.circles.models import Circle, Member
from renkei.gate.actions import action
from renkei.gate.actor import ANONYMOUS, Actor
from renkei.gate.context import acting
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed
from renkei.patients.models import Patient
from testing.cast import Cast
from testing.database import arranging


class P(StrEnum):
    NOBODY = "proof.nobody"
    VIEW = "patient.view"


@action(P.NOBODY, says="だれにも許されない操作")
def forbidden(actor: Actor, patient: Patient) -> None:
    raise AssertionError("the body must not run")


@action(P.VIEW, says="患者の住所を直す")
def move_house(actor: Actor, patient: Patient, *, address: str) -> Patient:
    patient.address = address
    patient.save()
    return patient


@page(P.VIEW, reads="患者の一覧を閲覧")
def list_page(request: HttpRequest) -> HttpResponse:
    names = [p.name for p in Patient.objects.visible_to(request.actor)]  # type: ignore[attr-defined]
    return HttpResponse(",".join(names))


def lines(**wanted: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**wanted).order_by("id"))


def open_page(actor: Actor, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/list", headers=headers)
    request.actor = actor  # type: ignore[attr-defined]
    with acting(actor):
        response = list_page(request)
    assert isinstance(response, HttpResponse)
    return response


def share(cast: Cast, key: str) -> None:
    patient = cast.patient("suzuki")
    with arranging():
        circle = Circle.objects.create(
            patient=patient, owner_facility=cast.facility("C1"), purpose="referral"
        )
        Member.objects.create(circle=circle, patient=patient, facility=cast.facility(key), source="referral")


def test_an_action_leaves_one_line_with_before_and_after(cast: Cast) -> None:
    suzuki = cast.patient("suzuki")
    with acting(cast.actor("aoki")) as aoki:
        move_house(aoki, suzuki, address="みどり市新町7-8")
        (line,) = lines(says="患者の住所を直す")
    assert (line.outcome, line.actor_label, line.facility_label) == (
        Outcome.DONE,
        "医師 青木 正道",
        "青木内科",
    )
    assert line.patient_ids == [suzuki.pk]
    assert (line.subject, line.subject_id) == ("patients.patient", suzuki.pk)
    (change,) = line.changes
    assert change["before"]["address"] == "みどり市緑町4-5"
    assert change["after"]["address"] == "みどり市新町7-8"
    assert "name" not in change["after"]


def test_an_action_that_rolls_back_leaves_no_line_of_success(cast: Cast) -> None:
    class Lost(Exception):
        pass

    with acting(cast.actor("aoki")) as aoki:
        with transaction.atomic():
            move_house(aoki, cast.patient("suzuki"), address="どこか")
            transaction.set_rollback(True)
        assert lines(says="患者の住所を直す") == []


def test_a_refusal_stays_on_record_when_the_request_rolls_back(cast: Cast) -> None:
    suzuki, aoki = cast.patient("suzuki"), cast.actor("aoki")
    with acting(aoki):
        with pytest.raises(NotAllowed), transaction.atomic():
            forbidden(aoki, suzuki)
        found = AuditEntry.objects.using("trail").filter(
            outcome=Outcome.DENIED, says="だれにも許されない操作"
        )
        with transaction.atomic(using="trail"):
            (line,) = list(found)
    assert (line.subject_id, line.person_id) == (suzuki.pk, aoki.person_id)


def test_a_page_that_shows_patients_leaves_one_line_with_their_keys(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    assert "鈴木 一郎" in open_page(aoki).content.decode()
    with acting(aoki):
        (line,) = lines(outcome=Outcome.READ)
    shown = {cast.patient(key).pk for key in ("suzuki", "yamada", "yoshida")}
    assert (line.says, set(line.patient_ids)) == ("患者の一覧を閲覧", shown)
    assert set(line.shown["patients.Patient"]) == shown


def test_a_page_that_refreshes_itself_repeats_no_line(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    open_page(aoki)
    open_page(aoki, **{"X-Renkei-Poll": "1"})
    with acting(aoki):
        assert len(lines(outcome=Outcome.READ)) == 1


def test_a_page_that_shows_nobody_leaves_no_line(cast: Cast) -> None:
    outsider = next(a for a in cast.outsiders() if a.may(P.VIEW))
    assert open_page(outsider).content == b""
    with acting(outsider):
        assert lines(outcome=Outcome.READ) == []


def test_another_facility_reads_none_of_the_lines(cast: Cast) -> None:
    with acting(cast.actor("aoki")) as aoki:
        move_house(aoki, cast.patient("suzuki"), address="みどり市新町7-8")
        assert lines()
    for stranger in [*cast.outsiders(), cast.actor("sato"), ANONYMOUS]:
        with acting(stranger):
            assert lines(says="患者の住所を直す") == []


def test_the_history_of_a_patient_shows_every_facility_that_looked(cast: Cast) -> None:
    share(cast, "H1")
    open_page(cast.actor("takahashi"))
    open_page(cast.actor("aoki"))
    for login_id in ("aoki", "takahashi"):
        with acting(cast.actor(login_id)):
            history = history_of_patient(cast.patient("suzuki").pk)
        assert [line.facility_label for line in history] == ["青木内科", "みどり中央病院"]
        assert history[0].number > history[1].number
        assert history[0].outcome is Outcome.READ


def test_a_stranger_gets_an_empty_history(cast: Cast) -> None:
    open_page(cast.actor("aoki"))
    for stranger in [*cast.outsiders(), cast.actor("hayashi"), ANONYMOUS]:
        with acting(stranger):
            assert history_of_patient(cast.patient("suzuki").pk) == []


def test_the_history_comes_page_by_page(cast: Cast) -> None:
    for _time in range(5):
        open_page(cast.actor("aoki"))
    with acting(cast.actor("aoki")):
        suzuki = cast.patient("suzuki").pk
        first = history_of_patient(suzuki, size=3)
        second = history_of_patient(suzuki, before=first[-1].number, size=3)
        assert [len(first), len(second)] == [3, 2]
        assert not {line.number for line in first} & {line.number for line in second}
        assert len(history_of_patient(suzuki, size=0)) == 1


def test_the_history_finds_its_lines_by_the_index_of_patients(cast: Cast) -> None:
    """``@>`` is not leakproof: it keeps its index only because the policy of the reading role is a plain ``true``."""
    with login("renkei_owner", str(connection.settings_dict["NAME"])) as owner:
        owner.execute("SET ROLE gate_reader")
        owner.execute("SET enable_seqscan = off")
        plan = owner.execute("EXPLAIN SELECT * FROM audit_auditentry WHERE patient_ids @> ARRAY[7::bigint]")
        assert any("audit_by_patient" in str(line) for line in plan.fetchall())


def test_a_line_says_where_the_request_came_from_and_fits_its_columns(cast: Cast) -> None:
    token = origin.set(Origin("request-1", "192.0.2.7"))
    try:
        with acting(cast.actor("aoki")) as aoki:
            record(
                Line(
                    Outcome.DONE,
                    "a" * 200,
                    "長" * 500,
                    "staff",
                    facility_id=aoki.facility_id,
                    reason="理" * 900,
                )
            )
            (line,) = lines(request_id="request-1")
    finally:
        origin.reset(token)
    assert (line.address, len(line.action), len(line.says), len(line.reason)) == ("192.0.2.7", 80, 200, 500)
    assert line.at <= clock.now()
