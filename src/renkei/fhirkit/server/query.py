"""What a search asks for: parameters read against the mapping's declaration, unknown ones refused or told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

from django.db.models import Q

from renkei.fhirkit.server.mapping import (
    Mapping,
    Param,
    Sort,
    includes_of,
    mapping_of,
    reverse_includes_of,
)
from renkei.fhirkit.server.messages import Params
from renkei.fhirkit.server.params import NOTHING, instant
from renkei.fhirkit.server.refusals import BadRequest
from renkei.fhirkit.server.values import (
    Kind,
    Ref,
    Text,
    Token,
    Value,
    read_reference,
    read_span,
    read_token,
)
from renkei.gate.actor import Actor

DEFAULT_COUNT, MOST_COUNT = 20, 100
MOST_ALTERNATIVES, LONGEST = 200, 2_000
CURSOR = "_cursor"
_SPLIT = re.compile(r"(?<!\\),")
_ESCAPED = re.compile(r"\\([\\,|$])")
FORMAT_PARAMS = frozenset({"_format", "_pretty"})


@dataclass(frozen=True)
class Condition:
    """One parameter of a search: its alternatives, turned round by ``:not``; ``missing`` instead of values."""

    param: Param
    values: tuple[Value, ...]
    negated: bool = False
    missing: bool | None = None


@dataclass
class Query:
    """A search as understood; ``used`` are the pairs that counted (the ``self`` link), ``ignored`` the others."""

    mapping: Mapping
    conditions: list[Condition] = field(default_factory=list)
    sorts: list[tuple[Sort, bool]] = field(default_factory=list)
    count: int = DEFAULT_COUNT
    cursor: str = ""
    only_total: bool = False
    total: bool = False
    elements: tuple[str, ...] = ()
    includes: list[Param] = field(default_factory=list)
    reverse: list[tuple[Mapping, Param]] = field(default_factory=list)
    used: Params = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def link(self, base: str, cursor: str = "") -> str:
        """The address of this search, or of the page that ``cursor`` opens."""
        parts = [self._written] if self.used else []
        if cursor:
            parts.append(f"{CURSOR}={quote(cursor, safe='')}")
        tail = f"?{'&'.join(parts)}" if parts else ""
        return f"{base}/{self.mapping.resource_type}{tail}"

    @cached_property
    def _written(self) -> str:
        return urlencode(self.used)


class _Unknown(Exception):
    """A parameter, modifier or value that this server does not know; ignored or refused by ``Prefer: handling``."""


def common_params(mapping: Mapping) -> list[Param]:
    """``_id`` and ``_lastUpdated``, declared like the mapping's own."""
    found = []
    if mapping.rows is not None:
        found.append(_id_param(mapping))
        if mapping.updated:
            found.append(instant("_lastUpdated", mapping.updated, doc="最終更新日時"))
    return found


def _id_param(mapping: Mapping) -> Param:
    def where(actor: Actor, values: Sequence[Token]) -> Q:
        keys = [key for v in values if (key := mapping.read_id(v.code)) is not None]
        return Q(**{f"{mapping.key}__in": keys}) if keys else NOTHING

    return Param(name="_id", kind=Kind.TOKEN, where=where, doc="論理ID")


def read_query(mapping: Mapping, pairs: Params, *, strict: bool, base: str) -> Query:
    """The search of ``pairs``. Raises ``BadRequest``: always for malformed values, for unknown parameters if ``strict``."""
    query = Query(mapping)
    for name, value in pairs:
        if name in FORMAT_PARAMS:
            continue
        if len(value) > LONGEST:
            raise BadRequest("param.too_long", f"「{name[:40]}」が長すぎます({LONGEST}文字まで)。", name[:64])
        if not value:
            continue
        try:
            (_CONTROLS.get(name) or _condition)(query, name, value, base)
        except _Unknown as error:
            if strict:
                raise BadRequest("param.unknown", str(error), name[:64]) from None
            query.ignored.append(str(error))
            continue
        if name != CURSOR:
            query.used.append((name, value))
    return query


def _condition(query: Query, name: str, value: str, base: str) -> None:
    bare, _, modifier = name.partition(":")
    param = query.mapping.param(bare) or next(
        (p for p in common_params(query.mapping) if p.name == bare), None
    )
    if param is None:
        raise _Unknown(f"検索パラメータ「{name[:64]}」には対応していません。")
    if modifier == "missing" and param.absent is not None:
        if value not in ("true", "false"):
            raise BadRequest("param.value", f"「{name}」の値は true か false です。", name)
        query.conditions.append(Condition(param, (), missing=value == "true"))
        return
    typed = modifier if param.kind is Kind.REFERENCE and modifier in param.targets else ""
    if modifier and not typed and (modifier not in param.modifiers or modifier == "missing"):
        raise _Unknown(f"検索パラメータ「{bare}」の修飾子「:{modifier[:40]}」には対応していません。")
    pieces = [_ESCAPED.sub(r"\1", piece) for piece in _SPLIT.split(value)]
    if len(pieces) > MOST_ALTERNATIVES:
        raise BadRequest("param.too_many", f"「{name}」の値は{MOST_ALTERNATIVES}個までです。", name)
    values = [_value(param, piece, modifier, typed, base) for piece in pieces if piece]
    found = tuple(v for v in values if v is not None)
    query.conditions.append(Condition(param, found, negated=modifier == "not"))


def _value(param: Param, text: str, modifier: str, typed: str, base: str) -> Value | None:
    """One alternative; None for a reference that cannot name a row here. Raises ``BadRequest`` for no date."""
    if param.kind is Kind.TOKEN:
        return read_token(text)
    if param.kind is Kind.STRING:
        return Text(text, modifier)
    if param.kind is Kind.REFERENCE:
        return Ref(typed, text) if typed else read_reference(text, param.targets, f"{base}/")
    span = read_span(text)
    if span is None:
        raise BadRequest(
            "param.date",
            f"「{param.name}」の値「{text[:40]}」は日付ではありません。2026-06-01 や ge2026-06 の形で指定してください。",
            param.name,
        )
    return span


def _count(query: Query, name: str, value: str, base: str) -> None:
    if not value.isdecimal() or len(value) > 9:
        raise BadRequest("param.count", f"_count は 0 以上の整数です(1ページ{MOST_COUNT}件まで)。", name)
    query.count = min(int(value), MOST_COUNT)
    query.only_total = query.only_total or query.count == 0


def _sort(query: Query, name: str, value: str, base: str) -> None:
    offered = {sort.name: sort for sort in sorts_of(query.mapping)}
    chosen = []
    for word in value.split(","):
        sort = offered.get(word.removeprefix("-"))
        if sort is None:
            raise _Unknown(
                f"並べ替え「{word[:40]}」には対応していません。使えるのは {'、'.join(offered)} です。"
            )
        chosen.append((sort, word.startswith("-")))
    query.sorts = chosen


def sorts_of(mapping: Mapping) -> tuple[Sort, ...]:
    """Every order that ``_sort`` takes."""
    updated = (Sort("_lastUpdated", mapping.updated),) if mapping.updated else ()
    if mapping.rows is None:
        return (*mapping.sorts, *updated) if mapping.sorts else ()
    return (*mapping.sorts, Sort("_id", mapping.key), *updated)


def _summary(query: Query, name: str, value: str, base: str) -> None:
    if value not in ("count", "false"):
        raise _Unknown(f"_summary={value[:20]} には対応していません。使えるのは count、false です。")
    query.only_total = query.only_total or value == "count"


def _total(query: Query, name: str, value: str, base: str) -> None:
    if value not in ("none", "estimate", "accurate"):
        raise _Unknown("_total は none、estimate、accurate のいずれかです。")
    query.total = value != "none"


def _elements(query: Query, name: str, value: str, base: str) -> None:
    query.elements = tuple(word.strip() for word in value.split(",") if word.strip())


def _include(query: Query, name: str, value: str, base: str) -> None:
    source, _, tail = value.partition(":")
    param_name, _, wanted = tail.partition(":")
    param = query.mapping.param(param_name)
    known = f"{source}:{param_name}" in includes_of(query.mapping)
    if not known or param is None or (wanted and wanted not in param.targets):
        raise _Unknown(f"_include={value[:80]} には対応していません。")
    query.includes.append(param)


def _revinclude(query: Query, name: str, value: str, base: str) -> None:
    source, _, tail = value.partition(":")
    param_name, _, wanted = tail.partition(":")
    other = mapping_of(source)
    param = other.param(param_name) if other else None
    known = f"{source}:{param_name}" in reverse_includes_of(query.mapping)
    if not known or other is None or param is None or (wanted and wanted != query.mapping.resource_type):
        raise _Unknown(f"_revinclude={value[:80]} には対応していません。")
    query.reverse.append((other, param))


def _cursor(query: Query, name: str, value: str, base: str) -> None:
    query.cursor = value


_CONTROLS: dict[str, Callable[[Query, str, str, str], None]] = {
    "_count": _count,
    "_sort": _sort,
    "_summary": _summary,
    "_total": _total,
    "_elements": _elements,
    "_include": _include,
    "_revinclude": _revinclude,
    CURSOR: _cursor,
}
