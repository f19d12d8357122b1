"""A throw-away database for the benchmarks: the same embedded server, roles and cast as the tests."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.db import connections

import conftest  # noqa: F401  (starts the server and Django)
from checks.world import database_of_its_own
from renkei.gate.actor import current
from testing.cast import Cast, load
from testing.database import arranging


@contextmanager
def region(name: str) -> Iterator[Cast]:
    """A committed copy of the tests' region."""
    with database_of_its_own(f"bench_{name}"):
        with arranging():
            cast = load(current())
        yield cast


@dataclass(frozen=True)
class Cost:
    """Of one run, as the middle of many: SQL statements, CPU of this process in ms, wall-clock in ms."""

    statements: int
    cpu_ms: float
    wall_ms: float


def tell_nobody() -> None:
    """In place of telling the database who acts: what plain Django does."""


def cost_of(run: Callable[[], object], times: int = 200) -> Cost:
    """Measure ``run`` after a short warm-up; the database server's CPU is in the wall-clock only."""
    for _warm_up in range(10):
        run()
    statements = 0

    def count(execute: Callable[..., object], *rest: object) -> object:
        nonlocal statements
        statements += 1
        return execute(*rest)

    wrapper = connections["default"]
    tell = wrapper.tell_actor

    def count_tell() -> None:
        nonlocal statements
        statements += tell is not tell_nobody
        tell()

    # The actor is told to the database below Django's wrappers; BEGIN and COMMIT are on both sides and not counted.
    wrapper.tell_actor = count_tell
    with wrapper.execute_wrapper(count):
        run()
    wrapper.tell_actor = tell
    cpu, wall = [], []
    for _time in range(times):
        wall_from, cpu_from = time.perf_counter(), time.process_time()
        run()
        cpu.append((time.process_time() - cpu_from) * 1000)
        wall.append((time.perf_counter() - wall_from) * 1000)
    return Cost(statements, statistics.median(cpu), statistics.median(wall))


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
