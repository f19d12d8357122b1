"""How many requests a client may send a minute (流量の上限), over all web processes together.

The bucket lies in PostgreSQL. A process draws a few permits at once and spends them within seconds, so that most
requests cost no statement; every permit was drawn from the one bucket, so the sum over all processes keeps the limit.
What a process draws and does not spend is lost: a client near its limit gets a few per cent less, never more.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from django.db import connections, transaction

from renkei.audit.trail import TRAIL_CONNECTION
from renkei.clients.types import TooMany
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting

HOLD_SECONDS = 5.0
_SHARE = 20
_AT_ONCE = 50
ticks = time.monotonic
_lock = threading.Lock()


@dataclass
class Held:
    """Permits that this process drew and has not spent."""

    permits: int
    until: float
    rate: int


_held: dict[int, Held] = {}


def take(facility_id: int, client: int, rate: int, address: str) -> None:
    """Spend one permit of ``client`` (its key). Raises ``TooMany`` with the seconds until the next one."""
    with _lock:
        held = _held.get(client)
        if held is not None and held.permits > 0 and held.until > ticks() and held.rate == rate:
            held.permits -= 1
            return
    taken, wait_seconds = _draw(facility_id, client, rate, address)
    if taken < 1:
        raise TooMany(max(1, math.ceil(wait_seconds)))
    with _lock:
        _held[client] = Held(taken - 1, ticks() + HOLD_SECONDS, rate)


def let_go() -> None:
    """Forget the permits that this process holds."""
    with _lock:
        _held.clear()


def _draw(facility_id: int, client: int, rate: int, address: str) -> tuple[int, float]:
    """On the second connection: what was counted stays counted when the request rolls back."""
    wanted = max(1, min(rate // _SHARE, _AT_ONCE))
    actor = Actor(Kind.CLIENT, facility_id=facility_id, reason="")
    trail = connections[TRAIL_CONNECTION]
    with acting(actor), transaction.atomic(using=TRAIL_CONNECTION), trail.cursor() as cursor:
        cursor.execute(
            "SELECT taken, wait_seconds FROM clients_take(%s, %s, %s, %s, %s)",
            [facility_id, client, rate, wanted, address],
        )
        taken, wait_seconds = cursor.fetchone()
    return int(taken), float(wait_seconds)
