"""A system's signed log-in (``private_key_jwt``, RFC 7523): Authlib checks it, this adds what SMART demands.

RS384 and ES384 only, by name: neither ``none`` nor an HMAC over the public key can be meant. ``aud`` is the token
endpoint, ``exp`` at most five minutes ahead, ``kid`` names a living key, ``jti`` works once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from renkei.clients import codes, issuing, queries
from renkei.clients.rules import ASSERTION_SECONDS, LEEWAY_SECONDS
from renkei.clients.types import Login

ALGORITHMS = ["RS384", "ES384"]
_LONGEST = 8192
log = logging.getLogger(__name__)


class SignedLogin(JWTBearerClientAssertion):
    """One request's check of ``client_assertion``."""

    CLIENT_AUTH_METHOD = str(Login.KEY)

    def __init__(self, token_url: str) -> None:
        super().__init__(leeway=LEEWAY_SECONDS)
        self.audience = token_url
        self.party: Any = None

    def __call__(self, query_client: Callable[[str], Any], request: OAuth2Request) -> Any:
        """The client whose key signed, None without an assertion. Raises ``InvalidClientError`` for anything odd."""
        if len(request.form.get("client_assertion") or "") > _LONGEST:
            raise InvalidClientError(description="The assertion is too long.")
        try:
            return super().__call__(query_client, request)
        except OAuth2Error:
            raise
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.debug("assertion refused: %r", error)
            raise InvalidClientError(description="The assertion cannot be read.") from error

    def get_audiences(self) -> list[str]:
        """The token endpoint, for every endpoint of this server."""
        return [self.audience]

    def resolve_client_public_key(self, client: Any) -> KeySet:
        """The client's living keys; keys come from the database only, never from an address in a header."""
        self.party = client
        keys = queries.live_keys(client.row)
        if not keys:
            raise InvalidClientError(description="The client has no key that is valid today.")
        return KeySet.import_key_set({"keys": [key.jwk for key in keys]})

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> jwt.Claims:
        """Signature by an allowed algorithm and a named key, then the claims."""
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=ALGORITHMS)
        except JoseError as error:
            raise InvalidClientError(description="The signature or its algorithm is not accepted.") from error
        if not token.header.get("kid"):
            raise InvalidClientError(description="The header names no key ('kid').")
        self.verify_claims(token.claims)
        return token.claims

    def verify_claims(self, claims: jwt.Claims) -> None:
        """Not valid for longer than five minutes; then all that Authlib asks."""
        expires = claims.get("exp")
        if isinstance(expires, bool) or not isinstance(expires, int | float):
            raise InvalidClientError(description="Missing claim: 'exp'")
        if expires > codes.real_now().timestamp() + ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise InvalidClientError(description="'exp' may lie five minutes ahead at most.")
        super().verify_claims(claims)

    def validate_jti(self, claims: jwt.Claims, jti: str) -> bool:
        """True the first time; remembered as long as the assertion could be accepted."""
        if not 1 <= len(jti) <= 255:
            raise InvalidClientError(description="'jti' is 1 to 255 characters long.")
        until = datetime.fromtimestamp(float(claims["exp"]) + LEEWAY_SECONDS, UTC)
        row = self.party.row
        return issuing.note_assertion(queries.door_actor(row), client=row, jti=jti, expires_at=until)
