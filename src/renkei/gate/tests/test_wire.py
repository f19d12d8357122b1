"""What waits for the next statement loses nothing: order, errors and the actor stay what they would be one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.db import DataError, ProgrammingError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from renkei.audit import trail
from renkei.gate import actions
from renkei.gate.actor import Actor
from renkei.gate.backend import wire
from renkei.gate.backend.base import DatabaseWrapper
from renkei.gate.backend.wire import Message, Wire
from renkei.gate.context import acting, one_after_the_other
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from testing.cast import Cast

pytestmark = pytest.mark.django_db


def ours() -> DatabaseWrapper:
    """The connection as what it is."""
    return cast(DatabaseWrapper, cast(BaseDatabaseWrapper, transaction.get_connection()))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The first word of each statement, one list for each round trip."""
    told: list[list[str]] = []
    send = Wire.send

    def listen(self: Wire, messages: Sequence[Message], place: int = -1) -> Any:
        told.append([message.sql.split()[0] for message in messages])
        return send(self, messages, place)

    monkeypatch.setattr(Wire, "send", listen)
    return told


def one() -> Any:
    return ours().run_prepared("SELECT %s::int", [1])[0][0]


def test_a_transaction_that_asks_nothing_sends_nothing(sent: list[list[str]]) -> None:
    wrapper = connection.copy()
    wrapper.ensure_connection()
    wrapper.set_autocommit(False)
    wrapper.commit()
    wrapper.close()
    assert sent == []


def test_savepoint_and_what_needs_no_answer_go_with_the_next_question(sent: list[list[str]]) -> None:
    ours().catch_up()
    sent.clear()
    with transaction.atomic():
        ours().change_later("SET LOCAL app.reason = 'x'", [])
        assert sent == []
        assert one() == 1
    assert sent == [["SAVEPOINT", "SET", "SELECT"], ["RELEASE"]]


def test_a_cursor_comes_behind_what_waits(sent: list[list[str]]) -> None:
    with transaction.atomic():
        early = connection.cursor()
        ours().change_later("SELECT set_config('app.proof', 'told', true)", [])
        early.execute("SELECT current_setting('app.proof')")
        assert early.fetchone() == ("told",)


def test_an_error_of_what_waited_ends_the_transaction_and_the_connection_goes_on() -> None:
    def fail() -> None:
        with transaction.atomic():
            ours().change_later("SELECT 1 / %s::int", [0])
            one()

    with pytest.raises(DataError):
        fail()
    assert one() == 1


def test_an_error_of_what_waited_for_the_end_refuses_the_end() -> None:
    wrapper = ours().copy()
    wrapper.set_autocommit(False)
    wrapper._later(Message("CREATE TEMPORARY TABLE proof ()"))
    wrapper._later(Message("SELECT 1 / %s::int", [0]))
    with pytest.raises(DataError):
        wrapper.commit()
    wrapper.rollback()
    assert wrapper.run_prepared("SELECT to_regclass('proof') IS NULL", []) == [(True,)]
    wrapper.close()


@pytest.fixture
def apart() -> Iterator[DatabaseWrapper]:
    """A connection of its own in the outermost block of a transaction."""
    wrapper = ours().copy()
    with wrapper.temporary_connection():
        wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        wrapper.in_atomic_block = True
        wrapper.atomic_blocks.append(None)
        yield wrapper
    wrapper.close()


def test_the_last_question_takes_the_end_along(sent: list[list[str]], apart: DatabaseWrapper) -> None:
    sent.clear()
    assert apart.run_last("SELECT %s::int", [7]) == [(7,)]
    assert sent == [["BEGIN", "SELECT", "SELECT", "COMMIT"]]
    for asked in (apart.run_prepared, apart.run_last, apart.change_prepared, apart.change_later):
        with pytest.raises(ProgrammingError, match="last question"):
            asked("SELECT 1", [])
    with pytest.raises(ProgrammingError, match="last question"), apart.cursor() as cursor:
        cursor.execute("SELECT 1")
    apart.in_atomic_block = False
    apart.commit()
    assert len(sent) == 1
    assert apart.run_prepared("SELECT %s::int", [8]) == [(8,)]


def test_a_last_question_that_fails_leaves_nothing(apart: DatabaseWrapper) -> None:
    apart.change_later("CREATE TEMPORARY TABLE proof ()", [])
    with pytest.raises(DataError):
        apart.run_last("SELECT 1 / %s::int", [0])
    apart.in_atomic_block = False
    apart.rollback()
    assert apart.run_prepared("SELECT to_regclass('proof') IS NULL", []) == [(True,)]


def test_an_error_after_the_last_question_undoes_nothing_and_the_connection_goes_on(
    apart: DatabaseWrapper,
) -> None:
    apart.run_last("SELECT set_config('app.proof', %s, false)", ["kept"])
    apart.in_atomic_block = False
    apart.rollback()
    apart.set_autocommit(True)
    assert apart.run_prepared("SELECT current_setting('app.proof')", []) == [("kept",)]


def test_inside_another_block_the_end_stays_to_that_one(sent: list[list[str]]) -> None:
    with transaction.atomic():
        assert ours().run_last("SELECT %s::int", [7]) == [(7,)]
        assert one() == 1
    assert not any("COMMIT" in trip for trip in sent)


def test_a_line_of_the_trail_that_cannot_be_written_undoes_the_action(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    aoki, suzuki = cast.actor("aoki"), cast.patient("suzuki")

    @actions.action(P.VIEW, says="名前を直す(証跡なし)")
    def rename(actor: Actor, patient: Patient) -> None:
        patient.name = "証跡 なし"
        patient.save()

    def rename_at_once() -> None:
        with transaction.atomic():
            rename(aoki, Patient.objects.visible_to(aoki).get(pk=suzuki.pk))

    with monkeypatch.context() as broken, acting(aoki):
        broken.setattr(trail, "_INSERT", trail._INSERT.replace("(%s,", "(%s / 0,", 1))
        with pytest.raises(ProgrammingError, match="operator does not exist"):
            rename_at_once()
    with acting(aoki):
        assert Patient.objects.visible_to(aoki).get(pk=suzuki.pk).name == suzuki.name


def test_more_statements_than_may_stay_prepared_forget_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST", 2)
    for number in (1, 2, 3, 1, 2, 3):
        assert ours().run_prepared(f"SELECT {number} + %s::int", [1]) == [(number + 1,)]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-06-01 09:00:00+09", datetime(2026, 6, 1, tzinfo=UTC)),
        ("2026-06-01 00:00:00.5+00", datetime(2026, 6, 1, 0, 0, 0, 500_000, UTC)),
        ("0021-01-01 00:00:00+00", datetime(21, 1, 1, tzinfo=UTC)),
    ],
)
def test_instants_come_in_utc_by_both_roads(written: str, instant: datetime) -> None:
    for rows in (ours().run_prepared("SELECT %s::timestamptz", [written]), _by_cursor(written)):
        assert rows == [(instant,)]
        assert rows[0][0].utcoffset().total_seconds() == 0


def _by_cursor(written: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [written])
        return list(cursor.fetchall())


def test_percent_signs_and_many_lines_arrive_as_they_are() -> None:
    lines = ours().run_prepared("SELECT n %% 7, repeat(%s, 1000) FROM generate_series(1, 5000) n", ["%s"])
    assert len(lines) == 5000
    assert lines[6] == (0, "%s" * 1000)


def test_a_message_larger_than_the_socket_takes_goes_through() -> None:
    text = "長" * 3_000_000
    assert ours().run_prepared("SELECT length(%s), length(%s)", [text, text]) == [(3_000_000, 3_000_000)]


def test_whoever_waited_for_a_key_sees_what_was_written_until_then(cast: Cast) -> None:
    with acting(cast.actor("aoki")), transaction.atomic():
        before = ours().told_at
        one_after_the_other("proof")
        assert ours().told_at > before
