"""Pages over several tables: one kind after the other, or all of them together in the order that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from renkei.fhirkit.server.mapping import Asked, Found, Param
from renkei.gate.actor import Actor
from renkei.gate.guard import unnoted
from renkei.referrals.fhir.rows import Rows


def find_in(sources: Sequence[Rows], params: Sequence[Param], actor: Actor, asked: Asked) -> Found:
    """A page of what fits: at most one query for each table, and one more each to count on the first page."""
    named = {param.name: param for param in params}
    condition = Q()
    for name, values in asked.conditions:
        condition &= named[name].where(actor, values)
    with unnoted():
        page = _together if asked.order else _by_kind
        found, position = page(sources, condition, actor, asked)
        counted = [s(actor).filter(condition).count() for s in sources] if asked.after is None else []
    return Found(found, position, sum(counted) if asked.after is None else None)


def _by_kind(sources: Sequence[Rows], condition: Q, actor: Actor, asked: Asked) -> tuple[list[Any], Any]:
    """One table after the other, each newest first; the position is ``[source, key]`` of the last row."""
    first, before = asked.after if asked.after else (0, None)
    gathered: list[Any] = []
    places: list[tuple[int, int]] = []
    for place in range(first, len(sources)):
        rows = sources[place](actor).filter(condition).order_by("-pk")
        if place == first and before is not None:
            rows = rows.filter(pk__lt=before)
        page = list(rows[: asked.size + 1 - len(gathered)])
        gathered += page
        places += [(place, row.pk) for row in page]
        if len(gathered) > asked.size:
            break
    more = len(gathered) > asked.size
    return gathered[: asked.size], list(places[asked.size - 1]) if more else None


def _together(sources: Sequence[Rows], condition: Q, actor: Actor, asked: Asked) -> tuple[list[Any], Any]:
    """The tables merged by instants; what is alike keeps the order of the tables, then of the keys.

    The position is the instants of the last row, its source and its key.
    """
    columns = [(sort.field, down) for sort, down in asked.order]
    order = [f"{'-' if down else ''}{field}" for field, down in columns]
    gathered: list[tuple[int, Any]] = []
    for place, source in enumerate(sources):
        rows = source(actor).filter(condition)
        if asked.after is not None:
            rows = rows.filter(_behind(columns, asked.after, place))
        gathered += [(place, row) for row in rows.order_by(*order, "pk")[: asked.size + 1]]
    for field, down in reversed(columns):
        gathered.sort(key=lambda found, name=field: getattr(found[1], name), reverse=down)  # type: ignore[misc]
    page = gathered[: asked.size]
    position = None
    if len(gathered) > asked.size:
        place, last = page[-1]
        position = [*(getattr(last, field).isoformat() for field, _ in columns), place, last.pk]
    return [row for _, row in page], position


def _behind(columns: list[tuple[str, bool]], after: Sequence[Any], place: int) -> Q:
    """Rows of the table ``place`` that come behind the last row of the page before."""
    *instants, last_place, last_key = after
    found, equal = Q(), Q()
    for (field, down), written in zip(columns, instants, strict=True):
        value = datetime.fromisoformat(written)
        found |= equal & Q(**{f"{field}__{'lt' if down else 'gt'}": value})
        equal &= Q(**{field: value})
    if place > last_place:
        found |= equal
    elif place == last_place:
        found |= equal & Q(pk__gt=last_key)
    return found
