"""Looks clients, keys, tokens and connections up; and answers the API's question who a bearer is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse

from renkei.clients import codes
from renkei.clients.bearer import actor_of_bearer, forget_bearers
from renkei.clients.models import AppGrant, AuthorizationCode, Client, ClientKey, ClientUse, IssuedToken
from renkei.clients.permissions import P
from renkei.clients.types import TokenKind
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotFound

__all__ = ["actor_of_bearer", "forget_bearers"]

_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


def oauth_addresses(origin: str) -> dict[str, str]:
    """The endpoints below ``origin`` (``https://host``) by the names of SMART's ``oauth-uris``."""
    return {
        name: origin + reverse(f"clients:{name}") for name in ("authorize", "token", "introspect", "revoke")
    }


def door_actor(client: Client, person_id: int = 0) -> Actor:
    """Who acts at the token endpoint: the client in its facility's name, allowed nothing but to connect."""
    return Actor(
        Kind.CLIENT,
        person_id=person_id,
        facility_id=client.facility_id,
        label=client.name,
        facility_label=client.facility.name,
        permissions=frozenset({str(P.CONNECT)}),
    )


def client_at_the_door(client_id: str) -> Client | None:
    """An enabled client of a facility that is open, before it has shown who it is; nobody is acting yet."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT client, facility, facility_name FROM clients_door(%s)", [client_id])
            found = cursor.fetchone()
        if found is None:
            return None
        with acting(Actor(Kind.CLIENT, facility_id=found[1], facility_label=found[2])) as actor:
            rows = Client.objects.visible_to(actor).select_related("facility")
            client: Client | None = rows.filter(pk=found[0], enabled=True).first()
    return client if client is not None and client.facility.is_open() else None


def live_keys(client: Client) -> list[ClientKey]:
    """The keys that count today."""
    with acting(door_actor(client)) as actor, transaction.atomic():
        rows = ClientKey.objects.visible_to(actor).filter(client=client, revoked_at=None)
        return [key for key in rows.order_by("added_at") if key.is_live()]


def code(client: Client, text: str) -> AuthorizationCode | None:
    """The authorization code of this client, locked until the request ends."""
    with acting(door_actor(client)) as actor:
        rows = AuthorizationCode.objects.visible_to(actor).select_for_update(of=("self",))
        rows = rows.select_related("grant__membership__person")
        found: AuthorizationCode | None = rows.filter(
            code_digest=codes.digest(text), grant__client=client
        ).first()
        return found


def token(client: Client, text: str, kind: TokenKind | None = None) -> IssuedToken | None:
    """A token of this client, locked until the request ends; another client's is none."""
    with acting(door_actor(client)) as actor:
        rows = IssuedToken.objects.visible_to(actor).select_for_update(of=("self",))
        rows = rows.select_related("grant__membership__person", "client")
        rows = rows.filter(token_digest=codes.digest(text), client=client)
        found: IssuedToken | None = (rows.filter(kind=kind) if kind else rows).first()
        return found


def still_works_here(grant: AppGrant) -> bool:
    """Whether the connection stands and its person is still there: account on, membership in force."""
    over = grant.ended_at is not None or grant.expires_at <= codes.real_now()
    return not over and grant.membership.in_force() and grant.membership.person.is_active


@dataclass(frozen=True)
class ClientLine:
    """One line of the list of clients."""

    client: Client
    keys: tuple[ClientKey, ...]
    people: int
    last_used_at: datetime | None

    @property
    def key_until(self) -> date | None:
        """When the last living key ends."""
        return max((k.expires_on for k in self.keys), default=None)


def clients(actor: Actor) -> list[ClientLine]:
    """The clients of the actor's facility, those in use first, by name."""
    found = list(Client.objects.visible_to(actor).order_by("-enabled", "name", "id"))
    keys: dict[int, list[ClientKey]] = {}
    for key in ClientKey.objects.visible_to(actor).filter(revoked_at=None).order_by("added_at"):
        if key.is_live():
            keys.setdefault(key.client_id, []).append(key)
    people: dict[int, set[int]] = {}
    for grant in _standing(actor).filter(facility_id=actor.facility_id):
        people.setdefault(grant.client_id, set()).add(grant.person_id)
    used = {u.client_id: u.last_used_at for u in ClientUse.objects.visible_to(actor)}
    return [
        ClientLine(c, tuple(keys.get(c.pk, ())), len(people.get(c.pk, ())), used.get(c.pk)) for c in found
    ]


def client(actor: Actor, uid: UUID | str) -> Client:
    """One client of the actor's facility. Raises ``NotFound``."""
    found: Client | None = Client.objects.visible_to(actor).select_related("facility").filter(uid=uid).first()
    if found is None:
        raise NotFound(
            "no_client", "この施設の連携システム・アプリに見つかりません。一覧から選び直してください。"
        )
    return found


def line_of(actor: Actor, found: Client) -> ClientLine:
    """The line of one client."""
    return next(line for line in clients(actor) if line.client.pk == found.pk)


def keys(actor: Actor, found: Client) -> list[ClientKey]:
    """Every key the client ever had, the living first."""
    rows = ClientKey.objects.visible_to(actor).filter(client=found).order_by("-added_at")
    return sorted(rows, key=lambda key: not key.is_live())


def key(actor: Actor, found: Client, uid: UUID | str) -> ClientKey:
    """One key of a client. Raises ``NotFound``."""
    row: ClientKey | None = ClientKey.objects.visible_to(actor).filter(client=found, uid=uid).first()
    if row is None:
        raise NotFound("no_key", "この鍵は見つかりません。画面を開き直してください。")
    return row


def use_of(actor: Actor, found: Client) -> ClientUse | None:
    """When and from where the client last came."""
    row: ClientUse | None = ClientUse.objects.visible_to(actor).filter(client_id=found.pk).first()
    return row


def _standing(actor: Actor) -> QuerySet[AppGrant]:
    return AppGrant.objects.visible_to(actor).filter(ended_at=None, expires_at__gt=codes.real_now())


def people_of(actor: Actor, found: Client) -> list[AppGrant]:
    """Who of the facility let this app in, newest first."""
    rows = _standing(actor).filter(client=found, facility_id=actor.facility_id)
    return list(rows.select_related("person").order_by("-granted_at"))


def connections(actor: Actor) -> list[AppGrant]:
    """The apps that this person let in, at every facility, newest first."""
    rows = _standing(actor).filter(person_id=actor.person_id).select_related("facility")
    return list(rows.order_by("-granted_at"))


def one_connection(actor: Actor, uid: UUID | str) -> AppGrant:
    """One of the person's own. Raises ``NotFound``."""
    found: AppGrant | None = _standing(actor).filter(person_id=actor.person_id, uid=uid).first()
    if found is None:
        raise NotFound("no_connection", "このアプリの連携は、すでに終わっています。")
    return found


def keys_that_end(actor: Actor, upto: date) -> list[ClientKey]:
    """Living keys of enabled clients that end by then, for the job that tells; ``actor`` is the system."""
    rows = ClientKey.objects.visible_to(actor).filter(
        revoked_at=None, expires_on__gte=clock.today(), expires_on__lte=upto, client__enabled=True
    )
    return list(rows.select_related("client").order_by("expires_on", "id"))
