"""How lists and pages grow with the region: the same questions at 10,000, 100,000 and 1,000,000 referrals.

The region is multiplied inside the database: a hundred times the referrals are those of a hundred times the houses, as a
region grows; one house's own work stays what it is (``bench_lists.py`` multiplies that). Each figure is the 95th of a hundred
answers (the whole call, planning included), asked under the role of the web with gate and wall on. The regions are asked in
turns, so that whatever else runs on the machine meets all of them. Each line ends in the ratio to the smallest region; 2 is
the limit. Statements are counted, too: their number may not grow at all.
``SIZES`` (thousands of referrals, default ``10,100``; ``10,100,1000`` takes about half an hour).
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

import conftest  # noqa: F401  (starts the server and Django)
from bench.bench_lists import actor_at
from bench.place import machine
from renkei.demo import DEMO_START
from renkei.demo.loading import load
from renkei.fhirkit.server import searching
from renkei.fhirkit.server.mapping import Mapping, mapping_of
from renkei.fhirkit.server.query import read_query
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.patients import queries as patients
from renkei.referrals import queries
from testing.database import clone, database, ensure_template

SIZES = [int(size) for size in os.environ.get("SIZES", "10,100").split(",")]
ROUNDS = int(os.environ.get("ROUNDS", "10"))
TURNS = int(os.environ.get("TURNS", "10"))
PAGE = 25
PER_REGION = 3000
LIMIT = 2.0


def resource(name: str) -> Mapping:
    """How the API shows it."""
    found = mapping_of(name)
    assert found is not None
    return found


def questions(sato: Actor, aoki: Actor) -> dict[str, tuple[Actor, Callable[[], object]]]:
    """What people ask all day: name → who asks, and the call."""
    with acting(sato), transaction.atomic():
        back = queries.desk(sato, "back")[0]
        one, twin = back.uid, back.patient
    asked: dict[str, tuple[Actor, Callable[[], object]]] = {
        f"desk, {tab}": (sato, lambda tab=tab: list(queries.desk(sato, tab)[:PAGE]))  # type: ignore[misc]
        for tab in ("new", "dates", "today", "overdue", "back")
    }
    asked["desk, counts"] = (sato, lambda: queries.desk_counts(sato))
    asked["clinic, open"] = (aoki, lambda: list(queries.clinic(aoki, "open")[:PAGE]))
    asked["one referral"] = (sato, lambda: queries.whole(sato, queries.one(sato, one)))
    asked["search by name"] = (sato, lambda: list(queries.search(sato, "鈴木")[:PAGE]))
    asked["patients"] = (sato, lambda: patients.search(sato, "", PAGE))
    asked["patients by name"] = (sato, lambda: patients.search(sato, "鈴木", PAGE))
    asked["patients by one kana"] = (sato, lambda: patients.search(sato, "ス", PAGE))
    asked["patients by given name"] = (sato, lambda: patients.search(sato, "一郎", PAGE))
    asked["patients alike"] = (sato, lambda: patients.candidates(sato, twin.name, twin.kana, twin.birth_on))
    for name, wanted in (("by name", ("name", "鈴木")), ("by exact name", ("name:exact", "鈴木"))):
        query = read_query(resource("Patient"), [wanted, ("_count", "20")], strict=True, base="")
        asked[f"API patients {name}"] = (sato, lambda query=query: searching.run(sato, query))  # type: ignore[misc]
    worklist = read_query(
        resource("ServiceRequest"), [("status", "active"), ("_count", "20")], strict=True, base=""
    )
    asked["API worklist"] = (sato, lambda: searching.run(sato, worklist))
    return asked


@dataclass
class Answers:
    """Of one question in one region: what each answer took in ms, and the statements of one."""

    waits: list[float] = field(default_factory=list)
    statements: int = 0

    @property
    def p95(self) -> float:
        """The 95th of a hundred."""
        return statistics.quantiles(self.waits, n=20)[-1]

    def add(self, actor: Actor, ask: Callable[[], object]) -> None:
        """One turn: asked once to count its statements, then some times on the same connection."""
        with acting(actor), transaction.atomic():
            with CaptureQueriesContext(connection) as seen:
                ask()
            self.statements = len(seen.captured_queries)
            for _round in range(ROUNDS):
                began = time.perf_counter()
                ask()
                self.waits.append((time.perf_counter() - began) * 1000)


Region = dict[str, Answers]


def load_region(size: int) -> None:
    """A region of ``size`` thousand referrals in a database of its own."""
    clone(f"bench_growth_{size}")
    with database(f"bench_growth_{size}"):
        load.empty_tables()
        began = time.perf_counter()
        load.load(max(1, round(size * 1000 / PER_REGION)), told=lambda line: None, houses=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = 'referrals_referral'")
            seconds = time.perf_counter() - began
            print(f"{cursor.fetchone()[0]:,} referrals loaded in {seconds:.0f} s", flush=True)


def take_turn(size: int, found: Region) -> None:
    """Ask everything of one region."""
    with database(f"bench_growth_{size}"), clock.frozen(DEMO_START):
        for what, (actor, ask) in questions(actor_at("sato.h1"), actor_at("aoki.c1")).items():
            found.setdefault(what, Answers()).add(actor, ask)


def main() -> None:
    """Every size in turn, then one line for each question."""
    settings.COMPARE_COMPILED = False  # a check of the tests, which no installation pays for
    ensure_template()
    for size in SIZES:
        load_region(size)
    found: dict[int, Region] = {size: {} for size in SIZES}
    for _turn in range(TURNS):
        for size in SIZES:
            take_turn(size, found[size])
    print(machine())
    for what, least in found[SIZES[0]].items():
        figures = ", ".join(f"{size}k {found[size][what].p95:.1f} ms" for size in SIZES)
        middle = ", ".join(f"{statistics.median(found[size][what].waits):.1f}" for size in SIZES)
        counts = {found[size][what].statements for size in SIZES}
        same = f"{counts.pop()} statements" if len(counts) == 1 else f"statements differ: {sorted(counts)}"
        ratio = found[SIZES[-1]][what].p95 / least.p95
        print(f"{what}: p95 {figures}; medians {middle}; {same}; limit {LIMIT:.0f}x = {ratio:.2f}x")


if __name__ == "__main__":
    main()
