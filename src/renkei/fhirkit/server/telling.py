"""The read entry of a call: what it is called, and whether its one question can take it along."""

from __future__ import annotations

from renkei.audit.models import Outcome
from renkei.fhirkit.server.mapping import Mapping, mapping_of
from renkei.fhirkit.server.messages import Request
from renkei.fhirkit.server.query import Query
from renkei.gate.actions import line_for
from renkei.gate.compiled import Telling


def named(call: Request) -> tuple[str, str]:
    """The name and the sentence of the read entry."""
    mapping = mapping_of(call.path[0]) if call.path else None
    if mapping is None:
        return "fhir.bundle", "APIでまとめて閲覧"
    searched = len(call.path) == 1 or call.path[1:] == ("_search",)
    verb = "search" if searched else "read"
    return f"fhir.{verb}.{mapping.resource_type}", f"APIで{mapping.says}を{'検索' if searched else '閲覧'}"


def of_read(call: Request, mapping: Mapping) -> Telling | None:
    """For a read whose row is always shown, and which asks nothing more."""
    if call.header("If-None-Match") or not _one_question(call, mapping):
        return None
    return Telling(line_for(call.actor, Outcome.READ, *named(call)), 1)


def of_search(call: Request, query: Query) -> Telling | None:
    """For a page that brings nothing along and counts nothing."""
    more = query.includes or query.reverse or query.total or query.only_total
    if more or not _one_question(call, query.mapping):
        return None
    return Telling(line_for(call.actor, Outcome.READ, *named(call)), query.count)


def _one_question(call: Request, mapping: Mapping) -> bool:
    by_itself = mapping.fetch is None and mapping.find is None and mapping.rows is not None
    return by_itself and mapping.prepare is None and mapping.raw is None and not call.inside
