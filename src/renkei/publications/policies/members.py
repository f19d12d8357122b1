"""Who takes part in an alliance on a day: the one place that reads the public list of its scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from renkei.directory.corporations.queries import facilities_of
from renkei.directory.models import Area, Facility
from renkei.directory.queries import areas, kinds_label
from renkei.enrolments.models import Scheme
from renkei.enrolments.queries import listed_on, schemes_of
from renkei.enrolments.types import Enrols, manifest_of
from renkei.ui.types import Shown


@dataclass(frozen=True)
class Corporation(Shown):
    """A member (参加法人) with the day it joined and its facilities by kind."""

    name: str
    joined_on: date
    facilities: Sequence[tuple[str, Sequence[Facility]]]

    @property
    def count(self) -> int:
        """How many facilities."""
        return sum(len(rows) for _kind, rows in self.facilities)


@dataclass(frozen=True)
class Taking(Shown):
    """Everything about who takes part: members, facilities of all of them by kind, and the 区域."""

    corporations: Sequence[Corporation]
    kinds: Sequence[tuple[str, int]]
    areas: Sequence[Area]

    @property
    def facilities(self) -> int:
        """How many facilities of all members."""
        return sum(c.count for c in self.corporations)


def alliance_scheme(facility_id: int) -> Scheme | None:
    """The scheme of corporations that a facility runs; None when it is no alliance."""
    rows = schemes_of(facility_id)
    return next((s for s in rows if manifest_of(s.key).enrols == Enrols.CORPORATION), None)


def taking_part(facility_id: int, day: date) -> Taking:
    """Members of the alliance on a day, by their names."""
    scheme = alliance_scheme(facility_id)
    if scheme is None:
        return Taking((), (), ())
    found: dict[int, tuple[str, date, dict[int, Facility]]] = {}
    for row in listed_on(scheme, day):
        organization = row.organization
        key = organization.pk if organization is not None else -row.facility_id
        name = organization.name if organization is not None else row.facility.name
        if key not in found:
            houses = facilities_of(organization, day) if organization is not None else []
            found[key] = (name, row.from_on, {f.pk: f for f in houses})
        found[key][2].setdefault(row.facility_id, row.facility)
    corporations = [Corporation(name, on, _by_kind(list(rows.values()))) for name, on, rows in found.values()]
    kinds: dict[str, int] = {}
    for corporation in corporations:
        for kind, rows in corporation.facilities:
            kinds[kind] = kinds.get(kind, 0) + len(rows)
    inside = [a for a in areas() if a.code in scheme.areas]
    return Taking(sorted(corporations, key=lambda c: (c.joined_on, c.name)), list(kinds.items()), inside)


def _by_kind(rows: Sequence[Facility]) -> list[tuple[str, list[Facility]]]:
    found: dict[str, list[Facility]] = {}
    for row in sorted(rows, key=lambda f: (f.kind, f.kana, f.pk)):
        found.setdefault(kinds_label(row.kind), []).append(row)
    return list(found.items())
