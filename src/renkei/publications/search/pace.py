"""How often one address may search within a minute, in each web process: kept in memory only, so that a look costs no write."""

from __future__ import annotations

from threading import Lock

from renkei.directory.queries import rule
from renkei.kernel import clock

_lock = Lock()
_minute = [0]
_looks: dict[str, int] = {}
MOST_ADDRESSES = 50_000


def seconds_to_wait(address: str) -> int:
    """Count one look; 0 when it is within ``search.looks_per_minute``, else the seconds until the next minute."""
    most = int(rule("search.looks_per_minute"))
    now = int(clock.now().timestamp())
    with _lock:
        if _minute[0] != now // 60 or len(_looks) >= MOST_ADDRESSES:
            _minute[0] = now // 60
            _looks.clear()
        _looks[address] = _looks.get(address, 0) + 1
        return 60 - now % 60 if _looks[address] > most else 0


def forget() -> None:
    """Begin anew (tests only)."""
    with _lock:
        _looks.clear()
