"""Who is a member of a scheme on a day: the one place where the rooms ask the public list of members (名簿)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet


def _listings() -> QuerySet[Any]:
    rows: QuerySet[Any] = apps.get_model("enrolments", "Listing").objects.all()
    return rows


def _on(day: date) -> Q:
    return Q(from_on__lte=day) & (Q(until_on=None) | Q(until_on__gt=day))


def schemes_of(owner_id: int, day: date) -> list[Any]:
    """The schemes that a house runs on that day, by name."""
    rows = apps.get_model("enrolments", "Scheme").objects.filter(owner_id=owner_id)
    return list(rows.exclude(ended_on__lte=day).order_by("name", "pk"))


def scheme(uid: Any) -> Any | None:
    """One scheme by its uid, or None."""
    return apps.get_model("enrolments", "Scheme").objects.select_related("owner").filter(uid=uid).first()


def schemes_joined(facility_id: int, day: date) -> list[Any]:
    """The schemes of which an institution is a member on that day, each once."""
    rows = _listings().filter(_on(day), facility_id=facility_id).select_related("scheme__owner")
    return list({row.scheme_id: row.scheme for row in rows}.values())


def is_member(scheme_id: int, facility_id: int, day: date) -> bool:
    """Whether anybody of the institution is a member on that day."""
    return _listings().filter(_on(day), scheme_id=scheme_id, facility_id=facility_id).exists()


def members_on(scheme_ids: Iterable[int], day: date) -> set[int]:
    """Keys of the institutions that are members of any of the schemes on that day."""
    rows = _listings().filter(_on(day), scheme_id__in=list(scheme_ids))
    return set(rows.values_list("facility_id", flat=True))


def ended_on(scheme_ids: Iterable[int], day: date) -> dict[int, date]:
    """Institutions that were members and are none any more on that day, with their first day without."""
    ids = list(scheme_ids)
    still = members_on(ids, day)
    rows = _listings().filter(scheme_id__in=ids, until_on__lte=day).order_by("until_on")
    return {row.facility_id: row.until_on for row in rows if row.facility_id not in still}
