"""What can be done with one resource type: read, search, history, create, update, delete."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from renkei.fhirkit.bundles import Resource, text_of
from renkei.fhirkit.outcome import operation_outcome
from renkei.fhirkit.server import searching, telling
from renkei.fhirkit.server.mapping import Mapping, Postponed, Row
from renkei.fhirkit.server.messages import Params, Request, Response, read_params
from renkei.fhirkit.server.query import Query, read_query
from renkei.fhirkit.server.refusals import BadRequest, Gone, MethodNotAllowed, PreconditionFailed
from renkei.fhirkit.server.resources import compose, etag, load, note
from renkei.fhirkit.server.values import ID
from renkei.gate.actions import refuse
from renkei.gate.actor import Actor
from renkei.gate.compiled import Telling
from renkei.gate.guard import unnoted
from renkei.gate.writing import in_one_piece
from renkei.kernel.errors import DomainError, NotAllowed, NotFound, Stale

VERBS = {"r": "閲覧", "s": "検索", "c": "登録", "u": "更新", "d": "削除"}


def allows(actor: Actor, mapping: Mapping, letter: str) -> bool:
    """Whether the token itself covers this (``fhir:Patient.r``) and, for reading, the product's permission is there."""
    said = actor.may(f"fhir:{mapping.resource_type}.{letter}")
    return said and (letter not in "rs" or actor.may(mapping.reads))


def require(actor: Actor, mapping: Mapping, letter: str) -> None:
    """Raise ``NotAllowed``, on record, unless the token allows ``letter`` (c, r, u, d, s) of this type."""
    if not allows(actor, mapping, letter):
        refuse(actor, f"fhir.{mapping.resource_type}.{letter}", f"APIで{mapping.says}を{VERBS[letter]}")
        raise NotAllowed(
            "not_allowed",
            f"{mapping.says}({mapping.resource_type})の{VERBS[letter]}は、この接続に許可されていません。",
        )


def _found(actor: Actor, mapping: Mapping, identity: str, told: Telling | None = None) -> Row:
    row = load(actor, mapping, identity, told)
    if row is None:
        raise NotFound(
            "not_found",
            f"{mapping.resource_type}/{identity[:64]} は見つかりません。共有範囲の外か、IDが違う可能性があります。",
        )
    return row


def read(request: Request, mapping: Mapping, identity: str) -> Response:
    """One resource; 304 when the client has this version already."""
    require(request.actor, mapping, "r")
    told = telling.of_read(request, mapping)
    row = _found(request.actor, mapping, identity, told)
    if mapping.raw is not None and not _wants_fhir(request):
        note([row])
        return Response(200, raw=mapping.raw(request.actor, row))
    made = compose(mapping, row)
    headers = _headers(mapping, row, made)
    if _matches(request.header("If-None-Match"), headers["ETag"]):
        return Response(304, headers=headers)
    if told is None or not told.done:
        note([row])
    return Response(200, made, headers)


def _wants_fhir(request: Request) -> bool:
    accept = request.header("Accept")
    return request.inside or not accept or "json" in accept or "_format=" in request.query


def _headers(mapping: Mapping, row: Row, made: Resource) -> dict[str, str]:
    headers = {"ETag": etag(mapping, row, made)}
    if mapping.updated:
        headers["Last-Modified"] = getattr(row, mapping.updated).strftime("%a, %d %b %Y %H:%M:%S GMT")
    return headers


def _matches(header: str, tag: str) -> bool:
    return bool(header) and any(
        part.strip().removeprefix("W/") == tag.removeprefix("W/") for part in header.split(",")
    )


def search(request: Request, mapping: Mapping, pairs: Params) -> Response:
    """A searchset Bundle of the visible rows."""
    require(request.actor, mapping, "s")
    if not mapping.searchable:
        raise MethodNotAllowed(f"{mapping.resource_type} の検索には対応していません。", ())
    query = read_query(mapping, pairs, strict=request.prefers("handling") == "strict", base=request.base)
    told = telling.of_search(request, query)
    return Response(200, searching.bundle(request.actor, query, request.base, told))


def history(request: Request, mapping: Mapping, identity: str) -> Response:
    """Every kept version, newest first."""
    require(request.actor, mapping, "r")
    row = _found(request.actor, mapping, identity)
    versions = _versions(request, mapping, row)
    note([row])
    url = f"{request.base}/{mapping.resource_type}/{identity}"
    entries = []
    for version in versions:
        entry: Resource = {"fullUrl": url}
        if version.resource is not None:
            entry["resource"] = version.resource
        status = {"POST": "201", "DELETE": "204"}.get(version.method, "200")
        place = mapping.resource_type if version.method == "POST" else f"{mapping.resource_type}/{identity}"
        entry["request"] = {"method": version.method, "url": place}
        entry["response"] = {"status": status, "etag": f'W/"{version.id}"', "lastModified": version.at}
        entries.append(entry)
    links = [{"relation": "self", "url": f"{url}/_history"}]
    made: Resource = {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(entries),
        "link": links,
        "entry": entries,
    }
    return Response(200, made)


def vread(request: Request, mapping: Mapping, identity: str, version_id: str) -> Response:
    """One kept version."""
    require(request.actor, mapping, "r")
    row = _found(request.actor, mapping, identity)
    version = next((v for v in _versions(request, mapping, row) if v.id == version_id), None)
    if version is None:
        raise NotFound("version_not_found", f"版 {version_id[:64]} はありません。")
    if version.resource is None:
        raise Gone("deleted", "この版で削除されています。")
    note([row])
    return Response(200, version.resource, {"ETag": f'W/"{version.id}"'})


def _versions(request: Request, mapping: Mapping, row: Row) -> list[Any]:
    if mapping.history is None:
        raise MethodNotAllowed(f"{mapping.resource_type} は過去の版を残していません。", ("GET",))
    return mapping.history(request.actor, row)


def create(request: Request, mapping: Mapping) -> Response:
    """A new row by the module's action; ``If-None-Exist`` finds the one that is there already."""
    if mapping.create is None or mapping.from_fhir is None:
        raise MethodNotAllowed(f"{mapping.resource_type} の登録には対応していません。", allowed(mapping))
    require(request.actor, mapping, "c")
    resource = _checked(request, mapping)
    if condition := request.header("If-None-Exist"):
        known = matching(request, mapping, read_params(condition.rpartition("?")[2]))
        if len(known) > 1:
            raise PreconditionFailed(
                "several_match", "If-None-Exist の条件に合うものが複数あります。条件を絞ってください。"
            )
        if known:
            return _answer(request, mapping, known[0], 200)
    whole = in_one_piece() if mapping.in_one_piece and not request.inside else nullcontext()
    with unnoted(), naming(mapping), whole:
        as_bytes = mapping.from_bytes if request.received else None
        command = as_bytes(request.received) if as_bytes else mapping.from_fhir(resource)
        row = mapping.create(request.actor, command)
    if isinstance(row, Postponed):
        return Response(202, operation_outcome(warnings=[row.says]))
    return _answer(request, mapping, row, 201, fresh=True)


def matching(request: Request, mapping: Mapping, pairs: Params) -> list[Row]:
    """At most two visible rows that fit a conditional request; unknown parameters are always refused."""
    require(request.actor, mapping, "s")
    query: Query = read_query(mapping, pairs, strict=True, base=request.base)
    if not query.conditions:
        raise PreconditionFailed("no_condition", "条件付きの操作には、検索条件が必要です。")
    query.count, query.only_total = 2, False
    return searching.run(request.actor, query).rows


def update(request: Request, mapping: Mapping, identity: str) -> Response:
    """A changed row by the module's action; ``If-Match`` refuses with 412 when somebody saved in between."""
    if mapping.update is None or mapping.from_fhir is None:
        raise MethodNotAllowed(
            f"{mapping.resource_type} の更新には対応していません。", allowed(mapping, identity)
        )
    require(request.actor, mapping, "u")
    resource = _checked(request, mapping)
    if text_of(resource.get("id")) != identity:
        raise BadRequest("id_differs", "本文の id が URL の id と違います。", f"{mapping.resource_type}.id")
    row = _found(request.actor, mapping, identity)
    expected = request.header("If-Match")
    if expected and not _matches(expected, etag(mapping, row)):
        raise _outdated()
    try:
        with unnoted(), naming(mapping):
            row = mapping.update(request.actor, row, mapping.from_fhir(resource))
    except Stale:
        if expected:
            raise _outdated() from None
        raise
    return _answer(request, mapping, row, 200, fresh=True)


def settle(request: Request, mapping: Mapping) -> None:
    """Conditional update (FHIR R4, 3.1.0.4.3): ``PUT Type?…`` becomes the update of the one row that fits, or a creation."""
    if not mapping.conditional_update():
        raise MethodNotAllowed(
            f"{mapping.resource_type} の条件付き更新には対応していません。", allowed(mapping)
        )
    require(request.actor, mapping, "u")
    resource = _checked(request, mapping)
    known = matching(request, mapping, request.params())
    if len(known) > 1:
        raise PreconditionFailed("several_match", "条件に合うものが複数あります。条件を絞ってください。")
    given, element = text_of(resource.get("id")), f"{mapping.resource_type}.id"
    if not known and given:
        raise BadRequest("id_chosen", "条件に合うものがありません。id はサーバーが決めます。", element)
    if known:
        identity = mapping.identity(known[0])
        if given not in ("", identity):
            raise BadRequest("id_differs", "本文の id が、条件に合ったものの id と違います。", element)
        resource["id"], request.path = identity, (mapping.resource_type, identity)
    else:
        request.method = "POST"
    request.query = ""


def _outdated() -> PreconditionFailed:
    return PreconditionFailed(
        "outdated", "ほかの更新が先に行われました。読み直してから、もう一度更新してください。"
    )


def delete(request: Request, mapping: Mapping, identity: str) -> Response:
    """Only where the data knows what that means."""
    if mapping.delete is None:
        raise MethodNotAllowed(
            f"{mapping.resource_type} の削除には対応していません。", allowed(mapping, identity)
        )
    row = _found(request.actor, mapping, identity)
    if (expected := request.header("If-Match")) and not _matches(expected, etag(mapping, row)):
        raise _outdated()
    with unnoted():
        mapping.delete(request.actor, row)
    return Response(204)


def allowed(mapping: Mapping, identity: str = "") -> tuple[str, ...]:
    """The methods of a type's or a resource's address."""
    if identity:
        offered = (("GET", True), ("PUT", mapping.update is not None), ("DELETE", mapping.delete is not None))
    else:
        offered = (
            ("GET", mapping.searchable),
            ("POST", mapping.create is not None),
            ("PUT", mapping.conditional_update()),
        )
    return tuple(method for method, there in offered if there)


def _checked(request: Request, mapping: Mapping) -> Resource:
    resource = request.resource()
    kind = text_of(resource.get("resourceType"))
    if kind != mapping.resource_type:
        raise BadRequest(
            "wrong_type",
            f"resourceType は {mapping.resource_type} でなければなりません(届いたのは「{kind[:64]}」)。",
            "resourceType",
        )
    if "id" in resource and not ID.fullmatch(text_of(resource["id"])):
        raise BadRequest("id_form", "id は英数字と - と . の64文字までです。", f"{kind}.id")
    return resource


class naming:  # noqa: N801 - reads as a word at its place: ``with naming(mapping):``
    """Errors inside the block name the element of the resource instead of the module's field."""

    def __init__(self, mapping: Mapping) -> None:
        self.elements = mapping.elements

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate the field."""
        if isinstance(error, DomainError):
            error.field = self.elements.get(error.field, error.field)


def _ready(actor: Actor, mapping: Mapping, row: Row) -> Row:
    """The written row as ``to_fhir`` and ``version`` need it."""
    if mapping.reload:
        return load(actor, mapping, mapping.identity(row)) or row
    if mapping.prepare is not None:
        with unnoted():
            mapping.prepare(actor, [row])
    return row


def _answer(request: Request, mapping: Mapping, row: Row, status: int, *, fresh: bool = False) -> Response:
    """The answer to a write as the client prefers it."""
    if fresh:
        row = _ready(request.actor, mapping, row)
    wanted = request.prefers("return")
    identity = mapping.identity(row)
    headers = {}
    if status == 201 or request.method == "POST":
        headers["Location"] = f"{request.base}/{mapping.resource_type}/{identity}"
    if wanted == "minimal" or (request.inside and wanted != "representation"):
        if mapping.version is not None:
            headers["ETag"] = etag(mapping, row)
        if mapping.updated:
            headers["Last-Modified"] = getattr(row, mapping.updated).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Response(status, headers=headers)
    made = compose(mapping, row)
    headers |= _headers(mapping, row, made)
    if wanted == "OperationOutcome":
        return Response(status, operation_outcome(), headers)
    return Response(status, made, headers)
