"""What the frame says about the clock; the demo, which may move it, hands its sentence in."""

from __future__ import annotations

from collections.abc import Callable

_sayings: list[Callable[[], str]] = []


def register_clock_label(says: Callable[[], str]) -> None:
    """The demo gives the function that names its day; empty text while the clock is the real one."""
    _sayings[:] = [says]


def clock_label() -> str:
    """``デモの時計 …`` or empty."""
    return _sayings[0]() if _sayings else ""
