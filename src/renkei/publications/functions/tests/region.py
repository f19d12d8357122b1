"""A prefecture with two public bodies around the cast: what the tests of the rooms arrange."""

from __future__ import annotations

from datetime import date

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import actor_of
from renkei.directory import reference as areas
from renkei.directory.models import Area, Facility
from renkei.gate.actor import Actor
from renkei.kernel.roles import Role
from testing.cast import Cast
from testing.database import arranging

PLACES = {"H1": "14214", "H2": "14214", "C1": "14214", "C2": "1407", "X1": "13", "X2": "13"}
"""Facility of the cast → code of its area: the two outside lie in another prefecture."""


def settle(cast: Cast) -> None:
    """Give the cast areas; H1 is a 地域医療支援病院 by its own setting only where a test says so."""
    with arranging():
        areas.load()
        known = {a.code: a for a in Area.objects.filter(code__in=PLACES.values())}
        for key, code in PLACES.items():
            house = Facility.objects.get(pk=cast.facility(key).pk)
            house.area = known[code]
            house.save()


def officer(login_id: str, name: str, area_code: str, role: Role = Role.PUBLIC_OFFICER) -> Actor:
    """An officer of a new public body that stands for an area."""
    with arranging():
        body = Facility.objects.create(kind="public_body", name=name, area=Area.objects.get(code=area_code))
        person = Person(login_id=login_id, name=f"{name} 職員")
        person.set_unusable_password()
        person.save()
        row = Membership.objects.create(
            person=person, facility=body, roles=[role.value], started_on=date(2020, 4, 1)
        )
        return actor_of(row)
