"""Who runs which facility on a day, and who did before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, F, OuterRef

from renkei.directory.models import Facility, Organization, Ownership
from renkei.directory.reach import in_force
from renkei.kernel import clock
from renkei.kernel.errors import NotFound


@dataclass(frozen=True)
class CorporationLine:
    """A corporation with how many facilities it runs on the day asked for."""

    id: int
    name: str
    kana: str
    facilities: int


def owner_on(facility: Facility | int, day: date | None = None) -> Organization | None:
    """Who ran the facility on that day (today); None for nobody known."""
    key = _id(facility)
    return owners_on([key], day).get(key)


def owners_on(facility_ids: Iterable[int], day: date | None = None) -> dict[int, Organization]:
    """Who ran each facility on that day, in two queries: the recorded period, else the founder (開設者).

    A facility with any recorded period is asked for its periods alone: its founder of today says nothing about then.
    """
    ids = list(facility_ids)
    rows = in_force(day or clock.today()).filter(facility_id__in=ids).select_related("organization")
    found = {row.facility_id: row.organization for row in rows}
    recorded = Ownership.objects.filter(facility_id=OuterRef("pk"))
    plain = Facility.objects.filter(pk__in=ids, organization__isnull=False).exclude(Exists(recorded))
    return found | {
        row.pk: row.organization for row in plain.select_related("organization") if row.organization
    }


def history(facility: Facility | int) -> list[Ownership]:
    """Every recorded period of a facility, the latest first."""
    rows = Ownership.objects.filter(facility_id=_id(facility)).select_related("organization")
    return list(rows.order_by("-from_on"))


def recorded_owner(facility: Facility | int, day: date | None = None) -> Organization | None:
    """The corporation of the recorded period in force, or None: a founder without a period is no corporation."""
    row = in_force(day or clock.today()).filter(facility_id=_id(facility)).select_related("organization")
    found = row.first()
    return found.organization if found else None


def corporation(organization_id: int) -> Organization:
    """One corporation. Raises ``NotFound``."""
    found = Organization.objects.filter(pk=organization_id).first()
    if found is None:
        raise NotFound("corporation_not_found", "この法人は見つかりません。一覧から選び直してください。")
    return found


def corporations(day: date | None = None) -> list[CorporationLine]:
    """Every corporation that runs, ran or will run a facility, and those just registered; by kana."""
    counts: dict[int, int] = {}
    for key in in_force(day or clock.today()).values_list("organization_id", flat=True):
        counts[key] = counts.get(key, 0) + 1
    ever = Ownership.objects.filter(organization_id=OuterRef("pk"))
    founded = Facility.objects.filter(organization_id=OuterRef("pk"))
    rows = Organization.objects.filter(Exists(ever) | ~Exists(founded)).order_by("kana", "name", "id")
    return [CorporationLine(row.pk, row.name, row.kana, counts.get(row.pk, 0)) for row in rows]


def facilities_of(organization: Organization | int, day: date | None = None) -> list[Facility]:
    """The facilities that the corporation ran on that day (today), by kind and kana; closed ones are left out."""
    on = day or clock.today()
    runs = in_force(on).filter(organization_id=_id(organization), facility_id=OuterRef("pk"))
    rows = Facility.objects.filter(Exists(runs)).exclude(closed_on__lte=on).select_related("area")
    return list(rows.order_by("kind", "kana", "id"))


def unsettled() -> list[Facility]:
    """Facilities whose founder is not the corporation that runs them today: a move came into force, or ended."""
    today = in_force(clock.today()).filter(facility_id=OuterRef("pk"))
    moved = today.exclude(organization_id=F("facility__organization_id")) | today.filter(
        facility__organization__isnull=True
    )
    left = Ownership.objects.filter(
        facility_id=OuterRef("pk"),
        organization_id=OuterRef("organization_id"),
        until_on__lte=clock.today(),
    )
    rows = Facility.objects.filter(Exists(moved) | (Exists(left) & ~Exists(today)))
    return list(rows.order_by("pk"))


def _id(row: Facility | Organization | int) -> int:
    return row if isinstance(row, int) else row.pk
