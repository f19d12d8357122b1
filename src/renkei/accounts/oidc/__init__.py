"""Log-in through the facility's identity provider (統合認証): the checks of OpenID Connect that allauth leaves out.

OpenID Connect Core 1.0: the id token's signature, issuer, audience, time and nonce (3.1.3.7), and that the user info speaks
of the same subject (5.3.2). A provider on the house's own network need not be behind TLS, so nothing rests on TLS alone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from requests import RequestException

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a published key only: the client's secret signs nothing, and ``none`` is no signature."""
LEEWAY_SECONDS = 60
ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")

logger = logging.getLogger(__name__)


class Adapter(OpenIDConnectOAuth2Adapter):
    """allauth's side of the code flow, believing nothing that is not signed for this very log-in."""

    nonce: str = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's discovery document. Raises ``OAuth2Error`` for one that names no endpoints."""
        found: Any = super().openid_config
        if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in ENDPOINTS):
            raise OAuth2Error("the discovery document lacks an endpoint")
        return found

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Who logged in, from the id token, and the user info where there is any. Raises ``OAuth2Error``."""
        claims = self._decode_id_token(app, str(kwargs["response"].get("id_token") or ""))
        if not self.nonce or not secrets.compare_digest(str(claims.get("nonce", "")), self.nonce):
            raise OAuth2Error("the id token was issued for another log-in (nonce)")
        data: dict[str, Any] = {"id_token": claims}
        if self.openid_config.get("userinfo_endpoint"):
            data["userinfo"] = info = self._fetch_user_info(token.token)
            if not isinstance(info, dict) or info.get("sub") != claims["sub"]:
                raise OAuth2Error("user info and id token speak of different people")
        return self.get_provider().sociallogin_from_response(request, data)

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                self._key(jwt.get_unverified_header(id_token).get("kid")),
                algorithms=list(ALGORITHMS),
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"the id token does not hold: {error}") from error
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != app.client_id:
            raise OAuth2Error("the id token was issued to another client (azp)")
        return claims

    def _key(self, key_id: str | None) -> jwt.PyJWK:
        keys = jwt.PyJWKSet.from_dict(self._asked(self.openid_config["jwks_uri"])).keys
        fitting = [key for key in keys if key_id is None or key.key_id == key_id]
        if len(fitting) != 1:
            raise OAuth2Error("the provider publishes no key that signed the id token")
        return fitting[0]

    def _asked(self, url: str) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            answer = session.get(url)
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict):
            raise OAuth2Error("the provider's keys are not readable")
        return found


class Provider(OpenIDConnectProvider):
    """The provider of the settings. The address of the log-in page decides nothing about what is asked of it."""

    oauth2_adapter_class = Adapter

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """To the provider, with a nonce that is kept beside the state. Always a log-in, never ``connect``."""
        nonce = secrets.token_urlsafe(32)
        params = self.get_auth_params() | {"nonce": nonce}
        answer: HttpResponse = super().redirect(
            request, AuthProcess.LOGIN, next_url, data, auth_params=params, nonce=nonce
        )
        return answer


class Callback(OAuth2CallbackView):
    """Hands the nonce of the log-in to the adapter that judges the id token."""

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        state, refusal = super()._get_state(request, provider)
        if state:
            self.adapter.nonce = str(state.get("nonce", ""))
        return state, refusal


def _answered(
    request: HttpRequest, adapter: Adapter, view: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """What allauth answers; a provider that is silent or talks nonsense is told on a page."""
    try:
        return view(request)
    except (RequestException, OAuth2Error, ValueError) as error:
        refused: HttpResponse = render_authentication_error(request, adapter.get_provider(), exception=error)
        return refused


@never_cache
def log_in(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the person to the provider.

    The way there is a page that refreshes itself, not a redirect: browsers hold a redirect after a form against the
    policy ``form-action 'self'``, and a provider may send on to further ones.
    """
    if request.method != "POST":
        return redirect("account_login")
    adapter = Adapter(request, provider_id)
    answer = _answered(request, adapter, OAuth2LoginView.adapter_view(adapter))
    if answer.status_code != 302:
        return answer
    to = answer["Location"]
    page = render(request, "socialaccount/leaving.html", {"name": adapter.get_provider().name, "to": to})
    page["Refresh"] = f"0; url={to}"
    return page


@never_cache
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """What the provider says about the person."""
    adapter = Adapter(request, provider_id)
    return _answered(request, adapter, Callback.adapter_view(adapter))
