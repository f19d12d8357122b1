"""Processes that a foreground command starts, watches, starts again when they die, and ends with itself.

Each child leads its own process group, so that Ctrl-C reaches only the supervisor, and so that the
grandchildren of a child that died can be ended without ever naming a process that is not ours.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from renkei.config.console import Trouble, say

STEADY = 30.0  # seconds after which a child counts as having started well
MOST_FAILURES = 5  # deaths in a row, each before STEADY
LONGEST_PAUSE = 8.0  # seconds between two starts
WAITING_PAUSE = 1.0  # seconds between two looks whether the database is back


@dataclass
class Child:
    """One watched process: ``name`` for messages, ``command`` and ``env`` to start it.

    While ``can_run`` says no (the database is away), a death is nobody's fault and no start is tried.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    can_run: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0

    def start(self) -> None:
        """Start it in a process group of its own; where the system can, it ends when the supervisor is
        killed."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - a fixed program, no shell
            [*_with_parent(), *self.command],
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def died(self) -> bool:
        """Whether it ended; what it left in its group is ended before its id is given back to the system."""
        if self.process is None or not _has_ended(self.process):
            return False
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return True

    def end(self, patience: float = 10.0) -> None:
        """Ask it to end, and after ``patience`` seconds make it."""
        if self.process is None:
            return
        if not self.died():
            self.process.terminate()
            deadline = time.monotonic() + patience
            while not self.died() and time.monotonic() < deadline:
                time.sleep(0.02)
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None


class Children:
    """The children of one command, ended in the reverse order of their start."""

    def __init__(self) -> None:
        self._all: list[Child] = []

    def add(self, child: Child) -> Child:
        """Start ``child`` and watch it from now on."""
        self._all.append(child)
        child.start()
        return child

    def watch(self) -> None:
        """One look at every child: restart the dead with growing pauses, raise Trouble for one that keeps
        dying."""
        now = time.monotonic()
        for child in self._all:
            if child.process is None:
                if now >= child.again_at:
                    self._start_again(child, now)
            elif child.died():
                self._note_death(child, now)

    def _start_again(self, child: Child, now: float) -> None:
        if child.can_run():
            child.start()
        else:
            child.again_at = now + WAITING_PAUSE

    def _note_death(self, child: Child, now: float) -> None:
        if child.can_run():
            self._count_death(child, now)
            return
        code, child.process = child.process.returncode if child.process else 0, None
        child.failures, child.again_at = 0, now + WAITING_PAUSE
        say(
            f"{child.name} が終了しました (終了コード {code})。データベースが応答するようになったら起動し直します。",
            f"{child.name} ended (exit code {code}); it starts again when the database answers.",
        )

    def _count_death(self, child: Child, now: float) -> None:
        code = child.process.returncode if child.process else 0
        child.process = None
        child.failures = 1 if now - child.started > STEADY else child.failures + 1
        if child.failures >= MOST_FAILURES:
            raise Trouble(
                f"{child.name} が起動のたびに終了します (終了コード {code})。上の記録を確かめ、renkei doctor "
                "を実行してください。",
                f"{child.name} ends whenever it is started (exit code {code}). See the lines above and run "
                "renkei doctor.",
            )
        pause = min(0.5 * 2 ** (child.failures - 1), LONGEST_PAUSE)
        child.again_at = now + pause
        say(
            f"{child.name} が終了したため (終了コード {code})、{pause:.1f} 秒後に起動し直します。",
            f"{child.name} ended (exit code {code}); starting it again in {pause:.1f} s.",
        )

    def end(self) -> None:
        """End all of them."""
        while self._all:
            self._all.pop().end()


def run_step(command: Sequence[str], env: Mapping[str, str], *, quiet: bool) -> tuple[int, str]:
    """Run one command to its end: exit code and, when ``quiet``, what it said. An interrupted step is ended
    first."""
    kept = subprocess.PIPE if quiet else None
    process = subprocess.Popen(  # noqa: S603 - a fixed program, no shell
        list(command),
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=kept,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate()
    except BaseException:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise
    return process.returncode, said or ""


class Ending(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: end everything in good order."""


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """Inside the block the first signal to end raises Ending; further ones do not disturb the tidying up."""
    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number: int, frame: FrameType | None) -> None:
        for kind in kinds:
            signal.signal(kind, signal.SIG_IGN)
        raise Ending

    before = {kind: signal.signal(kind, end) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
