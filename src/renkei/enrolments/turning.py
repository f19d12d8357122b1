"""The turn of a term: what is previewed, who is to be told, what is due tonight, and who closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q

from renkei.directory.profiles.queries import suspended_on
from renkei.enrolments.models import Enrolment, MembershipTerm, Scheme
from renkei.enrolments.types import Renewal, manifest_of
from renkei.gate.actor import Actor
from renkei.kernel import clock


@dataclass(frozen=True)
class Preview:
    """What the turn of a term will do to one membership; one whose institution rests (休止中) goes on like every other."""

    enrolment: Enrolment
    until_on: date | None
    goes_on: bool
    suspended: bool = False


def renewal_preview(actor: Actor, row: Scheme, until: date) -> list[Preview]:
    """Memberships whose present term ends by ``until``, and whether they go on by themselves."""
    automatic = manifest_of(row.key).term.renewal is Renewal.AUTOMATIC
    later = MembershipTerm.objects.visible_to(actor).filter(
        enrolment=OuterRef("enrolment"), from_on__gt=OuterRef("from_on")
    )
    ending = MembershipTerm.objects.visible_to(actor).filter(
        scheme=row, until_on__lte=until, enrolment__ended_on=None
    )
    rows = (
        ending.exclude(Exists(later))
        .select_related("enrolment__facility")
        .order_by("until_on", "enrolment__facility__kana", "id")
    )
    resting = suspended_on(clock.today())
    return [
        Preview(
            t.enrolment,
            t.until_on,
            automatic and not t.enrolment.objects_to_renewal,
            t.enrolment.facility_id in resting,
        )
        for t in rows[:2000]
    ]


def untold(actor: Actor, row: Scheme, today: date, until: date) -> list[tuple[int, date]]:
    """Institutions and the day their term ends, of those who were not told that it does; from ``today`` to ``until``."""
    rows = MembershipTerm.objects.visible_to(actor).filter(
        scheme=row, until_on__gte=today, until_on__lte=until, told_at=None, enrolment__ended_on=None
    )
    return sorted({(term.facility_id, term.until_on) for term in rows if term.until_on})


def due_for_renewal(actor: Actor, day: date, after: int = 0, size: int = 200) -> list[Enrolment]:
    """Memberships whose last term was over before ``day``, by key; for the job of the night."""
    goes_on = (
        MembershipTerm.objects.visible_to(actor)
        .filter(enrolment=OuterRef("pk"))
        .filter(Q(until_on=None) | Q(until_on__gte=day))
    )
    there = Enrolment.objects.visible_to(actor).filter(Q(ended_on=None) | Q(ended_on__gt=day))
    rows = there.filter(pk__gt=after).exclude(Exists(goes_on))
    return list(rows.select_related("scheme").order_by("pk")[:size])


def is_due(actor: Actor, row: Enrolment, day: date) -> bool:
    """Whether the last term of a membership was over before ``day``."""
    last = MembershipTerm.objects.visible_to(actor).filter(enrolment=row).order_by("from_on").last()
    return last is not None and last.until_on is not None and last.until_on < day


def of_closed_facilities(actor: Actor, day: date) -> list[Enrolment]:
    """Present memberships of institutions that closed by ``day``."""
    rows = Enrolment.objects.visible_to(actor).filter(ended_on=None, facility__closed_on__lte=day)
    return list(rows.select_related("scheme", "facility")[:2000])
