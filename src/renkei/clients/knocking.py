"""Failed log-ins of clients, counted by the counters of people's log-ins before any key or secret is looked at.

Who keeps failing is refused for ``login.lock_minutes``: one client from one address after ``login.failures_until_lock``,
an address as a whole after five times as many, a client from everywhere after ten times as many. So one address shuts
itself out long before it can shut a client out everywhere: a client's number is no secret, and whoever knows it must not
be able to stop a hospital's system.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from renkei.accounts import throttle
from renkei.clients.types import TooMany
from renkei.kernel import clock

ADDRESS_TIMES, CLIENT_TIMES = 5, 10


def _place(address: str) -> str:
    """Of IPv6 the network: whoever has one address of it has all."""
    try:
        return str(ip_network(f"{address}/64", strict=False)) if ip_address(address).version == 6 else address
    except ValueError:
        return address


@dataclass
class Knock:
    """One log-in of a client that says it is ``client_id`` ("" as long as it has not said)."""

    address: str
    client_id: str = ""
    standing: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)

    def counters(self) -> dict[str, int]:
        """Each counter with how many times the limit it allows; always in this order, so that none waits in a ring."""
        place = _place(self.address)
        found = {throttle.realm("address", place): ADDRESS_TIMES}
        if self.client_id:
            found[throttle.realm("client", self.client_id, place)] = 1
            found[throttle.realm("client", self.client_id)] = CLIENT_TIMES
        return found

    def admit(self, client_id: str) -> None:
        """Let it go on to show who it is. Raises ``TooMany`` while one of its counters is locked."""
        if client_id in self.asked:
            return
        self.asked.add(client_id)
        self.client_id = client_id if len(client_id) <= 40 and client_id.isascii() else ""
        known = throttle.standing(list(self.counters()))
        self.standing = set(known)
        until = max((at for at in known.values() if at is not None), default=None)
        if until is not None:
            raise TooMany(max(1, math.ceil((until - clock.now()).total_seconds())))

    def failed(self) -> bool:
        """Count it; True when this one locked a counter."""
        locked = False
        for key, times in self.counters().items():
            throttle.admit(key)
            locked = throttle.failed(key, times=times) or locked
        return locked

    def passed(self) -> None:
        """It was who it said: its own counters end. The address's stays, or a guesser would end it with a client of its own."""
        own = list(self.counters())[1:]
        for key in own:
            if key in self.standing:
                throttle.clear(key)
