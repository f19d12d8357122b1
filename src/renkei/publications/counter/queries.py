"""Sessions of one's own counter, the search as its staff see it, and the counts of a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from renkei.directory.queries import facility_by_id
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications.counter.types import Outcome, Way
from renkei.publications.models import CounterSession
from renkei.publications.search import queries as search
from renkei.publications.search.statement import Asked
from renkei.publications.search.types import Hit, Wishes
from renkei.publications.search.wishes import single

DAYS_OPEN = 90


def one(actor: Actor, uid: UUID | str) -> CounterSession:
    """One session of one's own house. Raises ``NotFound``."""
    rows = CounterSession.objects.visible_to(actor).select_related("chosen")
    found = rows.filter(uid=uid).first()
    if not isinstance(found, CounterSession):
        raise NotFound("session_not_found", "この相談は見つかりません。")
    return found


def recent(actor: Actor) -> QuerySet[CounterSession]:
    """Today's, and those of the last three months whose result nobody knows yet; the newest first."""
    today = datetime.combine(clock.today(), time(), tzinfo=clock.JST)
    rows = CounterSession.objects.visible_to(actor).select_related("chosen")
    waiting = Q(closed_at=None, started_at__gte=today - timedelta(days=DAYS_OPEN))
    return rows.filter(Q(started_at__gte=today) | waiting).order_by("-started_at", "-id")


def house_point(actor: Actor) -> tuple[float, float, str] | None:
    """Where the house itself stands, to measure from."""
    house = facility_by_id(actor.facility_id)
    if house is None or house.latitude is None or house.longitude is None:
        return None
    return house.latitude, house.longitude, house.name


def asked(actor: Actor, session: CounterSession) -> Asked:
    """The search of this session: the house's own members first, those who are not listed, too."""
    wishes = Wishes.from_json(session.need)
    point = house_point(actor)
    if not wishes.has_place and point:
        wishes = replace(wishes, near=point[:2], near_label=point[2])
    return search.asked_for(wishes, house_id=actor.facility_id, staff=True)


def picked(actor: Actor, session: CounterSession) -> list[Hit]:
    """The shortlist as it is today: who is no longer registered bears no mark."""
    return search.by_keys(session.shortlist, asked(actor, session))


@dataclass(frozen=True)
class Table:
    """One table of the statistics: what was counted, and how often."""

    title: str
    lines: list[tuple[str, int]]


@dataclass(frozen=True)
class Month:
    """A month of the counter. ``with_name`` are those who agreed that their name is kept."""

    first: date
    total: int
    printed: int
    with_name: int
    tables: list[Table]


def month(actor: Actor, first: date) -> Month:
    """The counts of one month; no name and no single session stands in them."""
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    bounds = [datetime.combine(day, time(), tzinfo=clock.JST) for day in (first, following)]
    rows = CounterSession.objects.visible_to(actor).select_related("chosen")
    sessions = list(rows.filter(started_at__gte=bounds[0], started_at__lt=bounds[1]).order_by())
    needs = [Wishes.from_json(s.need) for s in sessions]
    return Month(
        first=first,
        total=len(sessions),
        printed=sum(s.printed_at is not None for s in sessions),
        with_name=sum(s.consent for s in sessions),
        tables=[
            Table("診療科", _counted(w.department or "指定なし" for w in needs)),
            Table("地域", _counted(w.district or w.area_label or "指定なし" for w in needs)),
            Table("そのほかの希望", _counted(_other_wishes(needs))),
            Table("選んだ医療機関", _counted(s.chosen.name if s.chosen else "決まらず" for s in sessions)),
            Table("ご案内の方法", _by_label(Way, [s.way for s in sessions], "記録なし")),
            Table("結果", _by_label(Outcome, [s.outcome for s in sessions], "未確認")),
        ],
    )


def _other_wishes(needs: Iterable[Wishes]) -> Iterable[str]:
    apart = {"department", "area", "district", "words"}
    return (wish.label for need in needs for wish in single(need) if wish.key not in apart)


def _counted(words: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))


def _by_label(choices: Any, values: Sequence[str], none: str) -> list[tuple[str, int]]:
    counts = Counter(values)
    lines = [(str(choice.label), counts[choice.value]) for choice in choices]
    return [*lines, (none, counts[""])]
