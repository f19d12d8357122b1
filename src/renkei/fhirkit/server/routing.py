"""Which interaction an address and a method mean (FHIR R4, 3.1.0)."""

from __future__ import annotations

from renkei.fhirkit.server import interactions
from renkei.fhirkit.server.mapping import Mapping, mapping_of
from renkei.fhirkit.server.messages import Request, Response, read_params
from renkei.fhirkit.server.refusals import BadRequest, MethodNotAllowed, UnknownPlace, UnsupportedMedia

FORM = "application/x-www-form-urlencoded"


def answer(request: Request) -> Response:
    """Answer one call below the base, except batches and the CapabilityStatement. Raises ``DomainError``."""
    if not request.path:
        raise MethodNotAllowed("ここには Bundle(transaction、batch)だけを POST できます。", ("POST",))
    mapping = mapping_of(request.path[0])
    if mapping is None:
        raise UnknownPlace(
            "unknown_type", f"「{request.path[0][:64]}」は、このサーバーが扱うリソースではありません。"
        )
    rest = request.path[1:]
    if not rest:
        return _type_level(request, mapping)
    if rest == ("_search",):
        return _posted_search(request, mapping)
    if len(rest) == 1 and not rest[0].startswith(("_", "$")):
        return _instance_level(request, mapping, rest[0])
    if len(rest) in (2, 3) and rest[1] == "_history":
        return _kept(request, mapping, rest)
    raise UnknownPlace(
        "unknown_address", "このアドレスには何もありません。metadata で使えるものを確認してください。"
    )


def _type_level(request: Request, mapping: Mapping) -> Response:
    if request.method in ("GET", "HEAD"):
        return interactions.search(request, mapping, request.params())
    if request.method == "POST":
        return interactions.create(request, mapping)
    if request.method == "PUT":
        interactions.settle(request, mapping)
        return answer(request)
    raise _not_here(request, interactions.allowed(mapping))


def _posted_search(request: Request, mapping: Mapping) -> Response:
    if request.method != "POST":
        raise _not_here(request, ("POST",))
    if not request.content_type.lower().startswith(FORM):
        raise UnsupportedMedia("form_wanted", f"_search の本文は {FORM} で送ってください。")
    try:
        body = request.body().decode("ascii")
    except UnicodeDecodeError:
        raise BadRequest("params.encoding", "本文は URL エンコードして送ってください。") from None
    return interactions.search(request, mapping, request.params() + read_params(body))


def _instance_level(request: Request, mapping: Mapping, identity: str) -> Response:
    if request.method in ("GET", "HEAD"):
        return interactions.read(request, mapping, identity)
    if request.method == "PUT":
        return interactions.update(request, mapping, identity)
    if request.method == "DELETE":
        return interactions.delete(request, mapping, identity)
    raise _not_here(request, interactions.allowed(mapping, identity))


def _kept(request: Request, mapping: Mapping, rest: tuple[str, ...]) -> Response:
    if request.method not in ("GET", "HEAD"):
        raise _not_here(request, ("GET",))
    if len(rest) == 2:
        return interactions.history(request, mapping, rest[0])
    return interactions.vread(request, mapping, rest[0], rest[2])


def _not_here(request: Request, allow: tuple[str, ...]) -> MethodNotAllowed:
    return MethodNotAllowed(f"このアドレスでは {request.method[:16]} は使えません。", allow)
