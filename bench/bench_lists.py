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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

import conftest  # noqa: F401  (starts the server and Django)
from renkei.accounts.models import Membership
from renkei.accounts.queries import actor_of
from renkei.demo import DEMO_START
from renkei.demo.loading import load
from renkei.gate.actor import Actor
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.referrals import queries
from testing.database import clone, database, ensure_template

SCALE = int(os.environ.get("SCALE", "34"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
PAGE = 25
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


def main() -> None:
    """Load, measure, print."""
    ensure_template()
    clone("bench_lists")
    with database("bench_lists"):
        load_region()
        with clock.frozen(DEMO_START):
            desk()
            one_referral()


if __name__ == "__main__":
    main()
