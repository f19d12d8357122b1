"""Who is a member of a scheme on a day, as the rooms ask for it: by keys of schemes and of institutions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from renkei.enrolments import queries as enrolments

if TYPE_CHECKING:
    from renkei.enrolments.models import Scheme

_FIRST = date(1900, 1, 1)


def schemes_of(owner_id: int, day: date) -> list[Scheme]:
    """The schemes that a house runs on that day."""
    return [s for s in enrolments.schemes_of(owner_id) if s.ended_on is None or s.ended_on > day]


def schemes_joined(facility_id: int, day: date) -> list[Scheme]:
    """The schemes of which an institution is a member on that day."""
    found = enrolments.running(day)
    return [s for s in found if enrolments.listed_on(s, day).filter(facility_id=facility_id).exists()]


def is_member(scheme_id: int, facility_id: int, day: date) -> bool:
    """Whether anybody of the institution is a member on that day."""
    return facility_id in members_on([scheme_id], day)


def members_on(scheme_ids: Iterable[int], day: date) -> set[int]:
    """Keys of the institutions that are members of any of the schemes on that day."""
    wanted = set(scheme_ids)
    found = [s for s in enrolments.running(day) if s.pk in wanted]
    return {key for s in found for key in enrolments.member_facilities(s, day)}


def ended_by(owner_id: int, day: date) -> dict[tuple[int, int], date]:
    """``(scheme, institution)`` → first day without it, for who was a member of a house's scheme and is none on that day."""
    gone: dict[tuple[int, int], date] = {}
    for scheme in enrolments.schemes_of(owner_id):
        still = members_on([scheme.pk], day)
        for row in enrolments.left_between(scheme, _FIRST, day - timedelta(days=1)):
            if row.facility_id not in still and row.until_on is not None:
                key = (scheme.pk, row.facility_id)
                gone[key] = max(row.until_on, gone.get(key, row.until_on))
        if scheme.ended_on is not None and scheme.ended_on <= day:
            for facility_id in enrolments.member_facilities(scheme, scheme.ended_on - timedelta(days=1)):
                gone.setdefault((scheme.pk, facility_id), scheme.ended_on)
    return gone
