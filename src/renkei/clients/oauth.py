"""The authorization server: Authlib's flows over this module's queries and actions. One server object per request.

Standards: RFC 6749, 6750, 7009, 7523, 7636 (S256 only), 7662, 8414, 9207, 9700; SMART App Launch 2 (Backend Services,
standalone launch). Access tokens are opaque: a signed one could not be withdrawn before its end.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from authlib.integrations.django_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError, InvalidRequestError, grants
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from django.http import HttpRequest
from django.urls import reverse

from renkei.clients import codes, issuing, queries
from renkei.clients.assertions import SignedLogin
from renkei.clients.bearer import address_fits
from renkei.clients.knocking import Knock
from renkei.clients.models import AppGrant, AuthorizationCode, Client, IssuedToken
from renkei.clients.rates import take
from renkei.clients.rules import number
from renkei.clients.scopes import OFFLINE, narrow
from renkei.clients.types import ClientKind, Login, TokenKind
from renkei.gate.actions import refuse
from renkei.gate.actor import Actor
from renkei.gate.middleware import client_address

METHODS = [str(Login.KEY), str(Login.SECRET), str(Login.NONE)]
CONFIDENTIAL = METHODS[:2]


class Party(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, row: Client) -> None:
        self.row = row
        self.pk = row.pk

    def get_client_id(self) -> str:
        """Its public name."""
        return self.row.client_id

    def get_default_redirect_uri(self) -> str | None:
        """None: an app always says where it wants to return to."""
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What of the asked-for scopes this client may have, None when nothing is left."""
        found = narrow((scope or "").split(), self.row.scopes)
        return " ".join(found) if [s for s in found if s != OFFLINE] else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Character for character."""
        return redirect_uri in self.row.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Compared as digests, in constant time."""
        kept = self.row.secret_digest
        return bool(kept) and hmac.compare_digest(kept, codes.digest(client_secret))

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """The one way this client logs in."""
        return bool(self.row.login == method)

    def check_response_type(self, response_type: str) -> bool:
        """Apps ask people; systems do not."""
        return response_type == "code" and self.row.kind == ClientKind.APP

    def check_grant_type(self, grant_type: str) -> bool:
        """Systems for themselves, apps through a person."""
        if self.row.kind == ClientKind.SYSTEM:
            return grant_type == "client_credentials"
        return grant_type in {"authorization_code", "refresh_token"}


@dataclass(frozen=True)
class Decision:
    """The person who let the app in, and what they left ticked."""

    actor: Actor
    scopes: list[str]


class Tokens(BearerTokenGenerator):
    """Opaque tokens; a refresh token only where the person allowed use while they are away."""

    def __init__(self, server: Server) -> None:
        def fresh(**_about: object) -> str:
            return codes.fresh()

        super().__init__(fresh, fresh, server.seconds)

    def generate(
        self,
        grant_type: str,
        client: Any,
        user: Any = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """The token as the answer shows it; ``scope`` says what was granted in the end."""
        include = grant_type == "refresh_token" or (
            include_refresh_token and OFFLINE in (scope or "").split()
        )
        made: dict[str, Any] = super().generate(grant_type, client, user, scope, expires_in, include)
        return made


class Server(AuthorizationServer):
    """Authlib's server for one request of Django."""

    def __init__(self, request: HttpRequest) -> None:
        self.http = request
        self.party: Party | None = None
        self.named: Party | None = None
        self.knock: Knock | None = None
        super().__init__(None, None)
        self.register_token_generator("default", Tokens(self))
        self.register_client_auth_method(str(Login.KEY), SignedLogin(address(request, "token")))
        self.register_grant(SystemGrant)
        self.register_grant(CodeGrant, [OnlyS256(required=True)])
        self.register_grant(RefreshGrant)
        self.register_endpoint(GiveBack)
        self.register_endpoint(Ask)

    def query_client(self, client_id: str) -> Party | None:
        """An enabled client of an open facility. At the endpoints where it logs in, raises ``TooMany`` after failures."""
        if self.knock is not None:
            self.knock.admit(client_id)
        row = queries.client_at_the_door(client_id)
        self.named = Party(row) if row is not None else None
        return self.named

    def record_refusal(self) -> None:
        """A log-in that failed is counted, and stands in the trail of the facility whose client it claimed to be."""
        if self.knock is None or self.party is not None:
            return
        if self.named is None:
            self.knock.client_id = ""  # nobody's number needs no counter
        says = (
            "のログインを拒否(続けて失敗したため、しばらく止めます)"
            if self.knock.failed()
            else "のログインを拒否"
        )
        if self.named is not None:
            row = self.named.row
            refuse(queries.door_actor(row), "clients.oauth.log_in", f"「{row.name}」{says}", row)

    def authenticate_client(self, request: Any, methods: list[str], endpoint: str = "token") -> Party:
        """As Authlib does; then the address must fit, and the request counts. Raises ``TooMany``."""
        came_from = client_address(self.http)
        self.knock = Knock(came_from)
        party: Party = super().authenticate_client(request, methods, endpoint)
        if not address_fits(party.row.addresses, came_from):
            raise InvalidClientError(description="This address may not use the client.")
        take(party.row.facility_id, party.pk, party.row.rate_per_minute, came_from)
        self.knock.passed()
        self.party = party
        return party

    def seconds(self, client: Party, grant_type: str) -> int:
        """Life of an access token."""
        word = (
            "client.system_token_seconds"
            if grant_type == "client_credentials"
            else "client.app_token_seconds"
        )
        return number(word, client.row.facility_id)

    def save_token(self, token: dict[str, Any], request: Any) -> IssuedToken:
        """Digests into the database, in the name of whom the token speaks for."""
        row = request.client.row
        source = request.authorization_code or request.refresh_token
        grant: AppGrant | None = source.grant if source is not None else None
        return issuing.issue(
            queries.door_actor(row, grant.person_id if grant is not None else 0),
            client=row,
            access=token["access_token"],
            refresh=token.get("refresh_token", ""),
            seconds=token["expires_in"],
            scopes=token["scope"].split(),
            grant=grant,
        )

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens: what happened stands in the trail."""


class SystemGrant(grants.ClientCredentialsGrant):
    """SMART Backend Services: a system in its facility's name."""

    TOKEN_ENDPOINT_AUTH_METHODS = [str(Login.KEY)]


class OnlyS256(CodeChallenge):
    """PKCE with SHA-256 for every app, those with a secret too; ``plain`` is refused."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Both parameters must be there."""
        super().validate_code_challenge(grant, redirect_uri)
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")


class CodeGrant(grants.AuthorizationCodeGrant):
    """An app through a person."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def generate_authorization_code(self) -> str:
        """256 random bits."""
        return codes.fresh()

    def save_authorization_code(self, code: str, request: Any) -> None:
        """The connection and its code, bound to challenge and address."""
        decision: Decision = request.user
        issuing.allow(
            decision.actor,
            client=request.client.row,
            scopes=decision.scopes,
            redirect_uri=request.payload.redirect_uri,
            challenge=request.payload.data["code_challenge"],
            code=code,
        )

    def query_authorization_code(self, code: str, client: Party) -> AuthorizationCode | None:
        """None for one that is unknown, late or used; a used one ends the connection it opened."""
        found = queries.code(client.row, code)
        if found is None:
            return None
        if found.used_at is not None:
            issuing.end_reused(queries.door_actor(client.row, found.grant.person_id), found.grant)
            return None
        return found if found.expires_at > codes.real_now() else None

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        """Kept as used, so that a second use is noticed."""
        issuing.use_code(queries.door_actor(self.request.client.row), authorization_code)

    def authenticate_user(self, authorization_code: AuthorizationCode) -> AppGrant | None:
        """The connection while its person still works here."""
        grant: AppGrant = authorization_code.grant
        return grant if queries.still_works_here(grant) else None


class RefreshGrant(grants.RefreshTokenGrant):
    """Every refresh token works once and brings the next; a used one that comes again ends the connection."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> IssuedToken | None:
        """The token while it stands."""
        row = self.request.client.row
        found = queries.token(row, refresh_token, TokenKind.REFRESH)
        if found is not None and found.replaced_at is not None and found.grant is not None:
            issuing.end_reused(queries.door_actor(row, found.grant.person_id), found.grant)
            return None
        return found if found is not None and not (found.is_expired() or found.is_revoked()) else None

    def authenticate_user(self, refresh_token: IssuedToken) -> AppGrant | None:
        """The connection while its person still works here."""
        grant = refresh_token.grant
        return grant if grant is not None and queries.still_works_here(grant) else None

    def revoke_old_credential(self, refresh_token: IssuedToken) -> None:
        """Exchanged."""
        issuing.replace(queries.door_actor(self.request.client.row), refresh_token)


class GiveBack(RevocationEndpoint):
    """RFC 7009; a stranger's token is unknown here and stays as it is."""

    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """A token of the client that asks."""
        return queries.token(self.server.party.row, token_string)

    def revoke_token(self, token: IssuedToken, request: Any) -> None:
        """One access token, or with the refresh token the connection."""
        issuing.revoke(queries.door_actor(self.server.party.row), token)


class Ask(IntrospectionEndpoint):
    """RFC 7662, for a client's own tokens only: of others it learns ``active: false``, as of none."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL

    def query_token(self, token_string: str, token_type_hint: str | None) -> IssuedToken | None:
        """A token of the client that asks."""
        return queries.token(self.server.party.row, token_string)

    def check_permission(self, token: IssuedToken, client: Party, request: Any) -> bool:
        """Only its own, and while the person still works here."""
        grant = token.grant
        return token.check_client(client) and (grant is None or queries.still_works_here(grant))

    def introspect_token(self, token: IssuedToken) -> dict[str, Any]:
        """What RFC 7662 2.2 and SMART name; no person's name."""
        client_id = self.server.party.get_client_id()
        return {
            "active": True,
            "client_id": client_id,
            "token_type": "Bearer" if token.kind == TokenKind.ACCESS else "refresh_token",
            "scope": " ".join(token.scopes),
            "sub": str(token.grant.person.uid) if token.grant is not None else client_id,
            "aud": fhir_base(self.server.http),
            "iss": issuer(self.server.http),
            "iat": int(token.issued_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }


def issuer(request: HttpRequest) -> str:
    """The address of this installation, without a slash at the end."""
    return request.build_absolute_uri("/").rstrip("/")


def fhir_base(request: HttpRequest) -> str:
    """The base of the FHIR API."""
    return f"{issuer(request)}/fhir"


def address(request: HttpRequest, name: str) -> str:
    """The full address of one of this module's endpoints."""
    return request.build_absolute_uri(reverse(f"clients:{name}"))
