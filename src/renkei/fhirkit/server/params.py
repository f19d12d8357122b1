"""Search parameters over plain columns: the usual ``where`` of each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from renkei.fhirkit.server.mapping import Param, Row
from renkei.fhirkit.server.values import Kind, Ref, Span, Text, Token, read_uuid
from renkei.gate.actor import Actor

NOTHING = Q(pk__in=[])
AROUND = 0.1
"""``ap``: a tenth of the distance to today on either side, at least a day (the standard's suggestion)."""


def any_of(conditions: Iterable[Q]) -> Q:
    """One of ``conditions``; none of them is nothing."""
    return reduce(or_, conditions, NOTHING)


def each(where: Callable[[Actor, Any], Q]) -> Callable[[Actor, Sequence[Any]], Q]:
    """A ``where`` from a condition for one value."""
    return lambda actor, values: any_of(where(actor, value) for value in values)


def token(
    name: str,
    field: str,
    *,
    system: str = "",
    codes: dict[str, Any] | None = None,
    doc: str = "",
    **more: Any,
) -> Param:
    """A coded column; ``codes`` translates FHIR codes to stored values (unknown ones find nothing)."""

    def where(actor: Actor, values: Sequence[Token]) -> Q:
        fitting = [v.code for v in values if v.fits(system) and v.code]
        stored = fitting if codes is None else [codes[c] for c in fitting if c in codes]
        whole_system = any(v.system == system and not v.code for v in values if v.system)
        found = Q(**{f"{field}__in": stored}) if stored else NOTHING
        return found | ~NOTHING if whole_system else found

    return Param(name=name, kind=Kind.TOKEN, where=where, doc=doc, **{"modifiers": ("not",), **more})


def boolean(name: str, condition: Callable[[], Q], *, doc: str = "") -> Param:
    """``true`` and ``false`` by a condition, made anew for each search: it may depend on today."""

    def where(actor: Actor, values: Sequence[Token]) -> Q:
        wanted = {v.code for v in values}
        holds = condition()
        return any_of(part for word, part in (("true", holds), ("false", ~holds)) if word in wanted)

    return Param(name=name, kind=Kind.TOKEN, where=where, doc=doc)


def text(name: str, *fields: str, doc: str = "") -> Param:
    """Plain text columns: begins with (capitals alike), ``:contains``, ``:exact``."""
    lookups = {"": "istartswith", "exact": "exact", "contains": "icontains"}

    def where(actor: Actor, values: Sequence[Text]) -> Q:
        return any_of(Q(**{f"{field}__{lookups[v.how]}": v.text}) for v in values for field in fields)

    return Param(name=name, kind=Kind.STRING, where=where, doc=doc, modifiers=("exact", "contains"))


def day(name: str, field: str, *, doc: str = "", nullable: bool = False) -> Param:
    """A date column (Japanese dates)."""

    def where(actor: Actor, values: Sequence[Span]) -> Q:
        return any_of(
            _compare(field, v.prefix, v.first_day, v.last_day + timedelta(days=1), v) for v in values
        )

    more: dict[str, Any] = (
        {"absent": Q(**{f"{field}__isnull": True}), "modifiers": ("missing",)} if nullable else {}
    )
    return Param(name=name, kind=Kind.DATE, where=where, doc=doc, **more)


def instant(name: str, field: str, *, doc: str = "", nullable: bool = False) -> Param:
    """A column of instants."""

    def where(actor: Actor, values: Sequence[Span]) -> Q:
        return any_of(_compare(field, v.prefix, v.start, v.end, v) for v in values)

    more: dict[str, Any] = (
        {"absent": Q(**{f"{field}__isnull": True}), "modifiers": ("missing",)} if nullable else {}
    )
    return Param(name=name, kind=Kind.DATE, where=where, doc=doc, **more)


def _compare(field: str, prefix: str, start: Any, end: Any, span: Span) -> Q:
    """A stored point against the half-open span [start, end): the nine prefixes."""
    within = Q(**{f"{field}__gte": start, f"{field}__lt": end})
    if prefix == "ap":
        slack = span.slack(AROUND)
        return Q(**{f"{field}__gte": start - slack, f"{field}__lt": end + slack})
    return {
        "eq": within,
        "ne": ~within & Q(**{f"{field}__isnull": False}),
        "gt": Q(**{f"{field}__gte": end}),
        "sa": Q(**{f"{field}__gte": end}),
        "ge": Q(**{f"{field}__gte": start}),
        "lt": Q(**{f"{field}__lt": start}),
        "eb": Q(**{f"{field}__lt": start}),
        "le": Q(**{f"{field}__lt": end}),
    }[prefix]


def reference(
    name: str,
    field: str,
    targets: tuple[str, ...],
    *,
    points_to: Callable[[Row], Iterable[str]] | None = None,
    read_id: Callable[[str], Any] = read_uuid,
    doc: str = "",
) -> Param:
    """A foreign key by the other row's logical id: ``reference("subject", "patient__uid", ("Patient",))``."""

    def where(actor: Actor, values: Sequence[Ref]) -> Q:
        keys = [key for v in values if (key := read_id(v.id)) is not None]
        return Q(**{f"{field}__in": keys}) if keys else NOTHING

    return Param(name=name, kind=Kind.REFERENCE, where=where, targets=targets, points_to=points_to, doc=doc)


def identifier(doc: str = "", **systems: Callable[[str], Q]) -> Param:
    """``identifier``; see :func:`identifiers` for systems that are no Python names."""
    return identifiers(dict(systems), doc=doc)


def identifiers(systems: dict[str, Callable[[str], Q]], *, name: str = "identifier", doc: str = "") -> Param:
    """``identifier`` over several systems: each with the condition for a value (``system|value`` or the value alone).

    A key that ends in ``*`` stands for every system that begins so; its condition gets ``system|value``.
    """

    def where(actor: Actor, values: Sequence[Token]) -> Q:
        return any_of(found for value in values for found in _by_system(systems, value))

    return Param(name=name, kind=Kind.TOKEN, where=where, doc=doc)


def _by_system(systems: dict[str, Callable[[str], Q]], value: Token) -> Iterable[Q]:
    if not value.code:
        return
    for system, condition in systems.items():
        family = system.removesuffix("*")
        if value.system is None:
            yield condition(value.code)
        elif system == value.system or (family != system and re.match(re.escape(family), value.system)):
            yield condition(f"{value.system}|{value.code}" if family != system else value.code)
