"""What a leaflet takes from the directory: name, place, departments, hours; kept with the version when it is handed in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from renkei.directory import queries as directory

if TYPE_CHECKING:
    from renkei.directory.models import Facility

MOST_DEPARTMENTS = 10
_TOWN = re.compile(r"(?:市(?:[^\d０-９]{1,4}区)?|区|郡[^\d０-９]{1,5}?[町村])(?P<rest>[^\d０-９]{1,20})")


def facts_of(facility: Facility) -> dict[str, Any]:
    """What the directory says today; see :func:`facts_from`."""
    head = directory.representative(facility)
    names = [department.name for department in directory.departments(facility)]
    return facts_from(facility, names, f"{head.title} {head.holder}" if head else "")


def facts_from(facility: Facility, departments: Sequence[str], head: str) -> dict[str, Any]:
    """JSON values: ``hours`` is a list of ``{"opens", "closes", "days": [8 × bool]}``, Monday to Sunday and holidays."""
    return {
        "name": facility.name,
        "kana": facility.kana,
        "postal_code": facility.postal_code,
        "address": facility.address,
        "phone": facility.phone,
        "fax": facility.fax,
        "access": facility.access,
        "departments": list(departments)[:MOST_DEPARTMENTS],
        "head": head,
        "hours": [
            {"opens": line.opens, "closes": line.closes, "days": list(line.days)}
            for line in directory.hours_table(facility)
        ],
    }


def district_of(address: str) -> str:
    """The part of the town that an address names (桜台2-3-1: 桜台地区); '' where it names none."""
    found = _TOWN.search(address)
    return f"{found['rest'].strip()}地区" if found else ""
