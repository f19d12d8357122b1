"""What a module hands to the server: one ``Mapping`` for each resource type. This file is the interface.

A mapping knows rows of one model and FHIR JSON; it knows nothing of HTTP. Reading goes through ``rows(actor)``, which
has passed ``visible_to``; writing goes through an ``@action`` of the module. The server cannot go round either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.server.values import Kind, Value, read_uuid
from renkei.gate.actor import Actor

Row = Any
"""One row of the mapping's model, as ``rows`` yields it."""
Command = Any
"""Plain values for an action, read from a resource; each module has its own shape."""
Where = Callable[[Actor, Sequence[Any]], Q]
"""(actor, values) → condition; the values are alternatives (the comma of FHIR) and of the parameter's kind."""


@dataclass(frozen=True, kw_only=True)
class Param:
    """A search parameter. Make one with the helpers of ``params`` unless the condition is special.

    ``modifiers`` are those that ``where`` understands (``exact``, ``contains``) or that the server does by itself
    (``not`` for tokens, ``missing`` when ``absent`` is given). ``targets`` are the types that a reference may name;
    ``points_to`` yields ``Type/id`` of a row's references: with it ``_include`` is offered, and ``_revinclude``
    from every target. ``where`` may raise ``Invalid``.
    """

    name: str
    kind: Kind
    where: Where
    doc: str = ""
    modifiers: tuple[str, ...] = ()
    absent: Q | None = None
    targets: tuple[str, ...] = ()
    points_to: Callable[[Row], Iterable[str]] | None = None
    definition: str = ""


@dataclass(frozen=True)
class Sort:
    """An order that ``_sort`` offers; ``field`` is a path of the model that is never null.

    ``value`` reads the same from a row, for the cursor of the next page (default: the attribute path).
    """

    name: str
    field: str
    value: Callable[[Row], Any] | None = None


@dataclass(frozen=True)
class Version:
    """One kept version of a row: ``resource`` None when it was deleted by it."""

    id: str
    at: datetime
    resource: Resource | None
    method: str = "PUT"


@dataclass(frozen=True)
class Asked:
    """A search for ``find``: per condition the parameter's name and its alternatives; ``after`` is the ``position`` of the
    page before (None at the start), ``size`` how many rows at most; ``order`` the chosen sorts, True for descending.
    """

    conditions: tuple[tuple[str, tuple[Value, ...]], ...]
    size: int
    after: Any = None
    order: tuple[tuple[Sort, bool], ...] = ()


@dataclass(frozen=True)
class Found:
    """One page of ``find``: ``position`` (JSON) opens the next page, None on the last; ``total`` None: not counted."""

    rows: list[Row]
    position: Any = None
    total: int | None = None


@dataclass(frozen=True)
class Postponed:
    """What ``create`` returns when a person must decide first: kept, and answered with 202 and ``says``."""

    says: str


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """A resource type of the API.

    Reading: ``reads`` is the permission; ``rows(actor)`` the visible rows; ``prepare(actor, rows)`` may load what
    ``to_fhir`` needs for a whole page with a constant number of queries (it sets attributes on the rows); ``to_fhir`` is
    pure. ``key`` is the column of the logical id, ``read_id`` reads a client's id (None: no such row). ``version`` gives
    ``meta.versionId`` and the ETag (without it the ETag is a digest of the content). ``updated`` is the column behind
    ``meta.lastUpdated`` and ``_lastUpdated`` ("" where the data does not keep it). ``own_rows`` gives the same rows asked one
    by one (``visible_to(each=True)``), for searches that name the actor's house in one of the columns ``own_sides``.

    Writing: ``from_fhir(resource)`` reads plain values and raises ``Invalid`` with the element's FHIRPath as ``field``;
    ``create(actor, command)`` and ``update(actor, row, command)`` call an action and return the row. ``update`` gets
    the row with ``expecting(version)`` set where the client sent If-Match. ``elements`` translates a field of
    the module's own errors to the FHIRPath (``{"birth_on": "Patient.birthDate"}``).

    ``from_bytes(body)`` takes the place of ``from_fhir`` for a create by itself, where what came is kept byte for byte
    (documents); an entry of a batch has no bytes of its own.

    After a write the row is read anew through ``rows``, unless ``reload`` is False: then what the action returned goes to
    ``prepare``, which saves a statement.

    ``in_one_piece``: ``create`` lets every error of an action through, so that these need no savepoints.

    ``history(actor, row)`` newest first, only where versions are kept. ``delete(actor, row)`` only where the data knows it.
    ``raw(actor, row)`` gives (media type, bytes) for a read that does not ask for FHIR JSON (Binary).
    ``fetch(actor, id)`` and ``find(actor, asked)`` take the place of ``rows`` where there is no model that may be queried
    (several tables, computed documents); they answer for the gate themselves. ``find`` obeys each of ``sorts``.
    """

    resource_type: str
    says: str
    reads: StrEnum
    to_fhir: Callable[[Row], Resource]
    rows: Callable[[Actor], QuerySet[Any]] | None = None
    own_rows: Callable[[Actor], QuerySet[Any]] | None = None
    own_sides: tuple[str, ...] = ()
    profile: str = ""
    supported_profiles: tuple[str, ...] = ()
    doc: str = ""
    key: str = "uid"
    read_id: Callable[[str], Any] = read_uuid
    identity: Callable[[Row], str] = field(default=lambda row: str(row.uid))
    version: Callable[[Row], str] | None = None
    updated: str = ""
    prepare: Callable[[Actor, list[Row]], None] | None = None
    params: tuple[Param, ...] = ()
    sorts: tuple[Sort, ...] = ()
    default_sort: str = ""
    searchable: bool = True
    from_fhir: Callable[[Resource], Command] | None = None
    from_bytes: Callable[[bytes], Command] | None = None
    create: Callable[[Actor, Command], Row | Postponed] | None = None
    update: Callable[[Actor, Row, Command], Row] | None = None
    delete: Callable[[Actor, Row], None] | None = None
    history: Callable[[Actor, Row], list[Version]] | None = None
    raw: Callable[[Actor, Row], tuple[str, bytes]] | None = None
    fetch: Callable[[Actor, str], Row | None] | None = None
    find: Callable[[Actor, Asked], Found] | None = None
    reload: bool = True
    in_one_piece: bool = False
    elements: dict[str, str] = field(default_factory=dict)

    def param(self, name: str) -> Param | None:
        """The declared parameter called ``name``."""
        return next((p for p in self.params if p.name == name), None)

    def conditional_update(self) -> bool:
        """Whether ``PUT Type?…`` is answered: the one row is found by a search, and changed or made."""
        return self.update is not None and self.create is not None and self.searchable

    def interactions(self) -> list[str]:
        """The codes of the CapabilityStatement, exactly what the server answers."""
        offered = {
            "read": True,
            "vread": self.history is not None,
            "history-instance": self.history is not None,
            "search-type": self.searchable,
            "create": self.create is not None,
            "update": self.update is not None,
            "delete": self.delete is not None,
        }
        return [code for code, there in offered.items() if there]


_mappings: dict[str, Mapping] = {}


def register(mapping: Mapping) -> Mapping:
    """Make a resource type known; a module's ``fhir.py`` does this when it is imported."""
    if mapping.resource_type in _mappings and _mappings[mapping.resource_type] != mapping:
        raise ValueError(f"{mapping.resource_type} is mapped already")
    names = [p.name for p in mapping.params]
    if len(names) != len(set(names)):
        raise ValueError(f"{mapping.resource_type}: a parameter is declared twice")
    _mappings[mapping.resource_type] = mapping
    return mapping


def unregister(resource_type: str) -> None:
    """Take a mapping back (tests only)."""
    _mappings.pop(resource_type, None)


def mapping_of(resource_type: str) -> Mapping | None:
    """The mapping of a resource type."""
    return _mappings.get(resource_type)


def all_mappings() -> list[Mapping]:
    """Every mapping by resource type."""
    return [_mappings[name] for name in sorted(_mappings)]


def includes_of(mapping: Mapping) -> list[str]:
    """``Type:param`` of every ``_include``."""
    return [f"{mapping.resource_type}:{p.name}" for p in mapping.params if p.points_to is not None]


def reverse_includes_of(mapping: Mapping) -> list[str]:
    """``Type:param`` of every ``_revinclude``: each reference parameter of any mapping that may name this type."""
    return [
        f"{other.resource_type}:{p.name}"
        for other in all_mappings()
        for p in other.params
        if p.points_to is not None and mapping.resource_type in p.targets
    ]


__all__ = [
    "Asked",
    "Command",
    "Found",
    "Mapping",
    "Param",
    "Postponed",
    "Row",
    "Sort",
    "Value",
    "Version",
    "Where",
    "all_mappings",
    "includes_of",
    "mapping_of",
    "register",
    "reverse_includes_of",
    "unregister",
]
