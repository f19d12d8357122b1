"""Who a bearer token speaks for: the question of every API request, so it is answered in one look-up and then remembered.

Cost: a token seen within the last ``CACHE_SECONDS`` costs no SQL; else one statement over unique and primary keys. A
token, a client or a connection that is ended is refused by every web process within ``CACHE_SECONDS``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from django.db import connection

from renkei.clients import codes
from renkei.clients.rates import take
from renkei.clients.scopes import narrow, permissions_of
from renkei.clients.types import BearerRefused, within_limits
from renkei.gate.actor import Actor, Kind
from renkei.gate.permissions import granted_to
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed
from renkei.kernel.roles import LABELS, Role

CACHE_SECONDS = 5.0
_MOST = 2000
ticks = time.monotonic


@dataclass(frozen=True)
class Known:
    """A token that was good a moment ago."""

    actor: Actor
    client: int
    rate: int
    addresses: tuple[str, ...]
    expires_at: datetime
    ask_again: float


_known: dict[str, Known] = {}


def actor_of_bearer(token: str, remote_address: str = "") -> Actor:
    """The actor of a bearer's access token; counts one request of its client.

    Kind ``CLIENT``; ``facility_id`` is the client's; ``person_id`` is set when a person let the app in. Permissions are
    those of the scopes (with a ``scope_word`` for each letter), less what the person's roles or the facility's enrolment
    do not allow. Raises ``BearerRefused`` (401), ``NotAllowed`` (403: the address), ``TooMany`` (429).
    """
    digest = codes.digest(token)
    known = _known.get(digest)
    if known is None or known.ask_again <= ticks():
        _known.pop(digest, None)
        known = _look_up(token, digest)
        _remember(digest, known)
    if known.expires_at <= codes.real_now():
        raise _refused("token_expired", "アクセストークンの期限が切れました。新しく取り直してください。")
    if not address_fits(known.addresses, remote_address):
        raise NotAllowed(
            "address", "このアドレスからの利用は許可されていません。施設の管理者に確認してください。"
        )
    take(known.actor.facility_id, known.client, known.rate, remote_address)
    return known.actor


def forget_bearers() -> None:
    """Ask the database again for every token (this process)."""
    _known.clear()


def address_fits(allowed: tuple[str, ...] | list[str], address: str) -> bool:
    """Whether ``address`` lies in one of the networks; no networks means any."""
    if not allowed:
        return True
    try:
        came = ip_address(address)
    except ValueError:
        return False
    return any(came in ip_network(net) for net in allowed)


def _remember(digest: str, known: Known) -> None:
    if len(_known) >= _MOST:
        _known.clear()
    _known[digest] = known


def _refused(code: str, says: str) -> BearerRefused:
    return BearerRefused(code, says)


_COLUMNS = (
    "expires_at", "dead", "scopes", "client", "client_name", "enabled", "allowed", "addresses", "rate", "facility",
    "facility_name", "closed_on", "grant_id", "person", "person_name", "person_active", "membership", "roles", "title",
    "started_on", "ended_on",
)  # fmt: skip


def _look_up(token: str, digest: str) -> Known:
    row = None
    if codes.TOKEN.fullmatch(token):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM clients_bearer(%s)", [digest])
            row = cursor.fetchone()
    if row is None:
        raise _refused("token_unknown", "アクセストークンが正しくありません。新しく取り直してください。")
    found = dict(zip(_COLUMNS, row, strict=True))
    if found["dead"] or not found["enabled"] or _closed(found["closed_on"]):
        raise _refused(
            "token_revoked", "アクセストークンは無効にされました。施設の管理者に確認してください。"
        )
    if found["grant_id"] is not None and not _person_is_there(found):
        raise _refused("person_left", "アプリを許可した人は、この施設で利用できなくなっています。")
    return Known(
        actor=_actor(found),
        client=found["client"],
        rate=found["rate"],
        addresses=tuple(found["addresses"]),
        expires_at=found["expires_at"],
        ask_again=ticks() + CACHE_SECONDS,
    )


def _closed(closed_on: date | None) -> bool:
    return closed_on is not None and closed_on <= clock.today()


def _person_is_there(found: dict[str, Any]) -> bool:
    today = clock.today()
    ended = found["ended_on"]
    return bool(found["person_active"] and found["started_on"] <= today and (ended is None or ended > today))


def _actor(found: dict[str, Any]) -> Actor:
    permissions = permissions_of(narrow(found["scopes"], found["allowed"]))
    label, roles = str(found["client_name"]), frozenset[Role]()
    if found["grant_id"] is not None:
        roles = frozenset(Role(r) for r in found["roles"])
        own = granted_to(roles)
        permissions = frozenset(p for p in permissions if p in own or p.startswith("fhir:"))
        word = found["title"] or (LABELS[Role(found["roles"][0])] if found["roles"] else "")
        label = f"{word} {found['person_name']}({label})".strip()
    return Actor(
        Kind.CLIENT,
        person_id=found["person"] or 0,
        facility_id=found["facility"],
        membership_id=found["membership"] or 0,
        label=label,
        facility_label=found["facility_name"],
        roles=roles,
        permissions=within_limits(found["facility"], permissions),
    )
