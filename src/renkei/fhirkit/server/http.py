"""From Django's request to the server's and back: token, format, one transaction, one read entry, one outcome.

Sessions, cookies and forms play no part here: whoever asks shows a bearer token, so there is nothing that another site
could make a browser send.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse

from renkei.fhirkit.outcome import operation_outcome
from renkei.fhirkit.reading import MAX_BYTES
from renkei.fhirkit.server import capability, routing, transactions
from renkei.fhirkit.server.mapping import mapping_of
from renkei.fhirkit.server.messages import Request, Response
from renkei.fhirkit.server.refusals import (
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    TooLarge,
    Unauthorised,
    Unavailable,
    UnsupportedMedia,
)
from renkei.fhirkit.server.resources import to_json
from renkei.fhirkit.server.telling import named
from renkei.gate.actor import Actor, Kind
from renkei.gate.context import acting
from renkei.gate.guard import collecting
from renkei.gate.pages import record_reading
from renkei.kernel.errors import DomainError, Invalid, NotPossibleNow

logger = logging.getLogger("renkei.fhir")

Authenticator = Callable[[HttpRequest], Actor | None]
Limiter = Callable[[Actor, HttpRequest], None]
_authenticators: list[Authenticator] = []
_limiters: list[Limiter] = []

FHIR_JSON = "application/fhir+json"
JSON_TYPES = (FHIR_JSON, "application/json", "text/json", "application/json+fhir")
_ACCEPTED = (*JSON_TYPES, "*/*", "application/*", "text/*")
_FORMATS = ("json", *JSON_TYPES)
_PREFIX = "/fhir"
STRANGERS = (Kind.ANONYMOUS, Kind.PERSON)


def register_authenticator(find: Authenticator) -> None:
    """``find(request)`` gives the actor of a bearer token, or None when it knows no such token; the latest is asked first."""
    _authenticators.insert(0, find)


def unregister_authenticator(find: Authenticator) -> None:
    """Take it back (tests only)."""
    _authenticators.remove(find)


def register_limiter(limit: Limiter) -> None:
    """``limit(actor, request)`` raises ``TooMany`` when a client asks too fast."""
    _limiters.append(limit)


def unregister_limiter(limit: Limiter) -> None:
    """Take it back (tests only)."""
    _limiters.remove(limit)


def serve(request: HttpRequest, rest: str, software: Callable[[str], capability.Software]) -> HttpResponse:
    """Answer one request for ``rest`` below the base; never raises for anything a client can do."""
    try:
        response = _answer(request, rest, software)
    except DomainError as error:
        response = _refusal(error)
    except SuspiciousOperation:
        response = _refusal(BadRequest("suspicious", "リクエストの形が正しくありません。"))
    except IntegrityError:
        response = _refusal(
            NotPossibleNow("conflict", "ほかの登録と重なりました。読み直してから、もう一度送ってください。")
        )
    except OperationalError:
        logger.exception("the database does not answer")
        response = _refusal(
            Unavailable("unavailable", "いま応答できません。しばらくしてから、もう一度送ってください。")
        )
    except DatabaseError:
        logger.exception("the database refused a value at %s", request.path)
        response = _refusal(Invalid("unstorable", "保存または検索できない値が含まれています。"))
    except Exception:
        logger.exception("defect at %s", request.path)
        got_request_exception.send(sender=None, request=request)
        response = _refusal(
            _Defect("defect", "サーバーの内部エラーです。管理者に時刻とともに連絡してください。")
        )
    return _written(request, response)


class _Defect(DomainError):
    status = 500
    issue_type = "exception"


def _answer(request: HttpRequest, rest: str, software: Callable[[str], capability.Software]) -> Response:
    _require_json(request, rest)
    base = f"{request.scheme}://{request.get_host()}{_PREFIX}"
    if rest.rstrip("/") == "metadata":
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            raise MethodNotAllowed("metadata は GET で読みます。", ("GET",))
        return Response(200, capability.statement(software(base), base))
    actor = _actor(request)
    for limit in _limiters:
        limit(actor, request)
    call = Request(
        actor=actor,
        method=request.method or "GET",
        path=tuple(part for part in rest.split("/") if part),
        base=base,
        query=request.META.get("QUERY_STRING", ""),
        header=lambda name: request.META.get(f"HTTP_{name.upper().replace('-', '_')}", ""),
        body=lambda: _body(request),
        content_type=request.META.get("CONTENT_TYPE", ""),
    )
    with acting(actor), transaction.atomic(), collecting() as shown:
        response = _done(call)
        if any(shown.values()):
            record_reading(actor, *named(call), shown)
    return response


def _done(call: Request) -> Response:
    if call.method in ("POST", "PUT", "PATCH") and call.path[-1:] != ("_search",):
        kind = call.content_type.split(";")[0].strip().lower()
        if kind not in JSON_TYPES and kind != "application/json-patch+json":
            raise UnsupportedMedia("json_wanted", f"本文は {FHIR_JSON} で送ってください。")
    if call.method == "POST" and not call.path:
        return transactions.process(call)
    return routing.answer(call)


def _actor(request: HttpRequest) -> Actor:
    for find in _authenticators if request.META.get("HTTP_AUTHORIZATION") else ():
        found = find(request)
        if found is not None and found.kind not in STRANGERS:
            return found
    raise Unauthorised(
        "login_needed", "アクセストークンがないか、期限が切れています。トークンを取得し直してください。"
    )


def _require_json(request: HttpRequest, rest: str) -> None:
    query = request.META.get("QUERY_STRING", "")
    wanted = request.GET.get("_format", "") if "_format" in query else ""
    if wanted:
        if wanted.split(";")[0].strip().lower().replace(" ", "+") not in _FORMATS:
            raise NotAcceptable("json_only", "このサーバーは JSON だけを返します(_format=json)。")
        return
    accept = request.META.get("HTTP_ACCEPT", "")
    if not accept:
        return
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    mapping = mapping_of(rest.split("/")[0])
    if not any(kind in _ACCEPTED for kind in kinds) and not (mapping and mapping.raw):
        raise NotAcceptable("json_only", f"このサーバーは JSON だけを返します(Accept: {FHIR_JSON})。")


def _body(request: HttpRequest) -> bytes:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > MAX_BYTES:
        raise TooLarge("too_large", f"本文が大きすぎます({MAX_BYTES:,} バイトまで)。")
    body = bytes(request.read(MAX_BYTES + 1))
    if len(body) < length:
        raise BadRequest("truncated", "本文が途中で切れています。もう一度送ってください。")
    return body


def _refusal(error: DomainError) -> Response:
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="fhir"'
    elif isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allow)
    elif error.status in (429, 503):
        headers["Retry-After"] = str(getattr(error, "retry_after_seconds", 5))
    return Response(error.status, operation_outcome(error), headers)


def _written(request: HttpRequest, response: Response) -> HttpResponse:
    kind, content = f"{FHIR_JSON}; charset=utf-8", b""
    if response.raw is not None:
        kind, content = response.raw
    elif response.resource is not None:
        pretty = "_pretty=true" in request.META.get("QUERY_STRING", "")
        content = to_json(response.resource, pretty=pretty)
    headers: dict[str, Any] = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        **response.headers,
    }
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(content))
        content = b""
    return HttpResponse(content, status=response.status, content_type=kind, headers=headers)
