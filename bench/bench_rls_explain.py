"""Row-level security at 100,000 patients: name search by prefix and the list of co-members, against no wall."""

from __future__ import annotations

import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import psycopg
from place import machine, region

from checks.world import login
from testing.cast import Cast

PATIENTS = 100_000
FACILITIES = 200
Connection = psycopg.Connection[tuple[object, ...]]

PREFIX = """SELECT id, name FROM patients_patient
 WHERE facility_id = {facility} AND kana_key ^@ 'アア' ORDER BY kana_key, id LIMIT 50"""
PREFIX_EVERYWHERE = (
    "SELECT id, name FROM patients_patient WHERE kana_key ^@ 'アアア' ORDER BY kana_key, id LIMIT 50"
)
CO_MEMBERS = """SELECT m.facility_id, count(*) FROM circles_member m
 WHERE EXISTS (SELECT FROM circles_member mine WHERE mine.circle_id = m.circle_id AND mine.facility_id = {facility})
   AND m.facility_id <> {facility} GROUP BY 1 ORDER BY 2 DESC LIMIT 50"""
ONE = "SELECT id FROM patients_patient WHERE id = {patient}"
COUNT = "SELECT count(*) FROM patients_patient WHERE facility_id = {facility}"


def _columns(owner: Connection, table: str, given: dict[str, str]) -> tuple[str, str]:
    """Names and constants of a row: what is not given and may not be null gets the plainest value of its type."""
    rows = owner.execute(
        "SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    ).fetchall()
    plain = {
        "boolean": "false", "jsonb": "'{}'", "uuid": "gen_random_uuid()", "ARRAY": "'{}'", "date": "'1950-01-01'",
        "timestamp with time zone": "now()", "bytea": "''", "character varying": "''", "text": "''",
    }  # fmt: skip
    names, values = [], []
    for name, kind, nullable, default in rows:
        if str(name) in given:
            names.append(str(name))
            values.append(given[str(name)])
        elif nullable == "NO" and default is None and name != "id":
            names.append(str(name))
            values.append(plain.get(str(kind), "0"))
    return ", ".join(names), ", ".join(values)


def fill(owner: Connection) -> list[int]:
    """Facilities, patients, one circle of two for each patient; made by the server. The facilities' keys."""
    names, values = _columns(
        owner, "directory_facility", {"name": "'架空医院' || n", "kind": "'clinic'", "hours": "'[]'"}
    )
    owner.execute(
        f"INSERT INTO directory_facility ({names}) SELECT {values} FROM generate_series(1, {FACILITIES}) n"
    )
    keys = [
        int(str(r[0])) for r in owner.execute("SELECT id FROM directory_facility WHERE name LIKE '架空医院%'")
    ]
    first = min(keys)
    kana = "translate(lpad((n * 7919 % 1000000)::text, 6, '0'), '0123456789', 'アイウエオカキクケコ')"
    given = {
        "facility_id": f"{first} + n % {FACILITIES}",
        "name": "'架空 ' || n",
        "kana_key": kana,
        "sex": "'female'",
    }
    names, values = _columns(owner, "patients_patient", given)
    owner.execute(
        f"INSERT INTO patients_patient ({names}) SELECT {values} FROM generate_series(1, {PATIENTS}) n"
    )
    names, values = _columns(
        owner,
        "circles_circle",
        {"patient_id": "p.id", "owner_facility_id": "p.facility_id", "purpose": "'referral'"},
    )
    mine = f"FROM patients_patient p WHERE p.facility_id >= {first}"
    owner.execute(f"INSERT INTO circles_circle ({names}) SELECT {values} {mine}")
    for facility in ("c.owner_facility_id", f"{first} + (c.id * 31 + 7) % {FACILITIES}"):
        given = {"circle_id": "c.id", "patient_id": "c.patient_id", "facility_id": facility, "level": "3",
                 "source": "'referral'", "valid_from": "now() - interval '1 day'", "valid_until": "'9999-01-01'"}  # fmt: skip
        names, values = _columns(owner, "circles_member", given)
        owner.execute(f"INSERT INTO circles_member ({names}) SELECT {values} FROM circles_circle c")
    owner.execute("ANALYZE")
    return keys


def milliseconds(connection: Connection, query: str, facility: int) -> tuple[float, str]:
    """The middle of nine runs of EXPLAIN ANALYZE as the server tells it, and the plan of the last one."""
    found, plan = [], ""
    for _time in range(9):
        with connection.transaction():
            connection.execute("SELECT set_config('app.facility', %s, true)", [str(facility)])
            rows = connection.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}")  # type: ignore[arg-type]
            plan = "\n".join(str(row[0]) for row in rows)
        found.append(float(re.findall(r"Execution Time: ([\d.]+)", plan)[0]))
    return statistics.median(found), plan


def main(cast: Cast, database: str, *, plans: bool) -> None:
    """Fill, measure, print."""
    with login("renkei_owner", database) as owner, login("renkei_app", database) as app:
        keys = fill(owner)
        facility = keys[len(keys) // 2]
        found = owner.execute(
            "SELECT min(id) FROM patients_patient WHERE facility_id = %s", [facility]
        ).fetchone()
        assert found is not None
        print(f"machine: {machine()}; {PATIENTS:,} patients and circles, {2 * PATIENTS:,} members")
        for name, query in {
            "one patient by key": ONE,
            "name prefix within the facility": PREFIX,
            "name prefix without the facility's key": PREFIX_EVERYWHERE,
            "count of the facility's patients": COUNT,
            "co-members of the facility": CO_MEMBERS,
        }.items():
            query = query.format(facility=facility, patient=found[0])
            with_wall, plan = milliseconds(app, query, facility)
            without, _plan = milliseconds(owner, query, facility)
            ratio = with_wall / max(without, 0.001)
            print(f"{name}: {with_wall:.2f} / {without:.2f} ms, ratio {ratio:.1f}")
            if plans:
                print(plan)


if __name__ == "__main__":
    with region("rls") as people:
        main(people, "bench_rls", plans="--plans" in sys.argv)
