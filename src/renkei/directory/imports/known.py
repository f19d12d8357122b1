"""What the directory knows about the rows of a list: only those that the list names, however large the directory is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from renkei.directory.imports.reading import prefecture_of
from renkei.directory.models import (
    Area,
    Department,
    Facility,
    FacilityProfile,
    FormerNumber,
    Ownership,
    folded,
)
from renkei.directory.types import AreaLevel
from renkei.kernel import clock
from renkei.kernel.identifiers import PREFECTURES

if TYPE_CHECKING:
    from renkei.directory.imports.judging import Line


class Known:
    """Six questions for any list: facilities, former numbers, departments, websites, owners, areas."""

    def __init__(self, lines: Sequence[Line]) -> None:
        numbers = {line.values.get("institution_number") for line in lines} - {None}
        uids = {uid for line in lines if (uid := _uuid(line.typed.get("uid", "")))}
        names = {line.name for line in lines if line.name}
        named = Q(institution_number__in=numbers) | Q(name__in=names) | Q(uid__in=uids)
        rows = list(Facility.objects.select_related("organization").filter(named))
        self.by_uid = {str(row.uid): row for row in rows}
        self.by_number = {row.institution_number: row for row in rows if row.institution_number}
        self.by_name: dict[tuple[str, str], list[Facility]] = {}
        for row in (row for row in rows if row.joined_to_id is None):
            self.by_name.setdefault((row.kind, folded(row.name)), []).append(row)
        former = FormerNumber.objects.filter(institution_number__in=numbers).select_related("facility")
        self.former = {row.institution_number: row for row in former}
        keys = [row.pk for row in rows]
        self.departments: dict[int, set[str]] = {}
        for key, name in Department.objects.filter(facility_id__in=keys).values_list("facility_id", "name"):
            self.departments.setdefault(key, set()).add(name)
        sites = FacilityProfile.objects.filter(facility_id__in=keys)
        self.websites: dict[int, str] = dict(sites.values_list("facility_id", "website"))
        owned = Ownership.objects.filter(facility_id__in=keys).exclude(until_on__lte=clock.today())
        self.owned = set(owned.values_list("facility_id", flat=True))
        self.areas = {area.code: area for area in Area.objects.all()}
        towns = [area for area in self.areas.values() if area.level == AreaLevel.MUNICIPALITY]
        self._towns = sorted(towns, key=lambda area: -len(area.name))

    def town_of(self, address: str) -> Area | None:
        """The municipality that an address with its prefecture names; a county (郡) may stand between."""
        prefecture = prefecture_of(address)
        if not prefecture:
            return None
        rest = address.removeprefix(PREFECTURES[int(prefecture) - 1])
        fits = (area for area in self._towns if area.code[:2] == prefecture)
        return next((a for a in fits if rest.startswith(a.name) or f"郡{a.name}" in rest[:15]), None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
