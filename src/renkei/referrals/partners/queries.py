"""Counts of referrals by the other facility; the days are those of Japan, both included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, QuerySet

from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.referrals.models import Referral
from renkei.referrals.types import State

_NOT_EXCHANGED = (State.DRAFT, State.WITHDRAWN, State.DECLINED)


@dataclass(frozen=True)
class Partner:
    """Another facility and how many referrals went to it (``sent``) and came from it (``received``)."""

    facility_id: int
    sent: int
    received: int

    @property
    def total(self) -> int:
        """Both ways."""
        return self.sent + self.received


def _within(rows: QuerySet[Referral], field: str, first: date, last: date) -> QuerySet[Referral]:
    start = clock.jst(first.year, first.month, first.day)
    end = last + timedelta(days=1)
    return rows.filter(
        **{f"{field}__gte": start, f"{field}__lt": clock.jst(end.year, end.month, end.day)}
    ).exclude(state__in=_NOT_EXCHANGED)


def _counts(rows: QuerySet[Referral], other: str) -> Counter[int]:
    found = rows.exclude(**{other: None}).order_by().values_list(other).annotate(n=Count("pk"))
    return Counter({int(key): int(n) for key, n in found})


def partners(actor: Actor, first: date, last: date) -> list[Partner]:
    """Facilities that referrals went to or came from between two days, the busiest first."""
    mine = Referral.objects.visible_to(actor)
    sent = _counts(_within(mine.filter(sender_id=actor.facility_id), "sent_at", first, last), "receiver_id")
    received = _counts(
        _within(mine.filter(receiver_id=actor.facility_id), "sent_at", first, last), "sender_id"
    )
    keys: Iterable[int] = {*sent, *received} - {actor.facility_id}
    found = [Partner(key, sent[key], received[key]) for key in keys]
    return sorted(found, key=lambda p: (-p.total, p.facility_id))


def arrived_by_sender(actor: Actor, first: date, last: date) -> dict[int, int]:
    """Patients who came with a referral between two days, by the facility that sent them."""
    rows = Referral.objects.visible_to(actor).filter(receiver_id=actor.facility_id)
    return dict(_counts(_within(rows, "arrived_at", first, last), "sender_id"))


def admitted_at(actor: Actor, first: date, last: date) -> dict[int, int]:
    """Patients sent by the actor's facility who were admitted between two days, by the facility that took them."""
    rows = Referral.objects.visible_to(actor).filter(sender_id=actor.facility_id)
    return dict(_counts(_within(rows, "admitted_at", first, last), "receiver_id"))
