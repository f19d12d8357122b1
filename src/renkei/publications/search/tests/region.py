"""A small town for the tests of the search: facilities by a few words, entries made, registration by dates."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import connection

from renkei.directory.models import Area, ClosingDay, Department, Facility, FacilityProfile
from renkei.enrolments.models import Enrolment, Listing, Scheme
from renkei.gate.actor import current
from renkei.publications.search.actions import refresh
from renkei.terms.models import Term
from renkei.terms.types import System
from testing.database import arranging

MORNINGS = [{"weekday": day, "opens": "09:00", "closes": "12:00"} for day in range(6)]
EVENINGS = [{"weekday": day, "opens": "15:00", "closes": "18:30"} for day in (0, 1, 4)]
DEPARTMENTS = {"内科": "ナイカ", "皮膚科": "ヒフカ", "整形外科": "セイケイゲカ", "眼科": "ガンカ"}
CENTRE = (35.3900, 139.3000)
"""The middle of the town; 0.01 degrees of latitude are 1.11 km."""


class Town:
    """Builds the town inside ``arranging()``."""

    def __init__(self) -> None:
        self.number = 0
        prefecture = self._area("14", "prefecture", "神奈川県", None)
        region = self._area("1499", "secondary_area", "試しの医療圏", prefecture)
        self.area = self._area("14999", "municipality", "みどり市", region)
        for code, (label, kana) in enumerate(DEPARTMENTS.items(), start=1):
            Term.objects.get_or_create(
                system=System.DEPARTMENT, label=label, defaults={"code": f"{code:02}", "kana": kana}
            )

    def _area(self, code: str, level: str, name: str, parent: Area | None) -> Area:
        found, _ = Area.objects.get_or_create(
            code=code, defaults={"level": level, "name": name, "parent": parent}
        )
        return found

    def clinic(
        self,
        name: str,
        *departments: str,
        kana: str = "",
        north_km: float | None = 0.2,
        hours: list[dict[str, Any]] | None = None,
        address: str = "神奈川県みどり市桜台1丁目2-3",
        kind: str = "clinic",
        closed_on: date | None = None,
        **profile: Any,
    ) -> Facility:
        """A clinic ``north_km`` north of the middle, with its profile and its entry."""
        self.number += 1
        facility = Facility.objects.create(
            kind=kind, name=name, kana=kana or f"カナ{self.number:03}", area=self.area, address=address,
            phone="0463-00-0100", hours=MORNINGS if hours is None else hours, closed_on=closed_on,
            latitude=None if north_km is None else CENTRE[0] + north_km / 111.2,
            longitude=None if north_km is None else CENTRE[1],
        )  # fmt: skip
        for position, department in enumerate(departments or ("内科",)):
            Department.objects.create(facility=facility, name=department, position=position)
        FacilityProfile.objects.create(facility=facility, **profile)
        self.refresh(facility)
        return facility

    def refresh(self, *facilities: Facility) -> None:
        """Make the entries anew."""
        refresh(current(), [f.pk for f in facilities])

    def closing(self, facility: Facility, from_on: date, until_on: date | None = None, **more: Any) -> None:
        """Closed out of turn; no entry is made anew."""
        ClosingDay.objects.create(facility=facility, from_on=from_on, until_on=until_on or from_on, **more)

    def register(
        self, facility: Facility, owner: Facility, *, from_on: date = date(2020, 4, 1), until_on: date | None = None,
        key: str = "registered_physician_isehara",
    ) -> None:  # fmt: skip
        """A line of the public list of members of a scheme of ``owner``."""
        scheme, _ = Scheme.objects.get_or_create(key=key, owner=owner, defaults={"name": "登録医制度"})
        enrolment = Enrolment.objects.create(
            scheme=scheme, owner=owner, facility=facility, joined_on=from_on, ended_on=until_on,
            physician_name=f"医師{facility.pk}-{until_on}",
        )  # fmt: skip
        Listing.objects.create(
            scheme=scheme,
            enrolment=enrolment,
            owner=owner,
            facility=facility,
            from_on=from_on,
            until_on=until_on,
        )


def write(sql: str, *values: Any) -> None:
    """One statement as the system."""
    with arranging(), connection.cursor() as cursor:
        cursor.execute(sql, values)
