"""The search as SQL. Every value is a parameter; the text depends only on which wishes there are.

Order: wishes met (a page has the full matches, near misses stand apart), distance band, registration, reading. So a
registration decides only between two that are equal in everything before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from renkei.kernel.names import bigrams
from renkei.publications.search.marks import Registry
from renkei.publications.search.types import Wish, Wishes
from renkei.publications.search.wishes import district_tag, folded, single

Key = tuple[int, int, str, int]
"""Band, 0 for registered and 1 for not, reading, facility: where a page begins."""
COUNTED = 1_000
EARTH = 12_742.0176
"""Diameter of the earth in km (mean radius 6,371.0088 km, IUGG)."""
_DISTANCE = f"""CASE WHEN e.latitude IS NULL THEN NULL ELSE {EARTH} * asin(least(1, sqrt(
 sin(radians(e.latitude - place.lat) / 2) ^ 2
 + cos(radians(place.lat)) * cos(radians(e.latitude)) * sin(radians(e.longitude - place.lon) / 2) ^ 2))) END"""
"""``least`` passes NULL over: a place that is not known must not become the other side of the earth."""
_CLOSED = (
    "SELECT c.facility_id FROM directory_closingday c"
    " WHERE %s BETWEEN c.from_on AND coalesce(c.until_on, 'infinity'::date)"
)


@dataclass(frozen=True)
class Asked:
    """A search as the statement needs it. ``staff``: those that do not want to be listed are found, too."""

    wishes: Wishes
    bands: Sequence[float]
    registry: Registry
    today: date
    staff: bool = False
    size: int = 20

    @property
    def by_name(self) -> bool:
        """Whoever asks for a name is told that it rests (休止中); nobody else is sent there."""
        return bool(self.wishes.words)


@dataclass
class Sql:
    """A piece of SQL with its parameters in the order in which they stand in it."""

    text: str
    params: list[Any] = field(default_factory=list)

    def __add__(self, other: Sql) -> Sql:
        return Sql(self.text + other.text, self.params + other.params)


def _joined(parts: Sequence[Sql], between: str) -> Sql:
    return Sql(between.join(p.text for p in parts), [value for p in parts for value in p.params])


def _place(wishes: Wishes) -> Sql:
    """One line ``place(lat, lon)``: the given point, or the middle of the district or area; NULL without a place."""
    if wishes.near:
        return Sql("SELECT %s::float8 AS lat, %s::float8 AS lon", list(wishes.near))
    if wishes.district or wishes.area:
        tag = district_tag(wishes.district) if wishes.district else f"m:{wishes.area}"
        text = "SELECT avg(latitude) AS lat, avg(longitude) AS lon FROM publications_searchentry WHERE tags @> %s::varchar[]"
        return Sql(text, [[tag]])
    return Sql("SELECT NULL::float8 AS lat, NULL::float8 AS lon")


def _always(asked: Asked, *, named: bool = False) -> Sql:
    """Not closed, listed unless staff ask, and not suspended (休止) today unless it is asked for by name."""
    text = "(e.closed_on IS NULL OR e.closed_on > %s)" + ("" if asked.staff else " AND e.listed")
    found = Sql(text, [asked.today])
    return found if named or asked.by_name else found + Sql(" AND NOT ", []) + _suspended(asked)


def _suspended(asked: Asked) -> Sql:
    return Sql(f"e.facility_id IN ({_CLOSED} AND c.suspension)", [asked.today])


def _all_of(wishes: Sequence[Wish]) -> Sql:
    """Every one of ``wishes``; the tags together, so that one look into the index narrows as far as it can."""
    parts = []
    if tags := [wish.tag for wish in wishes if wish.tag]:
        parts.append(Sql("e.tags @> %s::varchar[]", [tags]))
    for wish in wishes:
        if wish.day:
            parts.append(Sql(f"e.facility_id NOT IN ({_CLOSED})", [wish.day]))
        if wish.within_km:
            parts.append(
                Sql(f"place.lat IS NOT NULL AND coalesce({_DISTANCE} <= %s, false)", [wish.within_km])
            )
        if wish.words:
            parts.append(_named(wish.words))
    return _joined(parts, " AND ") if parts else Sql("true")


def _named(words: str) -> Sql:
    """Every word stands in the folded name, reading or number; the pairs narrow through the index."""
    parts = []
    for key in (folded(word) for word in words.split()):
        pairs = bigrams(key)
        parts.append(Sql("f.search_key LIKE %s", [f"%{_plain(key)}%"]))
        if pairs:
            parts.append(Sql("f.search_pairs @> %s::varchar[]", [pairs]))
    if not parts:
        return Sql("true")
    inside = _joined(parts, " AND ")
    return Sql("e.facility_id IN (SELECT f.id FROM directory_facility f WHERE ", []) + inside + Sql(")")


def _plain(key: str) -> str:
    return key.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _columns(asked: Asked, *, named: bool = False) -> Sql:
    """Where a facility stands. ``named``: suspended ones may be among them, whose registration rests with them."""
    condition, params = asked.registry.condition()
    far = len(asked.bands) + 1
    band = f"CASE WHEN place.lat IS NULL THEN 0 ELSE coalesce(width_bucket({_DISTANCE}, %s::float8[]), {far}) END"
    distance = f"CASE WHEN place.lat IS NULL THEN NULL ELSE {_DISTANCE} END"
    text = f"""e.facility_id, e.kana, {distance} AS distance, {band} AS band,
     CASE WHEN e.facility_id IN (SELECT l.facility_id FROM enrolments_listing l
       JOIN enrolments_scheme s ON s.id = l.scheme_id WHERE {condition})"""
    sql = Sql(text, [list(asked.bands), *params])
    if named or asked.by_name:
        sql += Sql(" AND NOT ", []) + _suspended(asked)
    return sql + Sql(" THEN 0 ELSE 1 END AS unregistered")


def _shown(asked: Asked, missing: str) -> Sql:
    """What a page tells of the few that were found, read with them."""
    condition, params = asked.registry.condition()
    text = f"""SELECT t.facility_id, f.uid::text, f.name, f.kana, f.kind, f.address, f.phone, f.hours,
     f.latitude, f.longitude,
     ARRAY(SELECT d.name FROM directory_department d WHERE d.facility_id = f.id
            AND (d.accepts_referrals OR d.code <> '') ORDER BY d.position, d.id),
     e.tags, coalesce(p.message, ''),
     (SELECT json_agg(json_build_array(c.from_on, c.until_on, c.suspension, c.note) ORDER BY c.from_on, c.id)
        FROM directory_closingday c WHERE c.facility_id = f.id AND coalesce(c.until_on, 'infinity') >= %s AND c.from_on <= %s::date + 30)::text,
     (SELECT json_agg(DISTINCT jsonb_build_array(s.key, l.category)) FROM enrolments_listing l
        JOIN enrolments_scheme s ON s.id = l.scheme_id WHERE l.facility_id = f.id AND {condition})::text,
     e.listed, t.distance, t.band, t.unregistered, t.kana AS reading, {missing}
     FROM top t JOIN directory_facility f ON f.id = t.facility_id
     JOIN publications_searchentry e ON e.facility_id = t.facility_id
     LEFT JOIN directory_facilityprofile p ON p.facility_id = f.id"""
    sql = Sql(text, [asked.today, asked.today, *params])
    if asked.staff:
        return sql
    # The entry follows the profile a moment later; who just asked not to be listed is left out already now.
    still = " WHERE coalesce(p.listed, true) AND (f.closed_on IS NULL OR f.closed_on > %s)"
    return sql + Sql(still, [asked.today])


_ORDER = "band, unregistered, kana, facility_id"


def page(asked: Asked, after: Key | None = None) -> Sql:
    """The full matches from ``after`` on, one more than a page; the last column is how many there are in all."""
    sql = (
        Sql("WITH place AS MATERIALIZED (")
        + _place(asked.wishes)
        + Sql("), matches AS MATERIALIZED (SELECT ")
    )
    sql += _columns(asked) + Sql(" FROM publications_searchentry e CROSS JOIN place WHERE ")
    sql += (
        _all_of(single(asked.wishes))
        + Sql(" AND ")
        + _always(asked)
        + Sql("), top AS (SELECT * FROM matches")
    )
    if after is not None:
        sql += Sql(f' WHERE ({_ORDER}) > (%s, %s, %s COLLATE "C", %s)', list(after))
    sql += Sql(f" ORDER BY {_ORDER} LIMIT {asked.size + 1}) ")
    sql += _shown(asked, "(SELECT count(*) FROM matches)")
    return sql + Sql(' ORDER BY t.band, t.unregistered, t.kana COLLATE "C", t.facility_id')


def near_misses(asked: Asked) -> Sql:
    """Those that meet every wish but one; the last column is the number of that wish."""
    wishes = single(asked.wishes)
    parts = []
    for number, wish in enumerate(wishes):
        if wish.essential:
            continue
        rest = [other for other in wishes if other is not wish]
        part = Sql("SELECT ") + _columns(asked) + Sql(f", {number} AS missing")
        part += Sql(" FROM publications_searchentry e CROSS JOIN place WHERE ") + _all_of(rest)
        part += Sql(" AND NOT (") + _all_of([wish]) + Sql(") AND ") + _always(asked)
        parts.append(part)
    sql = Sql("WITH place AS MATERIALIZED (") + _place(asked.wishes) + Sql("), top AS (SELECT * FROM (")
    sql += _joined(parts, " UNION ALL ") + Sql(f") u ORDER BY {_ORDER} LIMIT {asked.size}) ")
    return (
        sql
        + _shown(asked, "t.missing")
        + Sql(' ORDER BY t.band, t.unregistered, t.kana COLLATE "C", t.facility_id')
    )


def relaxations(asked: Asked) -> Sql:
    """One line with a number for each wish: how many there are without it, counted up to ``COUNTED`` + 1."""
    wishes = single(asked.wishes)
    parts = []
    for wish in wishes:
        rest = [other for other in wishes if other is not wish]
        part = Sql("(SELECT count(*) FROM (SELECT FROM publications_searchentry e CROSS JOIN place WHERE ")
        part += _all_of(rest) + Sql(" AND ") + _always(asked) + Sql(f" LIMIT {COUNTED + 1}) found)")
        parts.append(part)
    return (
        Sql("WITH place AS MATERIALIZED (") + _place(asked.wishes) + Sql(") SELECT ") + _joined(parts, ", ")
    )


def _of(asked: Asked, condition: Sql) -> Sql:
    sql = (
        Sql("WITH place AS MATERIALIZED (")
        + _place(asked.wishes)
        + Sql("), top AS (SELECT ")
        + _columns(asked, named=True)
    )
    sql += Sql(" FROM publications_searchentry e CROSS JOIN place WHERE ") + condition + Sql(") ")
    return sql + _shown(asked, "0")


def of_keys(asked: Asked, facility_ids: Sequence[int]) -> Sql:
    """These facilities, closed ones too: whoever picked one has to see that."""
    return _of(asked, Sql("e.facility_id = ANY(%s)", [list(facility_ids)]))


def of_uid(asked: Asked, uid: str) -> Sql:
    """One facility, if it may be found at all; a suspended one says so."""
    named = Sql(" AND e.facility_id = (SELECT id FROM directory_facility WHERE uid = %s)", [uid])
    return _of(asked, _always(asked, named=True) + named)


def public_of_keys(asked: Asked, facility_ids: Sequence[int]) -> Sql:
    """Those of these facilities that may be found at all."""
    named = Sql(" AND e.facility_id = ANY(%s)", [list(facility_ids)])
    return _of(asked, _always(asked, named=True) + named)
