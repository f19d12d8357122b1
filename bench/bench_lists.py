"""What the gate costs on 100,000 referrals: lists and one whole referral against hand-written SQL without any wall.

The region is loaded into a throw-away database (without fsync: only reading is measured). Times are what the
server says (planning and execution of ``EXPLAIN ANALYZE``), the middle one of several runs. The plan of every query is
kept in ``docs/explain``. ``SCALE=34`` is the default (102,000 referrals); each line ends in a ratio.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

import conftest  # noqa: F401  (starts the server and Django)
from renkei.accounts.models import Membership
from renkei.accounts.queries import actor_of
from renkei.audit.queries import history_of_patient
from renkei.clients import queries as clients
from renkei.demo import DEMO_START
from renkei.demo.loading import load
from renkei.exchange import queries as exchange
from renkei.exchange.scans import queries as scans
from renkei.fhirkit.server import searching
from renkei.fhirkit.server.mapping import mapping_of
from renkei.fhirkit.server.query import read_query
from renkei.gate.actor import Actor
from renkei.gate.context import acting, system
from renkei.guests import queries as guests
from renkei.indicators import queries as indicators
from renkei.kernel import clock
from renkei.notices import paper_queries
from renkei.notices import queries as notices
from renkei.patients import queries as patients
from renkei.referrals import queries
from renkei.webhooks import queries as webhooks
from testing.database import clone, database, ensure_template

SCALE = int(os.environ.get("SCALE", "34"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
PAGE = 25
LIMIT_MS = 100.0
EXPLAIN = Path(__file__).resolve().parents[1] / "docs" / "explain"

BARE_ROWS = """SELECT r.*, p.*, s.*, v.*, o.* FROM referrals_referral r
 JOIN patients_patient p ON p.id = r.patient_id JOIN directory_facility s ON s.id = r.sender_id
 LEFT JOIN directory_facility v ON v.id = r.receiver_id LEFT JOIN patients_patient o ON o.id = r.receiver_patient_id
 WHERE r.receiver_id = {here} AND {where} ORDER BY {order} LIMIT 25"""
PRESSING = "(r.urgency = 'urgent') DESC, r.sent_at DESC, r.id DESC"
DAY = "BETWEEN timestamptz '2026-06-01 00:00+09' AND timestamptz '2026-06-01 23:59:59.999999+09'"
LATE = """EXISTS (SELECT FROM referrals_deadline d WHERE d.referral_id = r.id AND d.facility_id = {here}
 AND d.met_at IS NULL AND d.due_at < timestamptz '2026-06-01 08:30+09')"""
ENDED = "('closed', 'declined', 'redirected', 'withdrawn')"
SENT_BACK = """NOT EXISTS (SELECT FROM referrals_referral b WHERE b.answers_id = r.id AND b.kind = 'back_referral'
 AND b.state NOT IN ('draft', 'withdrawn'))"""
TODAY = f"""((r.state = 'booked' AND r.appointment_at {DAY})
 OR (r.state IN ('arrived', 'admitted') AND r.arrived_at {DAY}))"""
UNREAD = """(EXISTS (SELECT FROM referrals_replyletter y WHERE y.referral_id = r.id AND y.sent_at IS NOT NULL
 AND y.first_read_at IS NULL) OR EXISTS (SELECT FROM referrals_message m WHERE m.referral_id = r.id
 AND m.facility_id <> {here} AND NOT EXISTS (SELECT FROM referrals_messageread d WHERE d.message_id = m.id
 AND d.person_id = {person})))"""
WHERE = {
    "new": "r.state IN ('sent', 'received')",
    "dates": "r.state IN ('accepted', 'offered')",
    "today": TODAY,
    "overdue": f"r.state NOT IN {ENDED} AND {LATE}",
    "back": f"r.back_referral_planned AND r.state <> 'withdrawn' AND {SENT_BACK}",
}
COUNTS = (
    "SELECT "
    + ", ".join(f"count(*) FILTER (WHERE {where})" for where in WHERE.values())
    + f" FROM referrals_referral r WHERE r.receiver_id = {{here}} AND (r.state NOT IN {ENDED} OR r.back_referral_planned)"
)
TABLES = {
    "letter": "referrals_referralletter",
    "move": "referrals_referralmove",
    "offer": "referrals_dateoffer",
    "reply": "referrals_replyletter",
    "attachment": "referrals_attachment",
    "message": "referrals_message",
    "deadline": "referrals_deadline",
}


def load_region() -> None:
    """The demo region, many times over."""
    load.empty_tables()
    began = time.perf_counter()
    load.load(SCALE, told=lambda line: None)
    seconds = time.perf_counter() - began
    print(f"load of {3000 * SCALE:,} referrals: {seconds:.1f} s, limit 60 s = {seconds / 60:.2f}x")


def server_time(cursor: Any, sql: str) -> float:
    """Planning and execution of ``sql`` in milliseconds, the middle of several runs."""
    times = []
    for _ in range(ROUNDS):
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        found = cursor.fetchone()[0]
        plan = (found if isinstance(found, list) else json.loads(found))[0]
        times.append(plan["Planning Time"] + plan["Execution Time"])
    return statistics.median(times)


def keep_plan(cursor: Any, name: str, queries: list[str]) -> None:
    """The plans of one list, readable."""
    EXPLAIN.mkdir(parents=True, exist_ok=True)
    parts = []
    for sql in queries:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql}")
        parts.append(sql + "\n\n" + "\n".join(row[0] for row in cursor.fetchall()))
    (EXPLAIN / f"{name}.txt").write_text("\n\n\n".join(parts) + "\n")


def compare(name: str, actor: Actor, ask: Callable[[], object], bare: list[str]) -> None:
    """One line: the gated queries under the role of the web against bare SQL of the owner."""
    with acting(actor), transaction.atomic():
        with CaptureQueriesContext(connection) as seen:
            ask()
        gated = [q["sql"] for q in seen.captured_queries if q["sql"].lstrip().startswith(("SELECT", "WITH"))]
        with connection.cursor() as cursor:
            walled = sum(server_time(cursor, sql) for sql in gated)
            keep_plan(cursor, name, gated)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        plain = sum(server_time(cursor, sql) for sql in bare)
    print(
        f"{name}: {walled:.1f} ms in {len(gated)} queries under the gate, {plain:.1f} ms in {len(bare)} bare"
        f" = {walled / plain:.1f}x"
    )


def actor_at(login_id: str) -> Actor:
    """The actor of a member of staff."""
    with system("benchmark") as whole, transaction.atomic(using="owner"):
        rows = Membership.objects.using("owner").visible_to(whole).select_related("person", "facility")
        return actor_of(rows.get(person__login_id=login_id))


def desk() -> None:
    """The five lists of H1's desk, their counts, and one referral with everything on it."""
    sato = actor_at("sato.h1")
    here = str(sato.facility_id)
    orders = {"today": "r.appointment_at, r.arrived_at, r.id", "overdue": "r.id"}
    for tab, where in WHERE.items():
        bare = BARE_ROWS.format(here=here, where=where, order=orders.get(tab, PRESSING)).replace(
            "{here}", here
        )
        compare(f"desk_{tab}", sato, lambda tab=tab: list(queries.desk(sato, tab)[:PAGE]), [bare])  # type: ignore[misc]
    compare("desk_counts", sato, lambda: queries.desk_counts(sato), [COUNTS.replace("{here}", here)])
    aoki = actor_at("aoki.c1")
    here_too = str(aoki.facility_id)
    unread = UNREAD.format(here=aoki.facility_id, person=aoki.person_id)
    running = f"r.state NOT IN ('draft', {ENDED[1:]}"
    mine = f"""SELECT r.*, p.*, {unread} AS unread FROM referrals_referral r JOIN patients_patient p
     ON p.id = r.patient_id WHERE r.sender_id = {here_too} AND {running}
     ORDER BY unread DESC, r.moved_at DESC, r.id DESC LIMIT 25"""
    compare("clinic_open", aoki, lambda: list(queries.clinic(aoki, "open")[:PAGE]), [mine])
    every = f"""SELECT count(*) FILTER (WHERE r.sender_id = {here_too} AND {running}),
     count(*) FILTER (WHERE r.sender_id = {here_too} AND r.state = 'offered'),
     count(*) FILTER (WHERE r.sender_id = {here_too} AND {unread}),
     count(*) FILTER (WHERE r.receiver_id = {here_too} AND {running}),
     count(*) FILTER (WHERE r.sender_id = {here_too} AND r.state IN {ENDED})
     FROM referrals_referral r WHERE {here_too} IN (r.sender_id, r.receiver_id)"""
    compare("clinic_counts", aoki, lambda: queries.clinic_counts(aoki), [every])
    search = """SELECT r.*, p.* FROM referrals_referral r JOIN patients_patient p ON p.id = r.patient_id
     WHERE {here} IN (r.sender_id, r.receiver_id) AND strpos(p.kanji_key, '鈴木') > 0 ORDER BY r.created_at DESC LIMIT 25"""
    compare(
        "search_name",
        sato,
        lambda: list(queries.search(sato, "鈴木")[:PAGE]),
        [search.replace("{here}", here)],
    )


def one_referral() -> None:
    """The page of a referral: its row with the parties, then everything on it."""
    sato = actor_at("sato.h1")
    with acting(sato), transaction.atomic():
        found = queries.desk(sato, "back")[0]
    bare = [
        f"""SELECT r.*, p.*, s.*, v.* FROM referrals_referral r JOIN patients_patient p ON p.id = r.patient_id
         JOIN directory_facility s ON s.id = r.sender_id LEFT JOIN directory_facility v ON v.id = r.receiver_id
         WHERE r.uid = '{found.uid}'""",
        *(f"SELECT * FROM {table} WHERE referral_id = {found.pk} ORDER BY id" for table in TABLES.values()),
        f"SELECT * FROM referrals_referral WHERE answers_id = {found.pk}",
    ]
    compare("referral_page", sato, lambda: queries.whole(sato, queries.one(sato, found.uid)), bare)


def other_lists() -> dict[str, tuple[Actor, Callable[[], object]]]:
    """Every other list of the product: its plan is kept, and its time stands beside what a person does not notice."""
    sato, oka, aoki = actor_at("sato.h1"), actor_at("oka.h1"), actor_at("aoki.c1")
    with acting(sato), transaction.atomic():
        one = queries.desk(sato, "back")[0]
    order = mapping_of("ServiceRequest")
    assert order is not None
    worklist = read_query(order, [("status", "active"), ("_count", "20")], strict=True, base="")
    days = [date(2025 + (3 + n) // 12, (3 + n) % 12 + 1, 1) for n in range(12)]
    return {
        "patients": (sato, lambda: patients.search(sato, "", PAGE)),
        "patients_by_name": (sato, lambda: patients.search(sato, "鈴木", PAGE)),
        "access_history": (sato, lambda: history_of_patient(one.patient_id)),
        "notices": (sato, lambda: list(notices.notices(sato)[:PAGE])),
        "papers_waiting": (sato, lambda: list(paper_queries.papers(sato)[:PAGE])),
        "scans_unmatched": (sato, lambda: list(scans.parts(sato)[:PAGE])),
        "scans_files": (sato, lambda: scans.files(sato)),
        "documents_waiting": (sato, lambda: exchange.waiting(sato)),
        "guests_open": (sato, lambda: guests.open_requests(sato)),
        "guests_decided": (sato, lambda: guests.decided_requests(sato)),
        "visits_imported": (sato, lambda: list(indicators.imports(sato)[:PAGE])),
        "visits_by_month": (sato, lambda: indicators.months(sato, days)),
        "reports": (sato, lambda: indicators.reports(sato)),
        "drafts": (aoki, lambda: queries.clinic_page(aoki, "drafts", slice(0, PAGE))),
        "clients": (oka, lambda: clients.clients(oka)),
        "webhooks": (oka, lambda: webhooks.receivers(oka)),
        "api_worklist": (sato, lambda: searching.run(sato, worklist)),
    }


def tell_other_lists() -> None:
    """One line for each, ending in its share of the limit."""
    for name, (actor, ask) in other_lists().items():
        with acting(actor), transaction.atomic():
            with CaptureQueriesContext(connection) as seen:
                ask()
            asked = [q["sql"] for q in seen.captured_queries if q["sql"].lstrip().startswith("SELECT")]
            with connection.cursor() as cursor:
                walled = sum(server_time(cursor, sql) for sql in asked)
                keep_plan(cursor, name, asked)
        print(
            f"{name}: {walled:.1f} ms in {len(asked)} queries, limit {LIMIT_MS:.0f} ms = {walled / LIMIT_MS:.2f}x"
        )


def main() -> None:
    """Load, measure, print."""
    ensure_template()
    clone("bench_lists")
    with database("bench_lists"):
        load_region()
        with clock.frozen(DEMO_START):
            desk()
            one_referral()
            tell_other_lists()


if __name__ == "__main__":
    main()
