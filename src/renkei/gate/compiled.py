"""A question that is asked with every request is made into SQL once, and planned by the database once per connection.

Building a queryset and its SQL costs several times what running it does, and the policies of the wall make planning dear.
``fetch`` builds the queryset for a stand-in actor at a stand-in moment with marks in place of the given values; these
tell which parameter of the SQL is which. The first use compares the filled statement with what Django makes of the real
ones: a question whose SQL depends on anything else is asked the usual way, always. In the tests every use is compared.
The gate has been passed (``visible_to`` stands in the queryset), and the database's wall stands behind.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import EmptyResultSet, FullResultSet, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.db.models.query import ModelIterable, ValuesIterable, ValuesListIterable, get_related_populators

from renkei.audit.trail import Line as TrailLine
from renkei.audit.trail import values_beside, with_its_line
from renkei.gate.actor import Actor, as_current
from renkei.gate.guard import GuardedQuerySet, Scope, note_rows
from renkei.kernel import clock

Build = Callable[..., QuerySet[Any]]
Plain = str | int | UUID | date | datetime
Line = tuple[Any, ...]

_KEYS = ("facility_id", "person_id", "membership_id")
_STAND_IN = 4_611_686_018_427_000_000
_MOMENTS = tuple(
    clock.jst(*moment) + timedelta(microseconds=567_891)
    for moment in ((9000, 6, 15, 12, 34), (9000, 8, 27, 3, 9))
)
"""Two, of another month, day, weekday and hour: what is not the same distance from both (the first of the month) shows."""
_NEAR = timedelta(days=20_000)
_NOW, _MIDNIGHT, _TODAY, _GIVEN = range(len(_KEYS), len(_KEYS) + 4)
"""Places of what fills a parameter: the actor's keys, the instant, the day's first one, the day, then the given values."""
_MARKS: dict[type, Callable[[int], Any]] = {
    UUID: lambda n: UUID(int=_STAND_IN + n),
    int: lambda n: 2_147_000_000 + n,
    str: lambda n: f"\x01mark{n}\x01",
    datetime: lambda n: datetime(1902, 1, 1, 0, 0, 0, n, UTC),
    date: lambda n: date(1903, 1, 1) + timedelta(days=n),
}
_MOST = 1_000
_BY_VALUE = re.compile(r"\^@|LIKE|@>|&&|~|STRPOS", re.IGNORECASE)
"""Operators whose index the planner finds only when it sees the value: such a statement is planned each time."""


@dataclass(frozen=True)
class _Statement:
    """SQL, the source of each parameter (a constant, or a place with what is added to it), how a line becomes a row."""

    sql: str
    params: tuple[tuple[int, Any], ...]
    row: Callable[[Line], Any]
    model: type[Any]
    by_value: bool
    told: str = ""
    """The same with its line of the trail beside it; "" for what cannot tell."""

    def fill(self, sources: Line) -> list[Any]:
        """The parameters for one use."""
        return [
            constant if place < 0 else sources[place] if constant is None else sources[place] + constant
            for place, constant in self.params
        ]


_known: dict[Hashable, _Statement | None] = {}


def fetch(actor: Actor, name: Hashable, build: Build, *values: Plain) -> list[Any]:
    """The rows of ``build(actor, *values)``, noted as shown like those of any guarded queryset.

    ``name`` and the types of ``values`` decide which statement it is: whatever else ``build`` depends on belongs into
    ``name``. None, booleans and lists are no values here. Raises ``Ungated`` where the gate was not passed.
    """
    made = _known_or_made(actor, name, build, values)
    if made is None:
        return list(build(actor, *values))
    rows = [made.row(line) for line in _lines(made.sql, made.fill(_sources(actor, values)), made.by_value)]
    note_rows(made.model, rows)
    return rows


@dataclass
class Telling:
    """The read entry ``line`` for the first ``most`` rows of a transaction's last question; ``done`` once it is written."""

    line: TrailLine
    most: int
    done: bool = False


def fetch_last(actor: Actor, telling: Telling, name: Hashable, build: Build, *values: Plain) -> list[Any]:
    """The same as the last question of its transaction: the line of the trail and COMMIT go in one message with it.

    What cannot be told in that way is asked as usual, and ``telling`` stays undone.
    """
    made = _known_or_made(actor, name, build, values)
    if made is None or not made.told:
        return fetch(actor, name, build, *values)
    beside = values_beside(telling.line, made.model._meta.label, telling.most)
    params = [*made.fill(_sources(actor, values)), *beside]
    lines = connection.run_last(made.told, params)  # type: ignore[attr-defined]
    telling.done = True
    return [made.row(line) for line in lines]


def _known_or_made(
    actor: Actor, name: Hashable, build: Build, values: tuple[Plain, ...]
) -> _Statement | None:
    made = _statement((name, *map(type, values), *_sort_of(actor)), actor, build, values)
    if made is not None and settings.COMPARE_COMPILED and not _agrees(made, actor, build, values):
        raise AssertionError(f"{name!r}: the SQL depends on more than the values")
    return made


def compiled(build: Build) -> Callable[..., list[Any]]:
    """Decorates ``build(actor, *values) -> queryset``: calling it gives the rows, by a statement made once."""

    @functools.wraps(build)
    def ask(actor: Actor, *values: Plain) -> list[Any]:
        return fetch(actor, build, build, *values)

    return ask


def counted(actor: Actor, builds: Mapping[str, Build]) -> dict[str, int]:
    """How many rows each of ``builds(actor)`` has, all in one statement."""
    numbers = {name: _counting(actor, build) for name, build in builds.items()}
    made = {name: one for name, one in numbers.items() if one is not None}
    found = {name: build(actor).count() for name, build in builds.items() if name not in made}
    if made:
        sources = _sources(actor, ())
        parts = [f"(SELECT count(*) FROM ({one.sql}) counted)" for one in made.values()]
        params = [value for one in made.values() for value in one.fill(sources)]
        line = _lines(f"SELECT {', '.join(parts)}", params, any(one.by_value for one in made.values()))[0]
        found |= dict(zip(made, line, strict=True))
    return {name: found[name] for name in builds}


def _counting(actor: Actor, build: Build) -> _Statement | None:
    def keys(who: Actor) -> QuerySet[Any]:
        return build(who).order_by().values_list("pk")

    kind = ("count", build, *_sort_of(actor))
    made = _statement(kind, actor, keys, ())
    if made is not None and settings.COMPARE_COMPILED and not _agrees(made, actor, keys, ()):
        raise AssertionError(f"{build!r}: the SQL depends on more than the actor")
    return made


def forget() -> None:
    """Make every statement anew (tests only)."""
    _known.clear()


def _statement(kind: Hashable, actor: Actor, build: Build, values: tuple[Plain, ...]) -> _Statement | None:
    """The known one, or a new one; other threads may clear the store meanwhile."""
    try:
        return _known[kind]
    except KeyError:
        made = _make(actor, build, values)
        if len(_known) >= _MOST:
            _known.clear()
        _known[kind] = made
        return made


def _sort_of(actor: Actor) -> tuple[Any, ...]:
    """All of an actor that may change the shape of a question."""
    return actor.kind, actor.roles, actor.permissions, *(bool(getattr(actor, key)) for key in _KEYS)


def _sources(actor: Actor, values: tuple[Plain, ...]) -> Line:
    """What parameters are filled from, by place."""
    now = clock.now()
    day = clock.jst_date(now)
    midnight = datetime.combine(day, time(), tzinfo=clock.JST)
    return actor.facility_id, actor.person_id, actor.membership_id, now, midnight, day, *values


def _lines(sql: str, params: list[Any], by_value: bool) -> list[Line]:
    """What the database answers."""
    if not by_value:
        return connection.run_prepared(sql, params)  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[Line] = cursor.fetchall()
        return found


def _make(actor: Actor, build: Build, values: tuple[Plain, ...]) -> _Statement | None:
    """The statement, or None where rows cannot be made from a line of columns or depend on more than the marks."""
    if any(type(value) not in _MARKS for value in values):
        return None
    marks = {_MARKS[type(value)](number): _GIVEN + number for number, value in enumerate(values)}
    keys: dict[str, Any] = {key: _STAND_IN + n for n, key in enumerate(_KEYS) if getattr(actor, key)}
    found = []
    try:
        for moment in _MOMENTS:
            with as_current(replace(actor, **keys)) as somebody, clock.frozen(moment):
                rows = build(somebody, *marks)
                if isinstance(rows, GuardedQuerySet):
                    rows._require_gate()
                compiler = rows.query.get_compiler(connection=connection)
                sql, params = compiler.as_sql()
            found.append((sql, tuple(_source(param, marks, moment) for param in params)))
    except (EmptyResultSet, FullResultSet, ValidationError, ValueError, TypeError):
        return None
    row = _row_maker(rows, compiler)
    sql, sources = found[0]
    if row is None or found[0] != found[1] or not set(marks.values()) <= {place for place, _ in sources}:
        return None
    by_value = bool(_BY_VALUE.search(sql))
    made = _Statement(sql, sources, row, rows.model, by_value, "" if by_value else _told(sql, rows, compiler))
    return made if _agrees(made, actor, build, values) else None


def _source(param: Any, marks: dict[Any, int], moment: datetime) -> tuple[int, Any]:
    """Where a parameter of the stand-ins comes from: (place, what is added), or (-1, constant)."""
    try:
        if param in marks:
            return marks[param], None
    except TypeError:  # a list, a JSON value
        return -1, param
    if isinstance(param, int) and 0 <= param - _STAND_IN < len(_KEYS):
        return param - _STAND_IN, None
    if isinstance(param, datetime) and abs(param - moment) < _NEAR:
        if param.astimezone(clock.JST).time() == time():
            return _MIDNIGHT, param - datetime.combine(moment.date(), time(), tzinfo=clock.JST) or None
        return _NOW, (param - moment) or None
    if type(param) is date and abs(param - moment.date()) < _NEAR:
        return _TODAY, (param - moment.date()) or None
    return -1, param


def _told(sql: str, rows: QuerySet[Any], compiler: Any) -> str:
    """``sql`` with its line of the trail, where it gives rows about patients with their keys among the columns."""
    model, queryset = rows.model, cast(Any, rows)
    if queryset._iterable_class is not ModelIterable or getattr(model, "scope", None) is not Scope.PATIENT:
        return ""
    places = {column.target.attname: place for place, column in _own_columns(compiler)}
    key, patient = places.get(model._meta.pk.attname), places.get(getattr(model, "patient_column", ""))
    if key is None or patient is None:
        return ""
    return with_its_line(sql, len(compiler.select), key, patient)


def _own_columns(compiler: Any) -> list[tuple[int, Any]]:
    """The columns of the model itself with their places."""
    return [(place, compiler.select[place][0]) for place in compiler.klass_info["select_fields"]]


def _row_maker(rows: QuerySet[Any], compiler: Any) -> Callable[[Line], Any] | None:
    """How one line of columns becomes what iterating ``rows`` gives; None for what needs more than the line."""
    queryset: Any = rows
    if queryset._prefetch_related_lookups or queryset._known_related_objects:
        return None
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    converted = functools.partial(
        _converted, tuple((place, tuple(steps), what) for place, (steps, what) in converters.items())
    )
    if queryset._iterable_class is ModelIterable:
        made = _instances(compiler)
    elif queryset._iterable_class is ValuesIterable:
        names = _names(queryset.query)
        made = lambda line: dict(zip(names, line, strict=True))  # noqa: E731
    elif queryset._iterable_class is ValuesListIterable:
        made = tuple
    else:
        return None
    return (lambda line: made(converted(line))) if converters else made


def _names(query: Any) -> list[str]:
    if query.selected is not None:
        return list(query.selected)
    return [*query.extra_select, *query.values_select, *query.annotation_select]


def _converted(converters: tuple[Any, ...], line: Line) -> Line:
    changed = list(line)
    for place, steps, what in converters:
        for step in steps:
            changed[place] = step(changed[place], what, connection)
    return tuple(changed)


def _instances(compiler: Any) -> Callable[[Line], Any]:
    """Instances of the model with what was selected beside them (as ``ModelIterable`` makes them)."""
    info, alias = compiler.klass_info, connection.alias
    model, start, end = info["model"], info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for _, column in _own_columns(compiler)]
    populators = get_related_populators(info, compiler.select, alias)  # type: ignore[call-arg]
    extras = tuple((compiler.annotation_col_map or {}).items())

    def made(line: Line) -> Any:
        row = model.from_db(alias, names, line[start:end])
        for populator in populators:
            populator.populate(line, row)
        row.__dict__.update([(name, line[place]) for name, place in extras])
        return row

    return made


def _agrees(made: _Statement, actor: Actor, build: Build, values: tuple[Plain, ...]) -> bool:
    """Whether the filled statement is what Django makes for the real actor and values now."""
    try:
        with as_current(actor), clock.frozen(clock.now()):
            sql, params = build(actor, *values).query.get_compiler(connection=connection).as_sql()
            return bool(sql == made.sql and list(params) == made.fill(_sources(actor, values)))
    except (EmptyResultSet, FullResultSet):
        return False
