"""Runs a search behind the gate and makes the Bundle: pages by key, never by offset, so that nothing slips by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.outcome import operation_outcome
from renkei.fhirkit.server.mapping import Asked, Mapping, Param, Row, Sort, mapping_of
from renkei.fhirkit.server.query import Condition, Query, sorts_of
from renkei.fhirkit.server.refusals import BadRequest
from renkei.fhirkit.server.resources import ask, compose, note
from renkei.fhirkit.server.values import Ref, Token, Value
from renkei.gate.actor import Actor
from renkei.gate.compiled import Plain, Telling
from renkei.gate.guard import unnoted
from renkei.gate.questions import Unformed, form_of, rebuilt
from renkei.kernel import clock

MOST_INCLUDED = 1_000
Order = list[tuple[Sort, bool]]


def _signer() -> signing.Signer:
    """Made when it is needed: tools import this module where no secret key is set."""
    return signing.Signer(salt="fhir.cursor")


@dataclass
class Page:
    """Rows of one page, the cursor of the next ("" on the last), and the total where it is known."""

    rows: list[Row]
    cursor: str = ""
    total: int | None = None


def run(actor: Actor, query: Query, told: Telling | None = None) -> Page:
    """The page that ``query`` asks for, of rows that ``actor`` may see; ``told``: nothing is asked after it."""
    if query.mapping.find is not None or query.mapping.rows is None:
        return _run_own(actor, query)
    wanted = [_condition(actor, condition) for condition in query.conditions]
    if query.only_total:
        return Page([], total=_filtered(actor, query.mapping, wanted).order_by().count())
    order = _order(query)
    with unnoted():
        page = _page(actor, wanted, query, order, told)
        if page.rows and query.mapping.prepare is not None:
            query.mapping.prepare(actor, page.rows)
    if query.total:
        page.total = _filtered(actor, query.mapping, wanted).order_by().count()
    elif not query.cursor and not page.cursor:
        page.total = len(page.rows)
    return page


def _condition(actor: Actor, condition: Condition) -> Q:
    if condition.missing is not None:
        absent = condition.param.absent or Q()
        return absent if condition.missing else ~absent
    found = condition.param.where(actor, condition.values)
    return ~found if condition.negated else found


def _filtered(actor: Actor, mapping: Mapping, wanted: list[Q], *, own: bool = False) -> QuerySet[Any]:
    source = mapping.own_rows if own else mapping.rows
    assert source is not None
    rows = source(actor)
    for condition in wanted:
        rows = rows.filter(condition)
    return rows


def _run_own(actor: Actor, query: Query) -> Page:
    """A mapping that searches by itself."""
    if query.mapping.find is None:
        return Page([], total=0)
    conditions = tuple((c.param.name, c.values) for c in query.conditions)
    after = _read_cursor(query)[0] if query.cursor else None
    found = query.mapping.find(actor, Asked(conditions, max(query.count, 1), after, tuple(query.sorts)))
    if query.only_total:
        return Page([], total=found.total)
    cursor = (
        _signer().sign_object([_fingerprint(query), [found.position]]) if found.position is not None else ""
    )
    return Page(found.rows, cursor, found.total)


def _order(query: Query) -> Order:
    """The chosen order, ended by the primary key so that it is total."""
    chosen = query.sorts
    if not chosen and query.mapping.default_sort:
        name = query.mapping.default_sort
        offered = {sort.name: sort for sort in sorts_of(query.mapping)}
        chosen = [(offered[name.removeprefix("-")], name.startswith("-"))]
    return [*chosen, (Sort("", "pk"), chosen[-1][1] if chosen else False)]


def _page(actor: Actor, wanted: list[Q], query: Query, order: Order, told: Telling | None) -> Page:
    if query.cursor:
        wanted = [*wanted, _after(order, _read_cursor(query))]
    columns = [("-" if down else "") + sort.field for sort, down in order]
    try:
        found = _asked(actor, query.mapping, wanted, columns, query.count + 1, told)
    except (ValidationError, ValueError, TypeError):
        raise _bad_cursor() from None
    page = Page(found[: query.count])
    if len(found) > query.count:
        last = page.rows[-1]
        page.cursor = _signer().sign_object(
            [_fingerprint(query), [_plain(_of(last, sort)) for sort, _ in order]]
        )
    return page


def _asked(
    actor: Actor, mapping: Mapping, wanted: list[Q], columns: list[str], most: int, told: Telling | None
) -> list[Row]:
    """The first rows in order: by a statement made once for each form of the conditions, where they have a plain one."""
    try:
        forms = [form_of(condition) for condition in wanted]
    except Unformed:
        return list(_filtered(actor, mapping, wanted).order_by(*columns)[:most])

    own = mapping.own_rows is not None and any(_own_side(actor, mapping, each) for each in wanted)

    def build(who: Actor, *values: Plain) -> QuerySet[Any]:
        rest, others = list(values), []
        for condition, (_, given) in zip(wanted, forms, strict=True):
            others.append(rebuilt(condition, rest[: len(given)]))
            rest = rest[len(given) :]
        return _filtered(who, mapping, others, own=own).order_by(*columns)[:most]

    name = ("search", mapping.rows, own, tuple(form for form, _ in forms), tuple(columns), most)
    return ask(actor, told, name, build, *(value for _, values in forms for value in values))


def _own_side(actor: Actor, mapping: Mapping, condition: Q) -> bool:
    """Whether the condition names the actor's house as one of the parties, without an alternative."""
    if condition.negated or condition.connector != Q.AND:
        return False
    return any(
        _own_side(actor, mapping, part)
        if isinstance(part, Q)
        else part in [(side, actor.facility_id) for side in mapping.own_sides]
        for part in condition.children
    )


def _after(order: Order, values: list[Any]) -> Q:
    """Rows behind the cursor: (a, b, c) > (x, y, z) term by term, with a bound on ``a`` that its index can use."""
    if len(values) != len(order):
        raise _bad_cursor()
    found, equal = Q(), Q()
    for (sort, down), value in zip(order, values, strict=True):
        found |= equal & Q(**{f"{sort.field}__{'lt' if down else 'gt'}": value})
        equal &= Q(**{sort.field: value})
    first, down = order[0]
    return found & Q(**{f"{first.field}__{'lte' if down else 'gte'}": values[0]})


def _of(row: Row, sort: Sort) -> Any:
    if sort.value is not None:
        return sort.value(row)
    value: Any = row
    for name in sort.field.split("__"):
        value = getattr(value, name)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _fingerprint(query: Query) -> str:
    return hashlib.sha256(query.link("").encode()).hexdigest()[:16]


def _read_cursor(query: Query) -> list[Any]:
    try:
        fingerprint, values = _signer().unsign_object(query.cursor)
    except (signing.BadSignature, ValueError, TypeError):
        raise _bad_cursor() from None
    if fingerprint != _fingerprint(query):
        raise _bad_cursor()
    return list(values)


def _bad_cursor() -> BadRequest:
    return BadRequest(
        "param.cursor",
        "続きのページを示す値が正しくありません。検索結果の next のリンクをそのまま使ってください。",
        "_cursor",
    )


def bundle(actor: Actor, query: Query, base: str, told: Telling | None = None) -> Resource:
    """The searchset Bundle; every row in it is noted for the read entry, unless it was ``told`` with the question."""
    page = run(actor, query, told)
    made: Resource = {
        "resourceType": "Bundle",
        "type": "searchset",
        "timestamp": clock.now(),
        "link": [{"relation": "self", "url": query.link(base)}],
    }
    if page.cursor:
        made["link"].append({"relation": "next", "url": query.link(base, page.cursor)})
    if page.total is not None:
        made["total"] = page.total
    if told is None or not told.done:
        note(page.rows)
    entries = [_entry(query.mapping, row, base, "match", query.elements) for row in page.rows]
    entries += _included(actor, query, page.rows, base)
    if query.ignored:
        outcome = operation_outcome(warnings=query.ignored)
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    if entries:
        made["entry"] = entries
    return made


def _entry(mapping: Mapping, row: Row, base: str, mode: str, elements: tuple[str, ...] = ()) -> Resource:
    made = compose(mapping, row)
    if elements:
        made = _subset(made, elements)
    url = f"{base}/{mapping.resource_type}/{made['id']}"
    return {"fullUrl": url, "resource": made, "search": {"mode": mode}}


def _subset(made: Resource, elements: tuple[str, ...]) -> Resource:
    """``_elements``: the named ones and the mandatory ones, marked as incomplete."""
    tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
    kept = {"resourceType", "id", "status", "intent", *elements}
    meta = dict(made.get("meta") or {})
    meta["tag"] = [*meta.get("tag", []), tag]
    subset = {key: value for key, value in made.items() if key in kept}
    return {"resourceType": subset.pop("resourceType"), "id": subset.pop("id"), "meta": meta, **subset}


def _included(actor: Actor, query: Query, rows: list[Row], base: str) -> list[Resource]:
    """Rows that the found ones point to, or that point to them: one query for each type, each behind its own gate."""
    if not (query.includes or query.reverse):
        return []
    own = query.mapping
    seen = {f"{own.resource_type}/{own.identity(row)}" for row in rows}
    wanted: dict[str, list[str]] = {}
    for param in query.includes:
        for row in rows:
            for target in param.points_to(row) if param.points_to else ():
                kind, _, identity = target.partition("/")
                if target not in seen:
                    seen.add(target)
                    wanted.setdefault(kind, []).append(identity)
    found = [
        (m, row) for kind, ids in wanted.items() if (m := mapping_of(kind)) for row in _by_id(actor, m, ids)
    ]
    for other, param in query.reverse if rows else ():
        for row in _pointing(actor, other, param, [own.identity(row) for row in rows], own.resource_type):
            if (name := f"{other.resource_type}/{other.identity(row)}") not in seen:
                seen.add(name)
                found.append((other, row))
    for _, row in found:
        note([row])
    return [_entry(mapping, row, base, "include") for mapping, row in found]


def may_show(actor: Actor, mapping: Mapping) -> bool:
    """Whether rows of another type may come along: the token covers reading that type too."""
    return actor.may(mapping.reads) and actor.may(
        f"fhir:{mapping.resource_type}.r", f"fhir:{mapping.resource_type}.s"
    )


def _by_id(actor: Actor, mapping: Mapping, ids: list[str]) -> list[Row]:
    if not may_show(actor, mapping):
        return []
    if mapping.rows is None:
        return _own(actor, mapping, "_id", tuple(Token(identity) for identity in ids))
    keys = [key for identity in ids if (key := mapping.read_id(identity)) is not None]
    return _ready(actor, mapping, mapping.rows(actor).filter(**{f"{mapping.key}__in": keys}))


def _pointing(actor: Actor, mapping: Mapping, param: Param, ids: list[str], kind: str) -> list[Row]:
    if not may_show(actor, mapping):
        return []
    if mapping.rows is None:
        return _own(actor, mapping, param.name, tuple(Ref(kind, identity) for identity in ids))
    where = param.where(actor, tuple(Ref(kind, identity) for identity in ids))
    return _ready(actor, mapping, mapping.rows(actor).filter(where).order_by("pk")[:MOST_INCLUDED])


def _own(actor: Actor, mapping: Mapping, name: str, values: tuple[Value, ...]) -> list[Row]:
    """The same by ``find``, of a mapping that searches by itself; without an ``_id`` of its own it cannot be included."""
    if mapping.find is None or mapping.param(name) is None:
        return []
    with unnoted():
        return mapping.find(actor, Asked(((name, values),), MOST_INCLUDED)).rows


def _ready(actor: Actor, mapping: Mapping, rows: QuerySet[Any]) -> list[Row]:
    with unnoted():
        found = list(rows)
        if found and mapping.prepare is not None:
            mapping.prepare(actor, found)
    return found
