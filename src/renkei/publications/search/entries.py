"""From a facility to its entry: what the profile, the hours, the departments and the areas say becomes tags.

``d:`` department, ``m:`` area by code (the municipality and everything above), ``p:`` part of the town, ``k:`` kind,
``w:<weekday>`` open on that weekday, ``t:<weekday>-<slot>`` open in that half hour, ``h:<slot>`` open then on any weekday but
Sunday and holidays, ``a:`` attribute, ``f:`` function (2号 イ–ニ), ``l:`` language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from renkei.directory.types import FacilityKind
from renkei.publications.search.types import ATTRIBUTES, SLOTS
from renkei.publications.search.wishes import department_tag, district_tag

SEARCHED = frozenset(
    {
        FacilityKind.HOSPITAL,
        FacilityKind.CLINIC,
        FacilityKind.DENTAL,
        FacilityKind.PHARMACY,
        FacilityKind.VISITING_NURSING,
        FacilityKind.CARE_FACILITY,
        FacilityKind.CARE_MANAGER_OFFICE,
    }
)
"""Where people go; offices, laboratories and fire stations are not looked for."""
SUNDAY = 6
_TOWN = re.compile(
    r"^(?:.{2,3}?[都道府県])?(?:.{1,6}?郡)?(?:[^市区町村]{1,6}市[^市区町村]{1,6}区|.{1,6}?[市区町村])"
)
_DISTRICT = re.compile(r"^\s*(?:大字)?([^\d０-９\s-]+)")
_CHOME = re.compile(r"^\s*(?:大字)?(.+?)[一二三四五六七八九十]+丁目")

SOURCE = f"""
SELECT f.id, f.name, f.kana, f.kind, f.hours, f.address, f.closed_on, f.latitude, f.longitude,
       ARRAY[a.code, b.code, c.code], ARRAY[a.name, b.name, c.name],
       ARRAY(SELECT d.name FROM directory_department d
              WHERE d.facility_id = f.id AND (d.accepts_referrals OR d.code <> '')),
       coalesce(p.listed, true), coalesce(p.functions, '{{}}'), coalesce(p.languages, '{{}}'),
       {", ".join(f"coalesce(p.{name}, false)" for name in ATTRIBUTES)}
  FROM directory_facility f
  LEFT JOIN directory_facilityprofile p ON p.facility_id = f.id
  LEFT JOIN directory_area a ON a.id = f.area_id
  LEFT JOIN directory_area b ON b.id = a.parent_id
  LEFT JOIN directory_area c ON c.id = b.parent_id
"""
"""One statement for any number of facilities; the columns are the fields of ``Source``."""


@dataclass(frozen=True)
class Source:
    """What an entry is made of. ``said`` are the attributes of ``ATTRIBUTES``, in their order."""

    id: int
    name: str
    kana: str
    kind: str
    hours: list[dict[str, Any]]
    address: str
    closed_on: date | None
    latitude: float | None
    longitude: float | None
    area_codes: list[str | None]
    area_names: list[str | None]
    departments: list[str]
    listed: bool
    functions: list[str]
    languages: list[str]
    said: tuple[bool, ...]

    @classmethod
    def from_line(cls, line: Sequence[Any]) -> Source:
        """One line of ``SOURCE``."""
        fixed = len(line) - len(ATTRIBUTES)
        first = list(line[:fixed])
        first[4] = json.loads(first[4]) if isinstance(first[4], str) else first[4]
        values: list[Any] = [*first, tuple(line[fixed:])]
        return cls(*values)


@dataclass(frozen=True)
class Entry:
    """The values of a ``SearchEntry``."""

    facility_id: int
    tags: list[str]
    kana: str
    latitude: float | None
    longitude: float | None
    listed: bool
    closed_on: date | None


def entry_of(source: Source) -> Entry | None:
    """The entry of a facility; None for kinds that nobody looks for."""
    if source.kind not in SEARCHED:
        return None
    tags = [f"k:{source.kind}"]
    tags += [department_tag(name) for name in source.departments]
    tags += [f"m:{code}" for code in source.area_codes if code]
    if district := district_of(source.address, source.area_names):
        tags.append(district_tag(district))
    tags += [f"a:{name}" for name, yes in zip(ATTRIBUTES, source.said, strict=True) if yes]
    tags += [f"f:{code}" for code in source.functions]
    tags += [f"l:{code}" for code in source.languages]
    tags += sorted(set(_open_tags(source.hours or [])))
    whole = source.latitude is not None and source.longitude is not None
    return Entry(
        facility_id=source.id,
        tags=list(dict.fromkeys(tags)),
        kana=(source.kana or source.name)[:200],
        latitude=source.latitude if whole else None,
        longitude=source.longitude if whole else None,
        listed=source.listed,
        closed_on=source.closed_on,
    )


def district_of(address: str, area_names: Sequence[str | None] = ()) -> str:
    """The part of the town (桜台) of 神奈川県みどり市桜台1丁目2-3; empty where an address names none."""
    rest = address.strip()
    named = next((name for name in area_names if name and name in rest), "")
    if named and named.endswith(("市", "区", "町", "村")):
        rest = rest.split(named, 1)[1]
    elif found := _TOWN.match(rest):
        rest = rest[found.end() :]
    found = _CHOME.match(rest) or _DISTRICT.match(rest)
    return found[1].strip()[:30] if found else ""


def _open_tags(hours: list[dict[str, Any]]) -> Iterator[str]:
    for span in hours:
        try:
            weekday = int(span["weekday"])
            opens, closes = _minutes(span["opens"]), _minutes(span["closes"])
        except (KeyError, TypeError, ValueError):
            continue
        yield f"w:{weekday}"
        end = closes if closes > opens else SLOTS * 30
        for slot in range(-(-opens // 30), -(-end // 30)):
            yield f"t:{weekday}-{slot}"
            if weekday < SUNDAY:
                yield f"h:{slot}"


def _minutes(text: str) -> int:
    hours, minutes = str(text).split(":")[:2]
    return int(hours) * 60 + int(minutes)
