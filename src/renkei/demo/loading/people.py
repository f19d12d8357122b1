"""People who log in and where they work; each membership becomes the actor that the stories speak of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.hashers import make_password

from renkei.accounts.models import Membership, Person
from renkei.demo.loading.places import Places
from renkei.demo.model import StaffPlan
from renkei.demo.region import Region
from renkei.demo.timeline import DEMO_START
from renkei.gate.actor import Actor, Kind
from renkei.gate.permissions import granted_to
from renkei.kernel.roles import Role

DEMO_PASSWORD = "renkei-demo-2026"  # noqa: S105 - printed on the screen of every demo, opens nothing else
STARTED = date(2020, 4, 1)


@dataclass(frozen=True)
class Staff:
    """Actors by facility key, in the order of the plan, and by log-in id and facility key."""

    houses: dict[str, list[Actor]]
    actors: dict[tuple[str, str], Actor]
    plans: dict[str, StaffPlan]

    def at(self, login: str, facility: str) -> Actor | None:
        """The person as working at that facility, or None."""
        return self.actors.get((login, facility))

    def pick(self, facility: str, permission: str, *wishes: str) -> Actor:
        """The first of ``wishes`` who may do it there, else the first colleague who may."""
        found = [actor for login in wishes if (actor := self.at(login, facility))]
        return next(a for a in (*found, *self.houses[facility]) if a.may(permission))


def load_people(region: Region, places: Places, using: str) -> Staff:
    """Write persons and memberships; one password hash serves all of them."""
    secret = make_password(DEMO_PASSWORD)
    persons = {
        plan.login: Person(
            login_id=plan.login,
            name=plan.name,
            kana=plan.kana,
            email=f"{plan.login}@example.jp",
            password=secret,
            password_changed_at=DEMO_START,
            created_at=DEMO_START,
        )
        for plan in region.staff
    }
    Person.objects.using(using).bulk_create(persons.values())
    rows: list[tuple[StaffPlan, str, Membership]] = []
    for plan in region.staff:
        for number, key in enumerate((plan.facility, *plan.also_at)):
            rows.append((plan, key, _membership(plan, key, persons[plan.login], places, guest=number > 0)))
    Membership.objects.using(using).bulk_create(row for _plan, _key, row in rows)
    staff = Staff({key: [] for key in places.facilities}, {}, {plan.login: plan for plan in region.staff})
    for plan, key, row in rows:
        actor = _actor(row, places.facilities[key].name)
        staff.houses[key].append(actor)
        staff.actors[plan.login, key] = actor
    return staff


def _membership(plan: StaffPlan, key: str, person: Person, places: Places, *, guest: bool) -> Membership:
    """``guest``: the second house, where nobody administers."""
    roles = [r for r in plan.roles if not (guest and r is Role.FACILITY_ADMINISTRATOR)]
    return Membership(
        person=person,
        facility=places.facilities[key],
        department=places.departments.get(f"{key}:{plan.department}"),
        roles=[r.value for r in roles],
        title="非常勤" + Role(roles[0]).label if guest else plan.title,
        started_on=STARTED,
    )


def _actor(row: Membership, facility_name: str) -> Actor:
    roles = row.role_set()
    return Actor(
        Kind.STAFF,
        person_id=row.person_id,
        facility_id=row.facility_id,
        membership_id=row.pk,
        label=row.label(),
        facility_label=facility_name,
        roles=roles,
        permissions=granted_to(roles),
    )
