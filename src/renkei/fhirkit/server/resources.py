"""A row as a resource: id, meta and ETag around what the mapping says."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import orjson
from django.db.models import QuerySet

from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.server.mapping import Mapping, Row
from renkei.gate.actor import Actor
from renkei.gate.compiled import Build, Plain, Telling, fetch, fetch_last
from renkei.gate.guard import note_rows, unnoted


def compose(mapping: Mapping, row: Row) -> Resource:
    """The whole resource of ``row``."""
    content = mapping.to_fhir(row)
    meta: dict[str, Any] = {}
    if mapping.version is not None:
        meta["versionId"] = mapping.version(row)
    if mapping.updated:
        meta["lastUpdated"] = getattr(row, mapping.updated)
    if mapping.profile:
        meta["profile"] = [mapping.profile]
    meta.update(content.get("meta") or {})
    made: Resource = {"resourceType": mapping.resource_type, "id": mapping.identity(row)}
    if meta:
        made["meta"] = meta
    return {**made, **content, **made}


def etag(mapping: Mapping, row: Row, made: Resource | None = None) -> str:
    """``W/"version"``; without versions a digest of the content."""
    if mapping.version is not None:
        return f'W/"{mapping.version(row)}"'
    digest = hashlib.sha256(to_json(made if made is not None else compose(mapping, row))).hexdigest()
    return f'W/"{digest[:20]}"'


def to_json(value: Any, *, pretty: bool = False) -> bytes:
    """JSON bytes; instants in UTC, decimals digit for digit as they are."""
    return orjson.dumps(
        value,
        default=_plain,
        option=orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | (orjson.OPT_INDENT_2 if pretty else 0),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


def load(actor: Actor, mapping: Mapping, identity: str, told: Telling | None = None) -> Row | None:
    """The visible row of a client's id, ready for ``to_fhir``, or None; ``told``: nothing is asked after it."""
    if mapping.fetch is not None:
        return mapping.fetch(actor, identity)
    key = mapping.read_id(identity)
    if key is None or mapping.rows is None:
        return None
    with unnoted():
        found = ask(actor, told, ("key", mapping.rows), lambda who, value: _by_key(who, mapping, value), key)
        if found and mapping.prepare is not None:
            mapping.prepare(actor, found)
    return found[0] if found else None


def ask(actor: Actor, told: Telling | None, name: Hashable, build: Build, *values: Plain) -> list[Row]:
    """``fetch``, or ``fetch_last`` where the question can take the read entry along."""
    if told is None:
        return fetch(actor, name, build, *values)
    return fetch_last(actor, told, name, build, *values)


def _by_key(actor: Actor, mapping: Mapping, key: Any) -> QuerySet[Any]:
    assert mapping.rows is not None
    return mapping.rows(actor).filter(**{mapping.key: key}).order_by()


def note(rows: list[Row]) -> None:
    """These rows are shown: the read entry names them and their patients (those looked at on the way it does not)."""
    for model in {type(row) for row in rows}:
        note_rows(model, [row for row in rows if type(row) is model])
