"""Web servers for the benchmarks, their CPU time, and a client that keeps its connection."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICKS = os.sysconf("SC_CLK_TCK")
THREADS = 8
"""Connections at once, as many as the open servers of the design's table were asked with."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> list[int]:
    """``root`` and every process below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of these process trees so far, with children that ended."""
    ticks = 0
    for root in roots:
        for pid in tree(root):
            with suppress(OSError):
                ticks += sum(int(value) for value in _stat(pid)[11:15])
    return ticks / TICKS


@contextmanager
def running(command: list[str], env: Mapping[str, str], port: int, path: str) -> Iterator[int]:
    """Run a server until the block ends; yields its process id once ``path`` answers."""
    log = Path(f"/tmp/bench-server-{port}.log")
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    try:
        until = time.monotonic() + 90
        while not _answers(port, path):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{command[:4]} does not answer:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.unlink()


def _answers(port: int, path: str) -> bool:
    try:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        wire.request("GET", path)
        return wire.getresponse().status < 500
    except OSError:
        return False


@dataclass(frozen=True)
class Measured:
    """CPU of the server's side per request in ms, what of it is the database's, and the middle and the 95th of a
    hundred waits in ms."""

    cpu_ms: float
    database_ms: float
    p50_ms: float
    p95_ms: float
    requests: int


Send = Callable[[http.client.HTTPConnection, int], None]


def measure(port: int, roots: list[int], send: Send, requests: int) -> Measured:
    """``send(connection, number)`` for every number, from a few connections at once, after a warm-up.

    ``roots``: the web server's process first, then the database's where there is one.
    """
    waits: list[float] = []
    failures: list[BaseException] = []

    def work(numbers: range, *, counted: bool) -> None:
        wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            for number in numbers:
                began = time.perf_counter()
                send(wire, number)
                if counted:
                    waits.append((time.perf_counter() - began) * 1000)
        except BaseException as error:
            failures.append(error)
        finally:
            wire.close()

    warm = max(requests // 5, 10)
    work(range(-warm, 0), counted=False)
    before = [cpu_seconds([root]) for root in roots]
    threads = [
        threading.Thread(target=work, args=(range(part, requests, THREADS),), kwargs={"counted": True})
        for part in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(f"a request failed: {failures[0]!r}")
    spent = [(cpu_seconds([r]) - b) * 1000 / requests for r, b in zip(roots, before, strict=True)]
    waits.sort()
    return Measured(
        sum(spent), sum(spent[1:]), statistics.median(waits), waits[int(len(waits) * 0.95)], requests
    )


def ask(
    wire: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: Any = None,
    *,
    expect: tuple[int, ...] = (200, 201, 202),
) -> http.client.HTTPResponse:
    """One request on a kept connection; the body is read, any other status ends the run.

    202: of some hundred strangers one resembles another, and the document about them waits for a person.
    """
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    wire.request(method, path, raw, dict(headers))
    answer = wire.getresponse()
    text = answer.read()
    if answer.status not in expect:
        raise SystemExit(f"{method} {path}: {answer.status} {text[:600].decode(errors='replace')}")
    answer.text = text  # type: ignore[attr-defined]
    return answer
