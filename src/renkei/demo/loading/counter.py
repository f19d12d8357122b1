"""Who came to the counter of the hospital in the months before: needs, choices and results, without a name."""

from __future__ import annotations

import random
from datetime import timedelta

from renkei.demo.loading.places import Places
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Department, Facility
from renkei.publications.counter.types import Outcome, Way
from renkei.publications.models import CounterSession
from renkei.publications.search.types import Wishes

HOUSE = "H1"
DAYS = 92
NEEDS = (("内科", 6), ("整形外科", 5), ("皮膚科", 2), ("小児科", 2), ("眼科", 2), ("耳鼻咽喉科", 2))
DISTRICTS = ("桜台", "緑町", "東町", "駅前", "若葉台", "")
EXTRA: tuple[tuple[str, ...], ...] = ((), (), (), ("wheelchair",), ("house_calls",), ("female_physician",))
RESULTS = (Outcome.VISITED, Outcome.VISITED, Outcome.VISITED, Outcome.NOT_VISITED, Outcome.UNKNOWN)
STAFF = "連携室員 佐藤 美咲"


def load_counter(places: Places, using: str) -> int:
    """About one visit on every working day of three months; the last few wait for their result. The same each time."""
    rng = random.Random(7)  # noqa: S311  (the same each time is what is wanted)
    by_department = {name: _facilities(name, using) for name, _ in NEEDS}
    made = []
    for before in range(DAYS, 0, -1):
        day = DEMO_START - timedelta(days=before)
        if day.weekday() < 5 and rng.random() < 0.8:
            department = rng.choices(*map(list, zip(*NEEDS, strict=True)))[0]
            made.append(
                _session(rng, places.facilities[HOUSE], before, department, by_department[department])
            )
    return len(CounterSession.objects.using(using).bulk_create(made))


def _facilities(department: str, using: str) -> list[Facility]:
    found = Department.objects.using(using).filter(name=department, facility__kind="clinic")
    return [row.facility for row in found.select_related("facility").order_by("facility_id")]


def _session(
    rng: random.Random, house: Facility, before: int, department: str, clinics: list[Facility]
) -> CounterSession:
    started = DEMO_START - timedelta(days=before) + timedelta(minutes=rng.randrange(30, 450))
    need = Wishes(department=department, district=rng.choice(DISTRICTS), attributes=rng.choice(EXTRA))
    listed = rng.sample(clinics, min(3, len(clinics)))
    row = CounterSession(
        version=3,
        facility=house,
        started_at=started,
        staff=STAFF,
        need=need.to_json(),
        shortlist=[one.pk for one in listed],
        printed_at=started + timedelta(minutes=9) if listed else None,
    )
    if not listed:
        row.outcome, row.closed_at = Outcome.NOTHING_FOUND, started + timedelta(minutes=12)
        return row
    row.chosen, row.way = listed[0], rng.choice((Way.GUIDED, Way.GUIDED, Way.APPOINTMENT))
    if before > 7:
        row.outcome, row.closed_at = rng.choice(RESULTS), started + timedelta(days=6)
        row.visited_on = row.closed_at.date() if row.outcome == Outcome.VISITED else None
    return row
