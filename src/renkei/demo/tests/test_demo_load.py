"""The loaded demo region: what people find on the first morning, and that its past could have happened."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections, transaction

from renkei.accounts.models import Membership
from renkei.accounts.queries import actor_of
from renkei.audit import chain
from renkei.demo import DEMO_START
from renkei.demo.loading import load
from renkei.enrolments.jobs import turn
from renkei.gate.actor import Actor, current
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.kernel.errors import NotPossibleNow
from renkei.kernel.holidays import is_business_day
from renkei.referrals import queries
from renkei.referrals.models import Referral, ReferralMove
from renkei.referrals.registry import kind_of
from renkei.referrals.types import State
from testing.database import arranging, clone, database, ensure_demo_template

PATIENT_TABLES = (
    *(
        "patients_patient",
        "patients_insurednumber",
        "patients_keycontact",
        "circles_circle",
        "circles_member",
    ),
    *("referrals_referral", "referrals_referralletter", "referrals_referralmove", "referrals_dateoffer"),
    *("referrals_replyletter", "referrals_attachment", "referrals_message", "referrals_deadline"),
    *("files_storedfile", "patients_patientlink"),
)
PAPER_LETTERS = 4
"""Letters to houses without Renkei, beside the three thousand: the print queue of the first morning."""


@pytest.fixture(scope="module", autouse=True)
def demo_database(django_db_setup: None, django_db_blocker: Any, worker_id: str) -> Iterator[None]:
    """A clone of the demo's template for this module."""
    name = f"renkei_demo_{worker_id}"
    with django_db_blocker.unblock():
        clone(name, ensure_demo_template())
        with database(name):
            yield


@pytest.fixture(autouse=True)
def first_morning() -> Iterator[None]:
    """Monday, 1 June 2026, 8:30."""
    with clock.frozen(DEMO_START):
        yield


def _actor(login_id: str) -> Actor:
    with arranging("looking an actor up"), system("looking an actor up") as actor:
        rows = Membership.objects.visible_to(actor).select_related("person", "facility").order_by("id")
        return actor_of(rows.filter(person__login_id=login_id)[0])


def _owner(sql: str, *values: object) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _number(sql: str) -> int:
    return int(_owner(sql)[0][0])


DIGEST = """SELECT number, state, p.name, p.local_number, s.name, r.receiver_name, r.entered_by, r.created_at, r.moved_at
 FROM referrals_referral r JOIN patients_patient p ON p.id = r.patient_id JOIN directory_facility s ON s.id = r.sender_id
 ORDER BY number"""
OTHERS = (
    "SELECT says, note, at, person_id, facility_id FROM referrals_referralmove ORDER BY id",
    "SELECT name, due_at, met_at, facility_id FROM referrals_deadline ORDER BY id",
    "SELECT name, kana, local_number, birth_on FROM patients_patient ORDER BY id",
    "SELECT code FROM patients_regionalperson ORDER BY id",
    "SELECT login_id, name FROM accounts_person ORDER BY id",
    "SELECT name, sha256 FROM files_storedfile ORDER BY id",
)


def _digest() -> str:
    return hashlib.sha256(repr([_owner(sql) for sql in (DIGEST, *OTHERS)]).encode()).hexdigest()


def test_the_region_stands_with_its_size_and_every_state() -> None:
    assert _number("SELECT count(*) FROM directory_facility") == 62 + 276
    assert _number("SELECT count(*) FROM accounts_person") == 200
    assert _number("SELECT count(*) FROM patients_patient") > 2000
    assert _number("SELECT count(*) FROM referrals_referral") == 3000 + PAPER_LETTERS
    assert {state for (state,) in _owner("SELECT DISTINCT state FROM referrals_referral")} == set(State)
    assert _number("SELECT count(*) FROM events_outboxevent") == 0
    assert _number("SELECT count(*) FROM directory_mappicture") == 1


def test_nine_schemes_run_and_three_hundred_are_registered() -> None:
    assert _number("SELECT count(*) FROM enrolments_scheme") == 9
    registered = """SELECT count(*) FROM enrolments_listing l JOIN enrolments_scheme s ON s.id = l.scheme_id
      WHERE s.key = 'registered_physician_isehara' AND l.from_on <= '2026-06-01'
        AND (l.until_on IS NULL OR l.until_on > '2026-06-01')"""
    assert _number(registered) >= 300
    per_scheme = dict(
        _owner(
            "SELECT s.key, count(*) FROM enrolments_enrolment e JOIN enrolments_scheme s ON s.id = e.scheme_id GROUP BY 1"
        )
    )
    assert (per_scheme["next_ebina"], per_scheme["tm_net"], per_scheme["home_doctor_net_nagasaki"]) == (
        29,
        43,
        71,
    )
    assert _number("SELECT count(*) FROM enrolments_application WHERE state = 'submitted'") == 3
    gaps = """SELECT count(*) FROM enrolments_membershipterm a JOIN enrolments_membershipterm b
      ON b.enrolment_id = a.enrolment_id AND b.from_on > a.from_on AND b.from_on <= a.until_on"""
    assert _number(gaps) == 0


class _Undo(Exception):
    """Ends a night that the other tests shall not see."""


def test_a_year_of_the_schemes_passes_by_moving_the_clock() -> None:
    before = _number("SELECT count(*) FROM enrolments_membershipterm")
    with suppress(_Undo), clock.frozen(clock.jst(2027, 4, 1, 8, 30)), arranging("a night of the demo"):
        assert turn(current(), clock.today()) > 280
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM enrolments_membershipterm")
            assert cursor.fetchone()[0] > before + 280
            cursor.execute("SELECT count(*) FROM enrolments_enrolment WHERE ended_on = '2027-04-01'")
            assert cursor.fetchone()[0] >= 4
        raise _Undo
    assert _number("SELECT count(*) FROM enrolments_membershipterm") == before


def test_the_desk_of_the_first_morning_counts_7_5_11_6_9_under_the_role_of_the_web() -> None:
    sato = _actor("sato.h1")
    with acting(sato), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("renkei_app",)
        counts = queries.desk_counts(sato)
        assert counts == {"new": 7, "dates": 5, "today": 11, "overdue": 6, "back": 9}
        assert {tab: len(queries.desk(sato, tab)) for tab in counts} == counts


def test_every_past_is_a_legal_path_of_the_workflow_by_people_who_may() -> None:
    memberships = {(m.person_id, m.facility_id): actor_of(m) for m in _all(Membership)}
    moves: dict[int, list[ReferralMove]] = defaultdict(list)
    for step in _all(ReferralMove):
        moves[step.referral_id].append(step)
    for referral in _all(Referral):
        state: State = State.DRAFT
        done: set[str] = set()
        table = kind_of(referral.kind).workflow
        for step in moves[referral.pk]:
            party = "sender" if step.facility_id == referral.sender_id else "receiver"
            facts = {
                **dict.fromkeys(("purpose", "diagnoses", "receiver", "finalised", "in_future"), "given"),
                "basis": referral.basis,
                "electronic": True,
                "reason": step.note,
                "final_report": "finish" in done,
            }
            made = table.check(step.name, state=state, party=party, facts=facts)
            actor = memberships[step.person_id, step.facility_id]
            assert actor.may(made.permission), (referral.number, step.name, actor.label)
            assert (step.from_state, step.facility_name) == (state, actor.facility_label)
            state = State(made.target or state)
            assert step.to_state == state
            done.add(step.name)
        assert referral.state == state, referral.number


def _all(model: type[Any]) -> list[Any]:
    with system("reading the whole region") as actor:
        rows = model.objects.using("owner").visible_to(actor).order_by("id")
        return list(rows.select_related("person", "facility") if model is Membership else rows)


def test_what_was_sent_is_final_printed_and_numbered_in_the_order_of_time() -> None:
    assert not _owner(
        """SELECT r.number FROM referrals_referral r JOIN referrals_referralletter l ON l.referral_id = r.id
           WHERE (r.sent_at IS NOT NULL) <> (l.finalised_at IS NOT NULL)
              OR (l.finalised_at IS NOT NULL AND l.printed->'patient'->>'name' = '')"""
    )
    numbers = [
        number for (number,) in _owner("SELECT number FROM referrals_referral ORDER BY created_at, id")
    ]
    assert numbers == sorted(numbers)
    assert _number("SELECT nextval('referrals_number')") == 3001 + PAPER_LETTERS


def test_nothing_is_owed_for_what_has_ended_and_dates_were_offered_ahead() -> None:
    assert not _owner(
        """SELECT 1 FROM referrals_deadline d JOIN referrals_referral r ON r.id = d.referral_id
           WHERE d.met_at IS NULL AND r.state IN ('closed', 'declined', 'redirected', 'withdrawn')"""
    )
    assert not _owner("SELECT 1 FROM referrals_dateoffer WHERE starts_at <= offered_at")
    assert not _owner(
        "SELECT 1 FROM referrals_referral WHERE state = 'booked' AND (appointment_at IS NULL OR appointment_at < %s)",
        DEMO_START,
    )
    days = _owner("SELECT starts_at FROM referrals_dateoffer WHERE starts_at > %s", DEMO_START)
    assert all(is_business_day(clock.jst_date(at)) for (at,) in days)


def test_the_trail_tells_every_step_and_its_chain_holds() -> None:
    steps = Counter(says for (says,) in _owner("SELECT left(says, 200) FROM referrals_referralmove"))
    told = Counter(
        says
        for (says,) in _owner("SELECT says FROM audit_auditentry WHERE action LIKE 'referrals.actions.%%'")
    )
    assert not steps - told
    instants = [at for (at,) in _owner("SELECT at FROM audit_auditentry ORDER BY id")]
    assert instants == sorted(instants)
    with transaction.atomic(using="owner"):
        assert chain.seal(using="owner", tries=1) == len(instants)
        assert chain.verify(using="owner").holds


def test_a_pharmacy_outside_every_circle_sees_no_row_about_anybody() -> None:
    pharmacist = _actor("nishi.p1")
    with acting(pharmacist), transaction.atomic(), connection.cursor() as cursor:
        for table in PATIENT_TABLES:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table


def test_a_clinic_sees_exactly_the_letters_it_wrote_or_received() -> None:
    aoki = _actor("aoki.c1")
    own = _owner(
        """SELECT number FROM referrals_referral WHERE sender_id = %(f)s OR (receiver_id = %(f)s
           AND state NOT IN ('draft', 'withdrawn')) ORDER BY number""".replace("%(f)s", str(aoki.facility_id))
    )
    with acting(aoki), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT number FROM referrals_referral ORDER BY number")
        assert cursor.fetchall() == own


def test_a_database_with_facilities_of_its_own_is_refused() -> None:
    with pytest.raises(NotPossibleNow) as refusal:
        load.load(told=lambda line: None)
    assert refusal.value.code == "not_empty"


def test_a_region_loaded_anew_is_the_same_to_the_letter() -> None:
    before = _digest()
    load.load(reset=True, told=lambda line: None)
    assert _digest() == before
