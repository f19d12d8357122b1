"""The endpoints of the authorization server, and the consent page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.clients.assertions import ALGORITHMS
from renkei.clients.cors import crossing
from renkei.clients.oauth import CONFIDENTIAL, METHODS, Decision, Server, address, fhir_base, issuer
from renkei.clients.permissions import P
from renkei.clients.present import scope_lines, within_person
from renkei.clients.rules import number
from renkei.clients.scopes import OFFLINE, vocabulary
from renkei.clients.types import TooMany
from renkei.gate.actor import current
from renkei.gate.pages import page, public_page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError
from renkei.ui.types import Row

MACHINE = "機械が使う窓口。クライアント自身の署名・合言葉・認可コードを、この窓口が確かめる"


def _answer(request: HttpRequest, respond: Callable[[Server], HttpResponse]) -> HttpResponse:
    """Run one endpoint. Parameters stand in the body only, so that no secret lands in a log of addresses."""
    try:
        if request.GET:
            return _error(400, "invalid_request", "Parameters belong into the body.")
        server = Server(request)
        response = respond(server)
        if response.status_code in (400, 401):
            server.record_refusal()
    except TooMany as error:
        response = _error(429, "temporarily_unavailable", "Too many requests.")
        response["Retry-After"] = str(error.retry_after_seconds)
    except OAuth2Error as error:
        response = _error(error.status_code, error.error or "invalid_request", error.get_error_description())
    except (DomainError, ValueError) as error:
        # Authlib refuses to put what was sent into its own sentence when that holds a letter RFC 6749 does not know.
        response = _error(400, "invalid_request", getattr(error, "code", "The request cannot be read."))
    response["Cache-Control"] = "no-store"
    return response


def _error(status: int, error: str, description: str) -> HttpResponse:
    return JsonResponse({"error": error, "error_description": description}, status=status)


@public_page(MACHINE)
@csrf_exempt
@crossing("POST")
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 3.2: client credentials, authorization code, refresh token."""
    return _answer(request, lambda server: server.create_token_response(request))


@public_page(MACHINE)
@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662."""
    return _answer(request, lambda server: server.create_endpoint_response("introspection", request))


@public_page(MACHINE)
@csrf_exempt
@crossing("POST")
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009."""
    return _answer(request, lambda server: server.create_endpoint_response("revocation", request))


@page(P.CONNECT)
@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """The consent page: which app of whom, what, for how long; nothing goes back to an address that is not registered."""
    try:
        server = Server(request)
        grant = server.get_consent_grant(request, end_user=current())
        _for_this_server(request, grant)
    except OAuth2Error as error:
        return _no_consent(request, error)
    except ValueError:
        return _no_consent(request, InvalidRequestError("The request cannot be read."))
    client = grant.client.row
    if client.facility_id != current().facility_id:
        return _say(
            request,
            f"「{client.name}」は{client.facility.name}で使うアプリです。右上で{client.facility.name}に切り替えてから、"
            "アプリでもう一度操作してください。",
            409,
        )
    offered = within_person(grant.request.scope.split(), current())
    if not offered:
        return _say(request, f"「{client.name}」が求めている情報は、今の役割では扱えません。", 403)
    if request.method == "POST":
        return _decided(request, server, grant, offered)
    return _ask(request, grant, offered)


def _for_this_server(request: HttpRequest, grant: Any) -> None:
    """SMART: ``aud`` names the FHIR API that the app means; a token for another one is not for sale here."""
    meant = request.GET.get("aud", "")
    if meant and meant.rstrip("/") != fhir_base(request):
        raise _back_to(grant, "invalid_request", "aud is not this server.")


def _back_to(grant: Any, error: str, description: str) -> OAuth2Error:
    return OAuth2Error(
        description=description,
        error=error,
        redirect_uri=grant.redirect_uri,
        state=grant.request.payload.state,
    )


def _ask(request: HttpRequest, grant: Any, offered: list[str]) -> HttpResponse:
    client = grant.client.row
    days = number("client.app_days", client.facility_id)
    until = (clock.now() + timedelta(days=days)).astimezone(clock.JST)
    minutes = number("client.app_token_seconds", client.facility_id) // 60
    stays = OFFLINE in grant.request.scope.split()
    context = {
        "client": client,
        "lines": scope_lines(offered),
        "stays": stays,
        "minutes": minutes,
        "rows": [
            Row("期間", f"{until:%Y年%-m月%-d日}まで({days}日間)" if stays else f"{minutes}分間"),
            Row("途中でやめる", "「連携中のアプリ」の画面から、いつでも止められます"),
            Row("このあと戻る先", _place(grant.redirect_uri)),
        ],
    }
    response = render(request, "clients/consent.html", context)
    # The answer of the form leads back to the app; browsers count that as a target of the form.
    response._csp_update = {"form-action": [_source(grant.redirect_uri)]}  # type: ignore[attr-defined]
    return response


def _decided(request: HttpRequest, server: Server, grant: Any, offered: list[str]) -> HttpResponse:
    ticked = set(request.POST.getlist("allow"))
    chosen = [line.value for line in scope_lines(offered) if line.value in ticked]
    if chosen and OFFLINE in grant.request.scope.split() and OFFLINE in ticked:
        chosen.append(OFFLINE)
    agreed = request.POST.get("decision") == "allow" and chosen
    decision = Decision(current(), chosen) if agreed else None
    response = server.create_authorization_response(grant.request, grant_user=decision, grant=grant)
    if response.status_code == 302:
        response["Location"] = add_params_to_uri(response["Location"], [("iss", issuer(request))])
    return response


def _no_consent(request: HttpRequest, error: OAuth2Error) -> HttpResponse:
    """Back to the app with the error where the address is registered; else a page, and no way to the unknown address."""
    if error.redirect_uri:
        response = Server(request).handle_error_response(None, error)
        response["Location"] = add_params_to_uri(response["Location"], [("iss", issuer(request))])
        return response
    return _say(
        request,
        "アプリからの依頼に誤りがあるため、許可の画面を表示できません。アプリの担当者に次の内容を知らせてください: "
        f"{error.error} {error.get_error_description()}"[:300],
        400,
    )


def _say(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return render(request, "clients/no_consent.html", {"says": text}, status=status)


def _place(uri: str) -> str:
    """Where the browser goes afterwards, in a few words."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return f"端末のアプリ({parts.scheme})"
    return "この端末のアプリ" if parts.hostname in {"127.0.0.1", "::1"} else str(parts.hostname)


def _source(uri: str) -> str:
    """The address as a source of the Content-Security-Policy."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


@public_page("OAuth 2.0 の窓口の案内。だれのデータも含まない")
@crossing("GET")
@require_GET
def metadata(request: HttpRequest) -> HttpResponse:
    """``.well-known/oauth-authorization-server`` (RFC 8414)."""
    return _told(JsonResponse({"issuer": issuer(request), **_endpoints(request)}))


@public_page("SMART の窓口の案内。だれのデータも含まない")
@crossing("GET")
@require_GET
def smart_configuration(request: HttpRequest) -> HttpResponse:
    """``.well-known/smart-configuration`` (SMART App Launch 2.x, "Conformance"). No OpenID Connect: no ``issuer``."""
    capabilities = [
        "launch-standalone",
        "client-public",
        "client-confidential-symmetric",
        "client-confidential-asymmetric",
        "permission-offline",
        "permission-user",
        "permission-v1",
        "permission-v2",
    ]
    return _told(JsonResponse({**_endpoints(request), "capabilities": capabilities}))


def _told(response: HttpResponse) -> HttpResponse:
    """It may be kept for some minutes."""
    response["Cache-Control"] = "max-age=300"
    return response


def _endpoints(request: HttpRequest) -> dict[str, Any]:
    found: dict[str, Any] = {
        "authorization_endpoint": address(request, "authorize"),
        "token_endpoint": address(request, "token"),
        "introspection_endpoint": address(request, "introspect"),
        "revocation_endpoint": address(request, "revoke"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": _scopes(),
        "ui_locales_supported": ["ja"],
        "authorization_response_iss_parameter_supported": True,
    }
    for name, methods in (("token", METHODS), ("introspection", CONFIDENTIAL), ("revocation", METHODS)):
        found[f"{name}_endpoint_auth_methods_supported"] = methods
        found[f"{name}_endpoint_auth_signing_alg_values_supported"] = ALGORITHMS
    return found


def _scopes() -> list[str]:
    known = vocabulary()
    return [*(f"{level}/{r}.{known[r]}" for level in ("system", "user") for r in sorted(known)), OFFLINE]
