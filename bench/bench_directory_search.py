"""What the public search costs among 100,000 facilities: the whole query code under the gate against bare SQL.

The facilities are made inside the server (INSERT … SELECT), their entries by ``rebuild`` (COPY). One hundred searches that
differ (department, area, day and hour, wishes, distance) are asked in turn: once as a visitor of the public page is served,
under the role of the web with its walls, and once by hand-written SQL as the owner of the tables, for the same rows in the
same order with the same columns. The 95th percentile of both, wall-clock. ``FACILITIES`` and ``ROUNDS`` change the size.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.db import connection, connections, transaction

from bench.place import machine, region
from renkei.gate.actor import ANONYMOUS
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.publications.search import queries, statement
from renkei.publications.search.actions import rebuild
from renkei.publications.search.types import Wishes
from renkei.publications.search.wishes import single

FACILITIES = int(os.environ.get("FACILITIES", "100000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
LIMIT = 3.0
SEARCHES = 100
EXPLAIN = Path(__file__).resolve().parents[1] / "docs" / "explain"
DEPARTMENTS = [
    "内科",
    "外科",
    "整形外科",
    "皮膚科",
    "眼科",
    "小児科",
    "耳鼻咽喉科",
    "泌尿器科",
    "産婦人科",
    "精神科",
]
HOURS = """'[{"weekday":0,"opens":"09:00","closes":"12:00"},{"weekday":0,"opens":"15:00","closes":"18:30"},
{"weekday":1,"opens":"09:00","closes":"12:00"},{"weekday":1,"opens":"15:00","closes":"18:30"},
{"weekday":2,"opens":"09:00","closes":"12:00"},{"weekday":4,"opens":"09:00","closes":"12:00"},
{"weekday":4,"opens":"15:00","closes":"19:00"},{"weekday":5,"opens":"09:00","closes":"12:30"}]'::jsonb"""
BIG = "(n.i::bigint * 2654435761 % 1000003)"
"""A number that looks drawn by lot, and is the same in every run."""

MAKE = [
    """INSERT INTO directory_area (code, level, name, kana, parent_id) VALUES ('99', 'prefecture', '試験県', '', NULL)""",
    """INSERT INTO directory_area (code, level, name, kana, parent_id)
 SELECT '99' || to_char(i, 'FM00'), 'secondary_area', '第' || i || '医療圏', '', (SELECT id FROM directory_area WHERE code = '99')
 FROM generate_series(1, 20) i""",
    """INSERT INTO directory_area (code, level, name, kana, parent_id)
 SELECT '99' || to_char(i, 'FM000'), 'municipality', '第' || i || '市', '',
 (SELECT id FROM directory_area WHERE code = '99' || to_char(i % 20 + 1, 'FM00')) FROM generate_series(100, 299) i""",
    f"""INSERT INTO directory_facility (version, uid, kind, name, kana, search_key, search_pairs, area_id, postal_code, address,
 phone, fax, email, access, hours, beds, latitude, longitude, uses_renkei, second_factor_forced)
 SELECT 1, gen_random_uuid(), CASE WHEN n.i % 4 = 0 THEN 'dental' ELSE 'clinic' END, '医院' || n.i, 'イイン' || lpad({BIG}::text, 7, '0'),
 '', '{{}}', a.id, '', a.name || '町' || n.i % 30 || '丁目1-1', '0463-00-0000', '', '', '', {HOURS}, 0,
 35 + {BIG} % 1000 / 1000.0, 139 + {BIG} / 1000 % 1000 / 1000.0, true, false
 FROM generate_series(1, {FACILITIES}) n(i) JOIN directory_area a ON a.code = '99' || to_char(n.i % 200 + 100, 'FM000')""",
    f"""INSERT INTO directory_department (facility_id, name, kana, code, position, accepts_referrals, place)
 SELECT f.id, (ARRAY{DEPARTMENTS}::text[])[1 + (f.id + k * 3) % 10], '', '01', k, true, ''
 FROM directory_facility f, generate_series(0, 1) k WHERE f.name LIKE '医院%' AND (k = 0 OR f.id % 2 = 0)""",
    """INSERT INTO directory_facilityprofile (version, facility_id, message, website, functions, languages, house_calls,
 home_visits, wheelchair, female_physician, accepts_new, listed, changed_at)
 SELECT 1, id, '', '', CASE WHEN id % 5 = 0 THEN '{after_hours,home_care}'::varchar[] ELSE '{}' END,
 CASE WHEN id % 7 = 0 THEN '{en}'::varchar[] ELSE '{}' END, id % 6 = 0, id % 6 = 1, id % 3 = 0, id % 4 = 1, id % 9 <> 0,
 id % 50 <> 0, now() FROM directory_facility WHERE name LIKE '医院%'""",
    """INSERT INTO enrolments_scheme (version, uid, key, owner_id, name, greeting, contact, takes_applications, from_on, last_number,
 areas)
 SELECT 1, gen_random_uuid(), 'registered_physician_isehara', min(id), '登録医制度', '', '', true, '2020-04-01', 0, '{}'
 FROM directory_facility""",
    """INSERT INTO enrolments_enrolment (version, uid, scheme_id, owner_id, facility_id, physician_name, physician_kana, seat,
 category, answers, physician_key, joined_on, end_reason, ended_by, objects_to_renewal, exceptions)
 SELECT 1, gen_random_uuid(), s.id, s.owner_id, f.id, '', '', '', '', '{}', '', '2020-04-01', '', '', false, '[]'
 FROM directory_facility f, enrolments_scheme s WHERE f.id % 20 = 3""",
    """INSERT INTO enrolments_listing (scheme_id, enrolment_id, owner_id, facility_id, name, category, from_on)
 SELECT scheme_id, id, owner_id, facility_id, '', '', joined_on FROM enrolments_enrolment""",
    """INSERT INTO directory_closingday (facility_id, from_on, until_on, suspension, note)
 SELECT id, current_date + (id % 30)::int, current_date + (id % 30)::int, false, '学会' FROM directory_facility WHERE id % 50 = 7""",
]

BARE = """SELECT e.facility_id, f.uid::text, f.name, f.kana, f.kind, f.address, f.phone, f.hours, f.latitude, f.longitude,
 ARRAY(SELECT d.name FROM directory_department d WHERE d.facility_id = f.id ORDER BY d.position, d.id), e.tags, p.message,
 (SELECT json_agg(json_build_array(c.from_on, c.until_on, c.suspension, c.note)) FROM directory_closingday c
   WHERE c.facility_id = f.id AND c.until_on >= '{day}' AND c.from_on <= '{day}'::date + 30)::text,
 e.distance, e.band, e.unregistered, e.total
 FROM (SELECT s.facility_id, s.kana, s.tags, d.distance, count(*) OVER () AS total,
   {band} AS band,
   CASE WHEN s.facility_id IN (SELECT facility_id FROM enrolments_listing
     WHERE from_on <= '{day}' AND (until_on IS NULL OR until_on > '{day}')) THEN 0 ELSE 1 END AS unregistered
   FROM publications_searchentry s {place}
   CROSS JOIN LATERAL (SELECT {distance} AS distance) d
   WHERE {tags} s.listed AND (s.closed_on IS NULL OR s.closed_on > '{day}')
   ORDER BY band, unregistered, s.kana, s.facility_id LIMIT 21) e
 JOIN directory_facility f ON f.id = e.facility_id LEFT JOIN directory_facilityprofile p ON p.facility_id = f.id
 ORDER BY e.band, e.unregistered, e.kana, e.facility_id"""
DISTANCE = """12742.0176 * asin(sqrt(sin(radians(s.latitude - {lat}) / 2) ^ 2
 + cos(radians({lat})) * cos(radians(s.latitude)) * sin(radians(s.longitude - {lon}) / 2) ^ 2))"""

MIDDLE = """CROSS JOIN (SELECT avg(latitude) AS lat, avg(longitude) AS lon FROM publications_searchentry
   WHERE tags @> ARRAY['m:{area}']::varchar[]) place"""


def make() -> None:
    """The facilities with everything that a profile holds."""
    began = time.perf_counter()
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for sql in MAKE:
            cursor.execute(sql)
    made = time.perf_counter()
    with transaction.atomic(using="owner"):
        entries = rebuild("owner")
    print(
        f"{entries:,} entries by rebuild: {time.perf_counter() - made:.1f} s (facilities: {made - began:.1f} s)"
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def searches() -> list[Wishes]:
    """One hundred that differ, as people ask: mostly a department near a place, some with much more."""
    lot = random.Random(7)
    found = []
    for number in range(SEARCHES):
        near = (35 + lot.random(), 139 + lot.random()) if number % 3 else None
        found.append(
            Wishes(
                department=lot.choice(DEPARTMENTS) if number % 10 else "",
                area=f"99{lot.randint(100, 299)}" if number % 4 == 1 else f"99{lot.randint(1, 20):02}" if number % 4 == 3 else "",
                weekday=str(lot.randint(0, 5)) if number % 5 == 2 else "",
                hour=f"{lot.randint(9, 18)}:00" if number % 5 == 2 else "",
                attributes=tuple(lot.sample(["wheelchair", "female_physician", "house_calls"], number % 3)),
                language="en" if number % 7 == 4 else "",
                kind="clinic" if number % 6 == 5 else "",
                near=near,
            )
        )  # fmt: skip
    return found


def bare(wishes: Wishes) -> str:
    """The same search as a person would write it down."""
    tags = [wish.tag for wish in single(wishes) if wish.tag]
    inside = (
        "s.tags @> ARRAY[{}]::varchar[] AND".format(", ".join(f"'{tag}'" for tag in tags)) if tags else ""
    )
    lat, lon, place = *(wishes.near or (None, None)), ""
    if wishes.area and not wishes.near:
        lat, lon, place = "place.lat", "place.lon", MIDDLE.format(area=wishes.area)
    distance, band = "NULL::float8", "0"
    if lat is not None:
        distance = DISTANCE.format(lat=lat, lon=lon)
        band = "coalesce(width_bucket(d.distance, '{1,2,5,10,20}'::float8[]), 6)"
    return BARE.format(day=clock.today(), tags=inside, distance=distance, band=band, place=place)


def timed(ask: Callable[[], Any]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000


def gated(wishes: Wishes) -> list[int]:
    """As the public page asks, in a transaction of its own."""
    with acting(ANONYMOUS), transaction.atomic():
        return [hit.id for hit in queries.search(queries.asked_for(wishes)).hits]


def plain(sql: str) -> list[int]:
    """As the owner, past every wall."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()][:20]


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return sorted(times)[int(len(times) * 0.95)]


def keep_plan(wishes: Wishes) -> None:
    """The plan of a usual search; without the index of the tags it would be of no use."""
    with acting(ANONYMOUS), transaction.atomic(), connection.cursor() as cursor:
        sql = statement.page(queries.asked_for(wishes))
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {sql.text}", sql.params)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    EXPLAIN.mkdir(parents=True, exist_ok=True)
    (EXPLAIN / "directory_search.txt").write_text(f"{sql.text}\n\n{plan}\n")
    if "search_by_tags" not in plan:
        raise SystemExit("the search does not use the index of the tags")


def main() -> None:
    """Make, compare, print."""
    with region("directory_search"):
        make()
        asked = searches()
        written = [bare(wishes) for wishes in asked]
        for wishes, sql in zip(asked, written, strict=True):
            # Near misses fill a short list, so both are compared where a page has its own rows only.
            assert gated(wishes) == plain(sql), wishes
        ours: list[float] = []
        theirs: list[float] = []
        for _round in range(ROUNDS):
            for wishes, sql in zip(asked, written, strict=True):
                ours.append(timed(lambda w=wishes: gated(w)))  # type: ignore[misc]
                theirs.append(timed(lambda s=sql: plain(s)))  # type: ignore[misc]
        keep_plan(Wishes(department="整形外科", attributes=("wheelchair",), area="9907", near=(35.5, 139.5)))
    print(
        f"search among {FACILITIES:,} facilities, p95: {p95(ours):.1f} ms with the gate, {p95(theirs):.1f} ms bare"
        f" = {p95(ours) / p95(theirs):.2f}x (limit {LIMIT:.0f}x; {machine()})"
    )
    print(f"median: {middle(ours):.1f} ms and {middle(theirs):.1f} ms")


def middle(times: list[float]) -> float:
    """The one in the middle."""
    return sorted(times)[len(times) // 2]


if __name__ == "__main__":
    main()
