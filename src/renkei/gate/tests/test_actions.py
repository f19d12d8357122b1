"""An action asks for the permission, locks the row as it is now, and refuses strangers and stale screens."""

from __future__ import annotations

from enum import StrEnum

import pytest
from django.db import transaction

from renkei.audit.models import AuditEntry, Outcome
from renkei.gate.actions import action, registry, require
from renkei.gate.actor import ANONYMOUS, Actor, Kind, current
from renkei.gate.context import acting, system
from renkei.gate.guard import GuardedQuerySet, collecting, note_shown
from renkei.gate.permissions import granted_to, matrix
from renkei.gate.writing import OutsideAction, open_writing, require_writing, touch_patient
from renkei.kernel.errors import NotAllowed, NotFound, Stale
from renkei.kernel.roles import Role
from renkei.patients.models import Patient
from testing.cast import Cast


class P(StrEnum):
    VIEW = "patient.view"
    NOBODY = "proof.nobody"


@action(P.VIEW, says="名前を直す")
def rename(actor: Actor, patient: Patient, *, name: str) -> Patient:
    patient.name = name
    patient.save()
    return patient


@action(P.VIEW, says="二人の名前を直す")
def rename_both(actor: Actor, one: Patient, *, other: Patient) -> None:
    rename(actor, one, name="一人目")
    rename(actor, other, name="二人目")


@action(P.NOBODY, says="だれにもできないこと")
def impossible(actor: Actor) -> None:
    raise AssertionError("the body must not run")


def fresh(actor: Actor, patient: Patient) -> Patient:
    with acting(actor):
        found: Patient = Patient.objects.visible_to(actor).get(pk=patient.pk)
    return found


def test_an_action_changes_the_row_and_counts_its_version(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    suzuki = fresh(aoki, cast.patient("suzuki"))
    with acting(aoki):
        changed = rename(aoki, suzuki, name="鈴木 二郎")
    assert changed.version == suzuki.version + 1
    assert fresh(aoki, suzuki).name == "鈴木 二郎"


def test_the_body_gets_the_row_as_it_is_now_not_as_the_caller_had_it(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    old = fresh(aoki, cast.patient("suzuki"))
    old.address = "この画面で変えたが保存していない"
    with acting(aoki):
        rename(aoki, old, name="鈴木 二郎")
    assert fresh(aoki, old).address == "みどり市緑町4-5"


def test_two_screens_on_one_row_the_second_is_told_and_changes_nothing(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    mine, theirs = fresh(aoki, cast.patient("suzuki")), fresh(aoki, cast.patient("suzuki"))
    with acting(aoki):
        rename(aoki, mine, name="先")
        with pytest.raises(Stale, match="先に更新"):
            rename(aoki, theirs, name="後")
    assert fresh(aoki, mine).name == "先"


def test_the_version_of_the_form_counts_not_that_of_the_row_just_read(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    shown = fresh(aoki, cast.patient("suzuki")).version
    with acting(aoki):
        rename(aoki, fresh(aoki, cast.patient("suzuki")), name="先")
        with pytest.raises(Stale):
            rename(aoki, fresh(aoki, cast.patient("suzuki")).expecting(str(shown)), name="後")
        rename(aoki, fresh(aoki, cast.patient("suzuki")).expecting(shown + 1), name="後")


def test_a_stranger_gets_not_found_and_the_attempt_is_on_record(cast: Cast) -> None:
    stranger = next(a for a in cast.outsiders() if a.may(P.VIEW))
    suzuki = cast.patient("suzuki")
    with acting(stranger):
        with pytest.raises(NotFound):
            rename(stranger, suzuki, name="x")
        with transaction.atomic(using="trail"):
            line = AuditEntry.objects.using("trail").filter(outcome=Outcome.DENIED).latest("id")
    assert (line.subject_id, line.facility_id) == (suzuki.pk, stranger.facility_id)


def test_without_the_permission_the_body_does_not_run(cast: Cast) -> None:
    for actor in (cast.actor("aoki"), ANONYMOUS):
        with acting(actor), pytest.raises(NotAllowed, match="だれにもできないこと"):
            impossible(actor)


def test_an_action_inside_an_action_is_one_transaction_with_a_line_each(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    one, other = fresh(aoki, cast.patient("suzuki")), fresh(aoki, cast.patient("yamada"))
    with acting(aoki):
        rename_both(aoki, one, other=other)
        lines = AuditEntry.objects.filter(outcome=Outcome.DONE).order_by("id")
        says = [line.says for line in lines]
        outer = lines.last()
    assert says == ["名前を直す", "名前を直す", "二人の名前を直す"]
    assert outer is not None
    assert set(outer.patient_ids) == {one.pk, other.pk}


def test_the_second_half_failing_takes_the_first_with_it(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    one, other = fresh(aoki, cast.patient("suzuki")), cast.patient("kato")
    with acting(aoki), pytest.raises(NotFound):
        rename_both(aoki, one, other=other)
    assert fresh(aoki, one).name == "鈴木 一郎"


def test_acting_for_another_ends_with_the_action(cast: Cast) -> None:
    aoki, sato = cast.actor("aoki"), cast.actor("sato")
    suzuki = fresh(aoki, cast.patient("suzuki"))
    with acting(sato):
        rename(aoki, suzuki, name="代わりに")
        assert current() == sato
        assert not Patient.objects.visible_to(sato).exists()


def test_writing_is_closed_after_an_action(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    suzuki = fresh(aoki, cast.patient("suzuki"))
    with acting(aoki):
        changed = rename(aoki, suzuki, name="x")
        assert open_writing() is None
        with pytest.raises(OutsideAction):
            changed.save()
        touch_patient(1)
        with pytest.raises(OutsideAction):
            require_writing("anything")


def test_every_action_is_registered_with_permission_and_sentence() -> None:
    name = next(n for n in registry if n.endswith("test_actions.rename"))
    assert registry[name] == ("patient.view", "名前を直す")
    assert all(says for _permission, says in registry.values())


def test_require_gives_the_actor_or_a_refusal(cast: Cast) -> None:
    with acting(cast.actor("aoki")) as aoki:
        assert require(P.VIEW, "見る") == aoki
        with pytest.raises(NotAllowed):
            require(P.NOBODY, "だれにもできないこと")


def test_the_system_needs_a_reason_and_may_everything() -> None:
    with pytest.raises(ValueError, match="reason"), system(""):
        pass
    assert Actor(Kind.SYSTEM, reason="x").may(P.NOBODY)
    assert not ANONYMOUS.may(P.VIEW)


def test_grants_of_several_roles_add_up() -> None:
    both = granted_to([Role.PHYSICIAN, Role.FACILITY_ADMINISTRATOR])
    assert both == granted_to([Role.PHYSICIAN]) | granted_to([Role.FACILITY_ADMINISTRATOR])
    assert granted_to([]) == frozenset()
    assert set(matrix()) >= both


def test_what_a_page_reads_is_collected_by_key(cast: Cast) -> None:
    with acting(cast.actor("aoki")) as aoki, collecting() as shown:
        rows = Patient.objects.visible_to(aoki)
        assert isinstance(rows, GuardedQuerySet)
        list(rows.filter(name="鈴木 一郎"))
        note_shown("patients", [999])
    assert shown["patients"] == {cast.patient("suzuki").pk, 999}
