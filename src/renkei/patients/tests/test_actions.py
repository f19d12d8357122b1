"""Registering, changing, linking and un-linking patients."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import transaction

from renkei.circles.actions import let_in, open_circle
from renkei.circles.types import Source
from renkei.gate.context import acting
from renkei.gate.writing import writing
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, Stale
from renkei.kernel.identifiers import parse_check_code, uuid7
from renkei.patients import actions
from renkei.patients.models import KeyContact, Patient, PatientLink, RegionalPerson
from renkei.patients.queries import contacts, history, insured_numbers, same_person
from renkei.patients.tests.factories import person, register
from testing.cast import Cast
from testing.database import arranging


def test_a_clerk_registers_a_patient_and_the_keys_are_made(cast: Cast) -> None:
    patient = register(cast.actor("kimura"), phone="0463-00-1234", local_number="1001")
    assert patient.kana == "タカタ サクラ"
    assert (patient.kanji_key, patient.kana_key) == ("高田さくら", "タカタサクラ")
    assert patient.phone_digits == "0463001234"


def test_a_patient_number_is_given_once_per_facility(cast: Cast) -> None:
    register(cast.actor("kimura"), local_number="1001")
    with pytest.raises(Invalid) as refused:
        register(cast.actor("kimura"), local_number="1001", name="別の 人")
    assert refused.value.field == "local_number"
    assert register(cast.actor("hayashi"), local_number="1001").pk


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"birth_on": date(2999, 1, 1)}, "birth_on"),
        ({"sex": "robot"}, "sex"),
        ({"name": " "}, "name"),
        ({"kana": "漢字"}, "kana"),
        ({"postal_code": "12"}, "postal_code"),
        ({"phone": "119"}, "phone"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(
    cast: Cast, changed: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        register(cast.actor("kimura"), **changed)
    assert refused.value.field == field


def test_a_detail_can_be_emptied_again(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor, phone="0463-00-1234", postal_code="2590000")
    with acting(actor):
        changed = actions.change(actor, patient, **person(phone="", postal_code=""))
    assert (changed.phone, changed.phone_digits, changed.postal_code) == ("", "", "")


def test_another_facility_cannot_change_the_row(cast: Cast) -> None:
    actor = cast.actor("hayashi")
    with acting(actor), pytest.raises(NotFound):
        actions.change(actor, cast.patient("suzuki"), **person())


def test_two_clerks_who_change_at_once_do_not_overwrite_each_other(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor)
    with acting(actor):
        first = Patient.objects.visible_to(actor).get(pk=patient.pk)
        second = Patient.objects.visible_to(actor).get(pk=patient.pk)
        actions.change(actor, first, **person(occupation="教員"))
        with pytest.raises(Stale):
            actions.change(actor, second, **person(occupation="農業"))


def test_two_people_of_one_name_and_birth_date_are_never_linked_by_anything(cast: Cast) -> None:
    actor = cast.actor("kimura")
    one = register(actor)
    other = register(actor)
    with acting(actor):
        actions.change(actor, one, **person(address="みどり市緑町1-1"))
        actions.change(actor, other, **person(address="みどり市緑町1-1"))
    with arranging():
        assert not PatientLink._base_manager.filter(patient__in=[one, other]).exists()
        assert not RegionalPerson._base_manager.exists()


def test_a_person_links_two_rows_with_a_reason_and_takes_it_back(cast: Cast) -> None:
    actor = cast.actor("kimura")
    one, other = register(actor), register(actor)
    with acting(actor), transaction.atomic():
        grouped = actions.link(actor, one, other=other, reason="資格確認書で確認")
        assert parse_check_code(grouped.code) > 0
        ended = actions.unlink(actor, one, reason="別人と判明")
    assert (ended.unlinked_by, ended.unlink_reason) == (actor.label, "別人と判明")
    with acting(actor):
        history = PatientLink.objects.visible_to(actor).filter(patient=one)
        assert [row.unlinked_at is None for row in history] == [False]


@pytest.mark.parametrize(
    ("changed", "code"), [({"birth_on": date(1960, 4, 3)}, "differs"), ({"sex": "male"}, "differs")]
)
def test_rows_that_differ_in_birth_date_or_sex_cannot_be_linked(
    cast: Cast, changed: dict[str, Any], code: str
) -> None:
    actor = cast.actor("kimura")
    one, other = register(actor), register(actor, **changed)
    with acting(actor), pytest.raises(Invalid) as refused:
        actions.link(actor, one, other=other, reason="資格確認書で確認")
    assert refused.value.code == code


def test_a_link_without_reason_is_refused(cast: Cast) -> None:
    actor = cast.actor("kimura")
    one, other = register(actor), register(actor)
    with acting(actor), pytest.raises(Invalid) as refused:
        actions.link(actor, one, other=other, reason=" ")
    assert refused.value.field == "reason"


def test_nobody_links_to_a_row_that_they_may_not_see(cast: Cast) -> None:
    actor = cast.actor("kimura")
    hidden = register(cast.actor("hayashi"))
    one = register(actor)
    with acting(actor), pytest.raises(NotFound):
        actions.link(actor, one, other=hidden, reason="名前が同じ")


def test_codes_of_regional_persons_are_all_different_and_do_not_count_up() -> None:
    codes = {1 + n * actions.CODE_STEP % actions.CODE_COUNT for n in range(1, 50_000)}
    assert len(codes) == 49_999
    assert min(codes) >= 1
    assert max(codes) <= actions.CODE_COUNT


def test_staff_without_the_permission_register_nobody(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        register(cast.actor("oka"))


def test_a_form_that_is_sent_twice_makes_one_patient(cast: Cast) -> None:
    actor, uid = cast.actor("kimura"), uuid7()
    assert register(actor, uid=uid).pk == register(actor, uid=uid).pk


CARD = {"insurer": "138057", "symbol": "あいう", "number": "１８７", "branch": "5"}


def test_a_new_insured_number_ends_the_one_before(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor)
    with acting(actor), transaction.atomic():
        actions.add_insured_number(actor, patient, **CARD, valid_from=date(2024, 4, 1))
        actions.add_insured_number(actor, patient, **CARD | {"number": "999"}, valid_from=date(2026, 1, 10))
        rows = insured_numbers(actor, patient)
    assert [(r.member_id, r.valid_until) for r in rows] == [
        ("00138057:あいう:999:05", None),
        ("00138057:あいう:１８７:05", date(2026, 1, 9)),
    ]
    assert rows[1].match_key == "00138057:あいう:187:05"


def test_an_individual_number_is_refused_with_the_reason(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor)
    with acting(actor), pytest.raises(Invalid) as refused:
        actions.add_insured_number(
            actor, patient, **CARD | {"number": "1234 5678 9018"}, valid_from=date(2026, 1, 1)
        )
    assert refused.value.code == "individual_number"
    assert "番号法" in refused.value.message_ja


def test_an_insured_number_cannot_start_before_the_present_one(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor)
    with acting(actor):
        actions.add_insured_number(actor, patient, **CARD, valid_from=date(2025, 4, 1))
        for number, code in (("５５", "period_order"), ("１８７", "number_known")):
            with pytest.raises(Invalid) as refused:
                actions.add_insured_number(
                    actor, patient, **CARD | {"number": number}, valid_from=date(2025, 4, 1)
                )
            assert refused.value.code == code


def test_a_contact_is_added_and_ended_but_never_removed(cast: Cast) -> None:
    actor = cast.actor("kimura")
    patient = register(actor)
    with acting(actor):
        added = actions.add_contact(
            actor,
            patient,
            name="髙田 進",
            relation="長男",
            phone_number="０９０－００００－１２３４",
            proxy=True,
        )
        assert [c.phone for c in contacts(actor, patient)] == ["090-0000-1234"]
        actions.end_contact(actor, added)
        assert contacts(actor, patient) == []
        assert KeyContact.objects.visible_to(actor).filter(patient=patient).count() == 1


def test_a_received_patient_is_copied_and_linked_and_unlinking_moves_no_access(cast: Cast) -> None:
    clinic, hospital = cast.actor("aoki"), cast.actor("sato")
    theirs = cast.patient("suzuki")
    with transaction.atomic(), acting(clinic), writing("test", clinic):
        circle = open_circle(clinic, theirs, purpose="referral:referral")
        let_in(circle, hospital.facility_id, source=Source.REFERRAL)
    with transaction.atomic(), acting(hospital), writing("test", hospital):
        own = actions.adopt(hospital, theirs, local_number="77", reason="紹介")
        assert [found.patient_id for found in same_person(hospital, own)] == [theirs.pk]
        actions.unlink(hospital, own, reason="別人と判明")
        assert same_person(hospital, own) == []
        assert Patient.objects.visible_to(hospital).filter(pk=theirs.pk).exists()
    with transaction.atomic(), acting(clinic):
        assert not Patient.objects.visible_to(clinic).filter(pk=own.pk).exists()


def test_a_row_that_belongs_to_another_regional_person_does_not_hold_up_a_letter(cast: Cast) -> None:
    clinic, hospital = cast.actor("aoki"), cast.actor("sato")
    theirs = cast.patient("suzuki")
    with transaction.atomic(), acting(clinic), writing("test", clinic):
        circle = open_circle(clinic, theirs, purpose="referral:referral")
        let_in(circle, hospital.facility_id, source=Source.REFERRAL)
        actions.group(
            clinic, theirs, register(clinic, name="鈴木 一郎", kana="スズキ イチロウ"), reason="確認"
        )
    one, other = register(hospital), register(hospital)
    with transaction.atomic(), acting(hospital), writing("test", hospital):
        before = actions.group(hospital, one, other, reason="確認")
        assert actions.adopt(hospital, theirs, existing=one, reason="紹介").pk == one.pk
        assert [row.person_id for row in history(hospital, one)] == [before.pk]
