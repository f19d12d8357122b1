"""What is looked for in facilities: profile, closing days, how fresh it is, and the notes of one's own house."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from renkei.directory.models import ClosingDay, Facility, FacilityProfile, Rule, StaffNote
from renkei.directory.profiles.types import LANGUAGES, Confirmation, back
from renkei.directory.queries import facility as facility_of
from renkei.directory.queries import rule
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound

CONFIRM_MONTHS = "directory.confirm_months"


def profile(facility: Facility | int) -> FacilityProfile:
    """The facility's profile; a blank one that is not stored when it has not written any."""
    key = _id(facility)
    return FacilityProfile.objects.filter(facility_id=key).first() or FacilityProfile(facility_id=key)


def profiles(facility_ids: Iterable[int]) -> dict[int, FacilityProfile]:
    """The stored profiles of many facilities by key, in one query."""
    rows = FacilityProfile.objects.filter(facility_id__in=list(facility_ids))
    return {row.facility_id: row for row in rows}


def languages_of(row: FacilityProfile) -> list[str]:
    """The Japanese words of the languages, in the order of the house's list."""
    return [label for code, label in LANGUAGES.items() if code in row.languages]


def closing_days(facility: Facility | int, from_on: date | None = None) -> list[ClosingDay]:
    """Closing days (臨時休診・休止) that end on ``from_on`` (today) or later, the next one first."""
    ahead = Q(until_on=None) | Q(until_on__gte=from_on or clock.today())
    return list(ClosingDay.objects.filter(ahead, facility_id=_id(facility)))


def closed_on_day(facility: Facility | int, day: date) -> ClosingDay | None:
    """The closing day that makes the facility closed on ``day``, or None; weekly hours and 閉院 are not asked."""
    return closed_among([_id(facility)], day).get(_id(facility))


def closed_among(facility_ids: Iterable[int], day: date) -> dict[int, ClosingDay]:
    """Which of many facilities are closed out of turn on ``day``, in one query."""
    # A suspension says more than a day off inside of it, so it comes last and stays.
    rows = _closed(day).filter(facility_id__in=list(facility_ids)).order_by("suspension", "from_on", "id")
    return {row.facility_id: row for row in rows}


def suspension(facility: Facility | int, day: date | None = None) -> ClosingDay | None:
    """The suspension (休止) of a facility on a day (today), or None."""
    found = suspended_among([_id(facility)], day)
    return found.get(_id(facility))


def suspended_among(facility_ids: Iterable[int], day: date | None = None) -> dict[int, ClosingDay]:
    """Which of many facilities are suspended (休止) on a day (today), in one query."""
    rows = _closed(day or clock.today()).filter(suspension=True, facility_id__in=list(facility_ids))
    return {row.facility_id: row for row in rows}


def resting_words(facility_ids: Iterable[int]) -> dict[int, str]:
    """``休止中(9月1日再開予定)`` for those of many facilities that are suspended today, in one query."""
    return {key: f"休止中({back(row.until_on)})" for key, row in suspended_among(facility_ids).items()}


def resting_word(uid: str) -> str:
    """The same for one facility by its uid, as a type-ahead holds it; "" when it is open, or there is none."""
    try:
        key = facility_of(uid).pk
    except NotFound:
        return ""
    return resting_words([key]).get(key, "")


def suspensions_between(facility: Facility | int, first: date, last: date) -> list[ClosingDay]:
    """Suspensions (休止) of a facility that touch the days from ``first`` to ``last``, both included."""
    rows = ClosingDay.objects.filter(facility_id=_id(facility), suspension=True, from_on__lte=last)
    return list(rows.filter(Q(until_on=None) | Q(until_on__gte=first)))


def coming_suspension(facility: Facility | int) -> ClosingDay | None:
    """The suspension that goes on today, or the next one that was said."""
    return next((day for day in closing_days(facility) if day.suspension), None)


def _closed(day: date) -> QuerySet[ClosingDay]:
    rows = ClosingDay.objects.filter(from_on__lte=day)
    return rows.filter(Q(until_on=None) | Q(until_on__gte=day))


def suspended_on(day: date) -> set[int]:
    """Keys of every facility that is suspended (休止) on ``day``; a day off out of turn is no suspension."""
    return set(_closed(day).filter(suspension=True).order_by().values_list("facility_id", flat=True))


def notes(actor: Actor, about: Facility | int) -> list[StaffNote]:
    """What the actor's own house noted about a facility (院内メモ), newest first; nobody else's ever."""
    return notes_about(actor, [_id(about)]).get(_id(about), [])


def notes_about(actor: Actor, facility_ids: Iterable[int]) -> dict[int, list[StaffNote]]:
    """The same for many facilities, in one query."""
    rows = StaffNote.objects.visible_to(actor).filter(about_id__in=list(facility_ids), removed_at=None)
    found: dict[int, list[StaffNote]] = {}
    for row in rows:
        found.setdefault(row.about_id, []).append(row)
    return found


def confirmation(facility: Facility | int) -> Confirmation:
    """When the facility last confirmed its data, and whether that is too long ago."""
    return confirmation_of(profile(facility))


def confirmation_of(row: FacilityProfile) -> Confirmation:
    """The same for a profile at hand."""
    months = int(rule(CONFIRM_MONTHS, row.facility_id))
    return Confirmation(row.confirmed_on, months, _is_stale(row.confirmed_on, months))


def stale(facility_ids: Iterable[int]) -> set[int]:
    """Which of the facilities did not confirm their data for ``directory.confirm_months`` (a year), or never.

    Three queries for any number of facilities.
    """
    return {kept.key for kept in _kept(facility_ids) if _is_stale(kept.confirmed_on, kept.months)}


def due_for_reminder(facility_ids: Iterable[int]) -> set[int]:
    """Which of them are stale and were not asked since, or asked so long ago that it is time to ask again."""
    return {
        kept.key
        for kept in _kept(facility_ids)
        if _is_stale(kept.confirmed_on, kept.months) and not _waits(kept)
    }


@dataclass(frozen=True)
class _Kept:
    """What one facility's reminder depends on; ``months`` by its own rule."""

    key: int
    confirmed_on: date | None
    reminded_on: date | None
    months: int


def _waits(kept: _Kept) -> bool:
    """Whether the last reminder still stands: nobody confirmed since, and it is not a whole period old."""
    if kept.reminded_on is None or (kept.confirmed_on is not None and kept.confirmed_on >= kept.reminded_on):
        return False
    return add_months(kept.reminded_on, kept.months) > clock.today()


def _kept(facility_ids: Iterable[int]) -> list[_Kept]:
    ids = list(facility_ids)
    today = clock.today()
    rows = FacilityProfile.objects.filter(facility_id__in=ids)
    columns = rows.values_list("facility_id", "confirmed_on", "reminded_on")
    days = {key: (confirmed, reminded) for key, confirmed, reminded in columns}
    rules = Rule.objects.filter(code=CONFIRM_MONTHS, valid_from__lte=today).exclude(valid_until__lte=today)
    # Later rows overwrite earlier ones of the same jurisdiction.
    months = {row.jurisdiction: int(row.value()) for row in rules.order_by("valid_from")}
    places = Facility.objects.filter(pk__in=ids).values_list("pk", "area__code", "institution_number")
    return [
        _Kept(key, *days.get(key, (None, None)), _months_of(key, next((c for c in codes if c), ""), months))
        for key, *codes in places
    ]


def _months_of(key: int, code: str, months: dict[str, int]) -> int:
    wider = (f"facility:{key}", f"JP-{code[:2]}", "JP")
    return next((months[name] for name in wider if name in months), 12)


def _is_stale(confirmed_on: date | None, months: int) -> bool:
    return confirmed_on is None or add_months(confirmed_on, months) <= clock.today()


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; 29 to 31 become the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise ValueError(day)


def _id(facility: Facility | int) -> int:
    return facility if isinstance(facility, int) else facility.pk
