"""Members that a condition no longer fits: the area of the scheme became smaller, the institution moved.

Nobody is thrown out by it. The office sees them with the reason, and records an exception where 原則 allows one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from renkei.directory.queries import facility_by_id
from renkei.enrolments.conditions.eligibility import unmet
from renkei.enrolments.models import Enrolment, Scheme
from renkei.enrolments.types import ApplicationDraft, Finding, manifest_of
from renkei.gate.actor import Actor
from renkei.kernel import clock

MOST = 2_000


@dataclass(frozen=True)
class Lapsed:
    """A member and the conditions that it does not meet any more and for which no exception is recorded."""

    enrolment: Enrolment
    found: tuple[Finding, ...]

    @property
    def may_be_allowed(self) -> bool:
        """Whether an exception can be recorded: some condition is one of 原則."""
        return any(one.kind == "outside" for one in self.found)


def lapsed(actor: Actor, row: Scheme, *, facility_id: int | None = None) -> list[Lapsed]:
    """Present members of a scheme (of one institution) that a condition no longer fits, by the institution's reading."""
    manifest, today = manifest_of(row.key), clock.today()
    if not manifest.eligibility:
        return []
    there = Enrolment.objects.visible_to(actor).filter(Q(ended_on=None) | Q(ended_on__gt=today), scheme=row)
    if facility_id is not None:
        there = there.filter(facility_id=facility_id)
    there = there.select_related("scheme", "organization", "facility__area__parent__parent")
    owner = facility_by_id(row.owner_id)
    rows = there.order_by("facility__kana", "facility_id", "id")[:MOST]
    found = [
        Lapsed(one, tuple(_open(one, unmet(manifest, _draft(one), one.facility, owner, row.areas))))
        for one in rows
    ]
    return [one for one in found if one.found]


def lapsed_of(enrolment: Enrolment) -> list[Finding]:
    """The same for one membership."""
    manifest, scheme = manifest_of(enrolment.scheme.key), enrolment.scheme
    owner = facility_by_id(scheme.owner_id)
    return list(_open(enrolment, unmet(manifest, _draft(enrolment), enrolment.facility, owner, scheme.areas)))


def _open(row: Enrolment, found: Iterable[Finding]) -> Iterable[Finding]:
    allowed = {(said.get("rule"), said.get("says")) for said in row.exceptions}
    return (one for one in found if (one.rule, one.says) not in allowed)


def _draft(row: Enrolment) -> ApplicationDraft:
    return ApplicationDraft(
        row.facility_id,
        row.physician_name,
        organization_id=row.organization_id or 0,
        seat=row.seat,
        category=row.category,
        answers=tuple((str(key), str(value)) for key, value in row.answers.items()),
    )
