"""A removed, changed or added line shows; writers never wait for each other, and no line is left out of the seals.

These proofs commit: they work on a database of their own and log in several times.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from checks.world import database_of_its_own, login
from renkei.audit.chain import LOCK, seal, verify
from renkei.gate.jobs import seal_trail
from testing.database import arranging

LINE = """INSERT INTO audit_auditentry (at, outcome, action, says, actor_kind, person_id, actor_label, facility_id,
 facility_label, patient_ids, subject, shown, changes, reason, request_id, address)
 VALUES (now(), 'done', 'proof', %s, 'staff', 1, '', 1, '', '{}', '', '{}', '[]', '', '', '')"""
Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def database(django_db_blocker: Any, worker_id: str) -> Iterator[str]:
    name = f"renkei_{worker_id}_chain"
    with django_db_blocker.unblock(), database_of_its_own(name):
        yield name


@pytest.fixture
def owner(database: str) -> Iterator[Connection]:
    with login("renkei_owner", database) as opened:
        yield opened


@pytest.fixture
def sealed(database: str) -> str:
    """Ten lines in two seals."""
    for batch in range(2):
        with login("renkei_app", database) as app:
            for number in range(5):
                app.execute(LINE, [f"{batch}-{number}"])
        with arranging():
            assert seal() == 5
    return database


def problem() -> str:
    with arranging():
        return verify().problem


def test_an_untouched_trail_holds(sealed: str) -> None:
    with arranging():
        verdict = verify()
    assert (verdict.holds, verdict.seals, verdict.entries, verdict.unsealed) == (True, 2, 10, 0)


def test_sealing_again_without_new_lines_does_nothing(sealed: str) -> None:
    with arranging():
        assert seal() == 0
        assert verify().seals == 2


@pytest.mark.parametrize(
    "change",
    [
        "says = 'x'",
        "person_id = 2",
        "at = at + interval '1 microsecond'",
        "changes = '[{}]'",
        "patient_ids = '{1}'",
        "facility_label = 'x'",
        "outcome = 'read'",
        "subject_id = 1",
        "address = 'x'",
    ],
)
def test_a_changed_line_is_found(sealed: str, owner: Connection, change: str) -> None:
    owner.execute(f"UPDATE audit_auditentry SET {change} WHERE says = '0-2'")
    assert "内容" in problem()


def test_every_column_of_a_line_is_covered_by_its_seal(sealed: str, owner: Connection) -> None:
    columns = owner.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'audit_auditentry'::regclass AND attnum > 0"
    ).fetchall()
    from renkei.audit.chain import _LINE

    assert not [name for (name,) in columns if str(name) not in _LINE]


def test_a_removed_line_is_found(sealed: str, owner: Connection) -> None:
    owner.execute("DELETE FROM audit_auditentry WHERE says = '1-4'")
    assert "数または内容" in problem()


def test_a_line_put_in_afterwards_is_found(sealed: str, owner: Connection) -> None:
    owner.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER take_number")
    owner.execute("DELETE FROM audit_auditentry WHERE says = '0-3'")
    owner.execute(
        LINE.replace("(at,", "(id, at,").replace(
            "VALUES (", "VALUES ((SELECT min(id) + 3 FROM audit_auditentry), "
        ),
        ["0-3"],
    )
    assert problem()


def test_a_removed_seal_is_found(sealed: str, owner: Connection) -> None:
    owner.execute("DELETE FROM audit_auditseal WHERE id = (SELECT min(id) FROM audit_auditseal)")
    assert "つながって" in problem()


def test_a_seal_computed_anew_after_a_change_does_not_fit_the_next(sealed: str, owner: Connection) -> None:
    owner.execute("UPDATE audit_auditentry SET says = 'x' WHERE says = '0-2'")
    owner.execute(
        "UPDATE audit_auditseal SET digest = repeat('a', 64) WHERE id = (SELECT min(id) FROM audit_auditseal)"
    )
    assert problem()


def test_the_last_lines_cut_off_together_with_their_seal_leave_a_smaller_number(
    sealed: str, owner: Connection
) -> None:
    """What a chain alone cannot show: the README says to keep the last digest elsewhere."""
    owner.execute("DELETE FROM audit_auditentry WHERE says LIKE '1-%'")
    owner.execute("DELETE FROM audit_auditseal WHERE id = (SELECT max(id) FROM audit_auditseal)")
    with arranging():
        verdict = verify()
    assert (verdict.holds, verdict.entries) == (True, 5)


def test_the_command_of_the_doctor_tells_a_broken_chain(sealed: str, owner: Connection) -> None:
    call_command("verify_audit", database="owner", verbosity=0)
    owner.execute("DELETE FROM audit_auditentry WHERE says = '0-0'")
    with pytest.raises(CommandError, match="封印"):
        call_command("verify_audit", database="owner")


def test_two_writers_in_open_transactions_do_not_wait_for_each_other(database: str) -> None:
    with login("renkei_app", database) as one, login("renkei_app", database) as two:
        for connection in (one, two):
            connection.execute("SET lock_timeout = '200ms'")
        with one.transaction():
            one.execute(LINE, ["first, still open"])
            with two.transaction():
                two.execute(LINE, ["second"])
            assert one.execute("SELECT 1").fetchone() == (1,)


def test_a_line_that_is_still_open_is_not_jumped_over(database: str) -> None:
    with login("renkei_app", database) as slow, login("renkei_app", database) as quick:
        with slow.transaction():
            slow.execute(LINE, ["slow"])
            quick.execute(LINE, ["quick"])
            with arranging():
                assert seal(tries=1) == 0
        with arranging():
            assert seal() == 2
            assert verify().holds


def test_the_sealer_does_not_queue_before_writers(database: str) -> None:
    """While a writer is open the sealer only tries; another writer gets in at once."""
    with login("renkei_app", database) as slow, login("renkei_app", database) as quick, slow.transaction():
        slow.execute(LINE, ["slow"])
        with arranging():
            assert seal(tries=2, pause=0.01) == 0
        quick.execute("SET lock_timeout = '200ms'")
        quick.execute(LINE, ["quick"])
        assert slow.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s", [LOCK]
        ).fetchone() == (0,)


def test_many_writers_and_a_sealer_at_once_lose_no_line(database: str) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            with login("renkei_app", database) as app:
                app.execute("SET lock_timeout = '5s'")
                for number in range(40):
                    with app.transaction():
                        app.execute(LINE, [f"{writer}-{number}"])
                        if number % 7 == 0:
                            app.execute(LINE, [f"{writer}-{number} again"])
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for writer in writers:
        writer.start()
    sealed = 0
    while any(writer.is_alive() for writer in writers):
        with arranging():
            sealed += seal(tries=1)
    for writer in writers:
        writer.join()
    with arranging():
        sealed += seal()
        verdict = verify()
    assert failures == []
    assert sealed == verdict.entries == 6 * (40 + 6)
    assert (verdict.holds, verdict.unsealed) == (True, 0)


def test_the_job_of_every_minute_seals(database: str) -> None:
    with login("renkei_app", database) as app:
        app.execute(LINE, ["one"])
    with arranging(), transaction.atomic():
        seal_trail(timestamp=0)
        assert verify().seals == 1
