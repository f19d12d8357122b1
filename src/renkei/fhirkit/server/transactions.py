"""Batch and transaction Bundles: many calls in one; a transaction happens as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db import IntegrityError, transaction

from renkei.fhirkit.bundles import Resource, text_of
from renkei.fhirkit.outcome import operation_outcome
from renkei.fhirkit.server.interactions import matching, settle
from renkei.fhirkit.server.mapping import mapping_of
from renkei.fhirkit.server.messages import Request, Response, read_params
from renkei.fhirkit.server.refusals import BadRequest, PreconditionFailed
from renkei.fhirkit.server.routing import answer
from renkei.kernel.errors import DomainError, Invalid, NotPossibleNow

MOST_ENTRIES = 500
METHODS = ("DELETE", "POST", "PUT", "GET", "HEAD")
_HEADERS = {"If-Match": "ifMatch", "If-None-Match": "ifNoneMatch", "If-None-Exist": "ifNoneExist"}
_PHRASES = {
    200: "200 OK",
    201: "201 Created",
    202: "202 Accepted",
    204: "204 No Content",
    304: "304 Not Modified",
}


@dataclass
class _Call:
    """One entry: where it stands, its fullUrl, and the call that it means."""

    index: int
    full_url: str
    request: Request

    @property
    def place(self) -> str:
        return f"Bundle.entry[{self.index}]"


def process(request: Request) -> Response:
    """Run the Bundle in the body of a POST to the base. Raises ``DomainError`` for a transaction that fails."""
    bundle = request.resource()
    kind = text_of(bundle.get("type"))
    if bundle.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
        raise BadRequest(
            "not_a_batch",
            "ここには type が transaction または batch の Bundle を送ってください(文書は /Bundle へ)。",
            "Bundle.type",
        )
    entries = bundle.get("entry")
    rows = entries if isinstance(entries, list) else []
    if len(rows) > MOST_ENTRIES:
        raise BadRequest("too_many_entries", f"entry は{MOST_ENTRIES}件までです。", "Bundle.entry")
    if kind == "batch":
        done = [_alone(request, index, row) for index, row in enumerate(rows)]
    else:
        done = _together([_call(request, index, row) for index, row in enumerate(rows)])
    return Response(200, {"resourceType": "Bundle", "type": f"{kind}-response", "entry": done})


def _call(request: Request, index: int, row: Any) -> _Call:
    place = f"Bundle.entry[{index}]"
    asked = row.get("request") if isinstance(row, dict) else None
    if not isinstance(asked, dict):
        raise BadRequest("entry_request", "entry に request がありません。", f"{place}.request")
    method, url = text_of(asked.get("method")), text_of(asked.get("url"))
    if method not in METHODS:
        raise BadRequest(
            "entry_method", f"method は {'、'.join(METHODS)} のいずれかです。", f"{place}.request.method"
        )
    path, _, query = url.removeprefix(f"{request.base}/").lstrip("/").partition("?")
    segments = tuple(unquote(part) for part in path.split("/") if part)
    if not segments or "://" in path:
        raise BadRequest(
            "entry_url", "url は Patient や Patient/id の形で指定してください。", f"{place}.request.url"
        )
    given = {name: text_of(asked.get(key)) for name, key in _HEADERS.items()}
    given["Prefer"] = request.header("Prefer")
    body = row.get("resource")
    call = Request(
        actor=request.actor,
        method=method,
        path=segments,
        base=request.base,
        query=query,
        header=lambda name: given.get(name, ""),
        parsed=body if isinstance(body, dict) else None,
        inside=True,
    )
    if method in ("POST", "PUT") and call.parsed is None:
        raise BadRequest("entry_resource", "entry に resource がありません。", f"{place}.resource")
    return _Call(index, text_of(row.get("fullUrl")), call)


def _alone(request: Request, index: int, row: Any) -> Resource:
    """One entry of a batch in a savepoint of its own."""
    try:
        with transaction.atomic():
            return _told(answer(_call(request, index, row).request))
    except DomainError as error:
        return {"response": {"status": str(error.status), "outcome": operation_outcome(error)}}
    except IntegrityError:
        clash = NotPossibleNow(
            "conflict", "ほかの登録と重なりました。読み直してから、もう一度送ってください。"
        )
        return {"response": {"status": "409", "outcome": operation_outcome(clash)}}


def _told(response: Response) -> Resource:
    said: Resource = {"status": _PHRASES.get(response.status, str(response.status))}
    if "Location" in response.headers:
        said["location"] = response.headers["Location"]
    if "ETag" in response.headers:
        said["etag"] = response.headers["ETag"]
    told: Resource = {"response": said}
    if response.resource is not None:
        told["resource"] = response.resource
    return told


def _together(calls: list[_Call]) -> list[Resource]:
    """Every entry in the order of the standard (DELETE, POST, PUT, GET), creations after what they refer to."""
    _refuse_twins(calls)
    for call in calls:
        _settle(call)
    _refuse_twins(calls)
    known: dict[str, str] = {}
    for call in calls:
        if call.request.method in ("PUT", "GET") and call.full_url and len(call.request.path) == 2:
            known[call.full_url] = "/".join(call.request.path)
    done: dict[int, Resource] = {}
    for call in _in_order(calls):
        try:
            if call.request.parsed is not None:
                _point(call, known)
            response = answer(call.request)
        except DomainError as error:
            error.field = _inside(call, error.field)
            raise
        told = _told(response)
        if call.request.method == "POST" and call.full_url and "Location" in response.headers:
            known[call.full_url] = _made(response, call)
        done[call.index] = told
    return [done[call.index] for call in calls]


def _settle(call: _Call) -> None:
    """A conditional update finds its row before anything is written, so that others may refer to it."""
    path = call.request.path
    if call.request.method == "PUT" and len(path) == 1:
        if (mapping := mapping_of(path[0])) is None:
            return
        try:
            settle(call.request, mapping)
        except DomainError as error:
            error.field = _inside(call, error.field)
            raise


def _made(response: Response, call: _Call) -> str:
    """``Type/id`` of what a creation made or found."""
    return "/".join(response.headers["Location"].removeprefix(f"{call.request.base}/").split("/")[:2])


def _inside(call: _Call, field: str) -> str:
    """The FHIRPath of an error seen from the Bundle."""
    if not field or field.startswith("Bundle.entry"):
        return field or call.place
    kind = call.request.path[0]
    tail = field.removeprefix(f"{kind}.") if field != kind else ""
    return f"{call.place}.resource{f'.{tail}' if tail else ''}"


def _refuse_twins(calls: list[_Call]) -> None:
    seen: set[tuple[str, ...]] = set()
    urls: set[str] = set()
    for call in calls:
        if call.request.method in ("PUT", "DELETE"):
            target = (*call.request.path, call.request.query)
            if target in seen:
                raise BadRequest(
                    "twice", "同じリソースを二度変更しようとしています。", f"{call.place}.request.url"
                )
            seen.add(target)
        if call.full_url:
            if call.full_url in urls:
                raise BadRequest("twice", "同じ fullUrl が二度使われています。", f"{call.place}.fullUrl")
            urls.add(call.full_url)


def _in_order(calls: list[_Call]) -> list[_Call]:
    """DELETE, then POST so that what is referred to comes first, then PUT, then GET."""
    makers = {call.full_url: call for call in calls if call.request.method == "POST" and call.full_url}
    order: list[_Call] = [call for call in calls if call.request.method == "DELETE"]
    placed: set[int] = set()
    open_now: set[int] = set()

    def place(call: _Call) -> None:
        if call.index in placed:
            return
        if call.index in open_now:
            raise Invalid(
                "circular", "entry どうしが互いを参照しているため、登録の順番が決まりません。", call.place
            )
        open_now.add(call.index)
        for _, reference in _references(call.request.parsed):
            if (target := makers.get(reference)) is not None and target is not call:
                place(target)
        open_now.discard(call.index)
        placed.add(call.index)
        order.append(call)

    for call in makers.values():
        place(call)
    order += [c for c in calls if c.request.method == "POST" and c.index not in placed]
    return order + [c for method in ("PUT", "GET", "HEAD") for c in calls if c.request.method == method]


def _references(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every Reference object inside a resource with its target."""
    level: list[Any] = [value]
    while level:
        node = level.pop()
        if isinstance(node, dict):
            if isinstance(target := node.get("reference"), str):
                yield node, target
            level += [child for child in node.values() if isinstance(child, dict | list)]
        elif isinstance(node, list):
            level += [child for child in node if isinstance(child, dict | list)]


def _point(call: _Call, known: dict[str, str]) -> None:
    """Replace references to other entries, and conditional ones (``Patient?identifier=…``), by the real ones."""
    for holder, target in _references(call.request.parsed):
        if target in known:
            holder["reference"] = known[target]
        elif target.startswith("urn:"):
            raise Invalid(
                "dangling", f"参照先 {target[:80]} が Bundle の中にありません。", f"{call.place}.resource"
            )
        elif "?" in target and "://" not in target:
            holder["reference"] = _conditional(call, target)


def _conditional(call: _Call, target: str) -> str:
    kind, _, query = target.partition("?")
    mapping = mapping_of(kind)
    found = matching(call.request, mapping, read_params(query)) if mapping else []
    if mapping is None or len(found) != 1:
        raise PreconditionFailed(
            "no_single_match", f"参照 {target[:80]} に合うものが1件ではありません。", f"{call.place}.resource"
        )
    return f"{kind}/{mapping.identity(found[0])}"
