"""Who a call speaks for: the OAuth server of ``clients`` knows its tokens."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from renkei.api.software import register_oauth_addresses
from renkei.clients.queries import actor_of_bearer
from renkei.fhirkit.server.http import register_authenticator
from renkei.gate.actor import Actor
from renkei.gate.middleware import client_address

SCHEME = "bearer "


def actor(request: HttpRequest) -> Actor | None:
    """The actor of the Authorization header; None where it holds no bearer token.

    Raises what ``clients`` raises: 401 for a token that is over, 403 for a wrong address, 429 above the limit.
    """
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header.lower().startswith(SCHEME):
        return None
    return actor_of_bearer(header[len(SCHEME) :].strip(), client_address(request))


def addresses(origin: str) -> dict[str, str]:
    """Where tokens are asked for, allowed, looked at and given back (SMART ``oauth-uris``)."""
    return {
        name: f"{origin}{reverse(f'clients:{name}')}"
        for name in ("authorize", "token", "introspect", "revoke")
    }


register_authenticator(actor)
register_oauth_addresses(addresses)
