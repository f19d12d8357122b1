"""How lists and pages grow with the region: the same questions at 10,000, 100,000 and 1,000,000 referrals.

The region is multiplied inside the database: a hundred times the referrals are those of a hundred times the houses, as a
region grows; one house's own work stays what it is (``bench_lists.py`` multiplies that). Each figure is the 95th of a hundred server answers (planning and execution, or the
whole call where it is several statements), asked under the role of the web with gate and wall on. Each line ends in the
ratio to the smallest region; 2 is the limit. Statements are counted, too: their number may not grow at all.
``SIZES`` (thousands of referrals, default ``10,100``; ``10,100,1000`` takes about half an hour).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

import conftest  # noqa: F401  (starts the server and Django)
from bench.bench_lists import actor_at
from bench.place import machine
from renkei.demo import DEMO_START
from renkei.demo.loading import load
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.patients import queries as patients
from renkei.referrals import queries
from testing.database import clone, database, ensure_template

SIZES = [int(size) for size in os.environ.get("SIZES", "10,100").split(",")]
ROUNDS = int(os.environ.get("ROUNDS", "40"))
PAGE = 25
PER_REGION = 3000
LIMIT = 2.0


def questions(sato: Actor, aoki: Actor) -> dict[str, tuple[Actor, Callable[[], object]]]:
    """What people ask all day: name → who asks, and the call."""
    with acting(sato), transaction.atomic():
        one = queries.desk(sato, "back")[0].uid
    asked: dict[str, tuple[Actor, Callable[[], object]]] = {
        f"desk, {tab}": (sato, lambda tab=tab: list(queries.desk(sato, tab)[:PAGE]))  # type: ignore[misc]
        for tab in ("new", "dates", "today", "overdue", "back")
    }
    asked["desk, counts"] = (sato, lambda: queries.desk_counts(sato))
    asked["clinic, open"] = (aoki, lambda: list(queries.clinic(aoki, "open")[:PAGE]))
    asked["one referral"] = (sato, lambda: queries.whole(sato, queries.one(sato, one)))
    asked["search by name"] = (sato, lambda: list(queries.search(sato, "鈴木")[:PAGE]))
    asked["patients by name"] = (sato, lambda: patients.search(sato, "鈴木", PAGE))
    return asked


def p95(actor: Actor, ask: Callable[[], object]) -> tuple[float, int]:
    """The 95th of many answers in ms, and the statements of one."""
    waits = []
    with acting(actor), transaction.atomic():
        with CaptureQueriesContext(connection) as seen:
            ask()
        for _round in range(ROUNDS):
            began = time.perf_counter()
            ask()
            waits.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(waits, n=20)[-1], len(seen.captured_queries)


def measured(size: int) -> dict[str, tuple[float, int]]:
    """Load a region of ``size`` thousand referrals and ask everything."""
    name = f"bench_growth_{size}"
    clone(name)
    with database(name):
        load.empty_tables()
        began = time.perf_counter()
        load.load(max(1, round(size * 1000 / PER_REGION)), told=lambda line: None, houses=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'referrals_referral'")
            print(
                f"{cursor.fetchone()[0]:,} referrals loaded in {time.perf_counter() - began:.0f} s",
                flush=True,
            )
        with clock.frozen(DEMO_START):
            asked = questions(actor_at("sato.h1"), actor_at("aoki.c1"))
            found = {what: p95(actor, ask) for what, (actor, ask) in asked.items()}
    told = ", ".join(f"{what} {wait:.1f}" for what, (wait, _) in found.items())
    print(f"  p95 in ms, {machine()}: {told}", flush=True)
    return found


def main() -> None:
    """Every size in turn, then one line for each question."""
    ensure_template()
    found = {size: measured(size) for size in SIZES}
    print(machine())
    least = found[SIZES[0]]
    for what in least:
        figures = ", ".join(f"{size}k {found[size][what][0]:.1f} ms" for size in SIZES)
        counts = {found[size][what][1] for size in SIZES}
        same = f"{counts.pop()} statements" if len(counts) == 1 else f"statements differ: {sorted(counts)}"
        ratio = found[SIZES[-1]][what][0] / least[what][0]
        print(f"{what}: p95 {figures}; {same}; limit {LIMIT:.0f}x = {ratio:.2f}x")


if __name__ == "__main__":
    main()
