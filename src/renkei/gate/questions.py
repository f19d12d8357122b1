"""Taking a condition apart into its form and its values, so that one statement serves every question of that form."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from django.db.models import Q

from renkei.gate.compiled import Plain

SCALARS = (str, int, UUID, datetime, date)


class Unformed(Exception):
    """The condition holds more than lookups and plain values (an expression, a subquery)."""


def form_of(condition: Q) -> tuple[Hashable, list[Plain]]:
    """The form and the values in their order; ``rebuilt`` puts others in. Raises ``Unformed``."""
    values: list[Plain] = []
    return _form(condition, values), values


def _form(part: Any, values: list[Plain]) -> Hashable:
    if isinstance(part, Q):
        children = tuple(_form(child, values) for child in part.children)
        return part.connector, part.negated, children
    if not isinstance(part, tuple):
        raise Unformed
    lookup, value = part
    if value is None or isinstance(value, bool):
        return lookup, value
    if isinstance(value, list | tuple | set | frozenset):
        found = tuple(_plain(each) for each in value)
        values += found
        return lookup, len(found), tuple(type(each) for each in found)
    values.append(_plain(value))
    return lookup, -1


def _plain(value: Any) -> Plain:
    if type(value) in SCALARS:
        return value
    if isinstance(value, str):
        return str(value)  # a member of an enumeration
    raise Unformed


def rebuilt(condition: Q, values: Sequence[Plain]) -> Q:
    """``condition`` with ``values`` in place of its own."""
    return _rebuilt(condition, iter(values))


def _rebuilt(part: Q, values: Iterator[Plain]) -> Q:
    made = Q(_connector=part.connector, _negated=part.negated)
    for child in part.children:
        if isinstance(child, Q):
            made.children.append(_rebuilt(child, values))
            continue
        lookup, value = cast(tuple[str, Any], child)
        if isinstance(value, list | tuple | set | frozenset):
            value = [next(values) for _ in value]
        elif value is not None and not isinstance(value, bool):
            value = next(values)
        made.children.append((lookup, value))
    return made
