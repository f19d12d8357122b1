"""A hospital that runs the 登録医 scheme, in the secondary area of two clinics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from renkei.accounts.models import Person
from renkei.directory.models import Area, Facility, Post
from renkei.enrolments import actions
from renkei.enrolments.models import Scheme
from renkei.enrolments.types import ApplicationDraft
from renkei.gate.context import acting
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging

KEY = "registered_physician_isehara"
FIRST_DAY = clock.jst(2026, 6, 1, 9, 0)
HAYASHI = "林 和彦"


def answers(**more: str) -> tuple[tuple[str, str], ...]:
    return tuple(({"departments": "内科"} | more).items())


def draft(facility: Facility, name: str = HAYASHI, **more: object) -> ApplicationDraft:
    values: dict[str, object] = {
        "physician_name": name,
        "physician_kana": "ハヤシ カズヒコ",
        "answers": answers(),
    }
    return ApplicationDraft(facility.pk, **(values | more))  # type: ignore[arg-type]


@pytest.fixture
def region(cast: Cast) -> Cast:
    """H1, C1 and C2 in one secondary area, X1 in another; who represents C1 and C2."""
    with arranging():
        prefecture = Area.objects.create(code="14", level="prefecture", name="神奈川県")
        for number, keys in (("1407", ("H1", "C1", "C2")), ("1409", ("X1",))):
            wide = Area.objects.create(
                code=number, level="secondary_area", name=f"医療圏{number}", parent=prefecture
            )
            town = Area.objects.create(
                code=f"{number}0", level="municipality", name=f"町{number}", parent=wide
            )
            for key in keys:
                facility = cast.facility(key)
                facility.area = town
                facility.save()
        for key, login in (("C2", "hayashi"), ("C1", "aoki")):
            person = Person.objects.get(login_id=login)
            Post.objects.create(
                facility=cast.facility(key),
                title="院長",
                holder=person.name,
                representative=True,
                person_id=person.pk,
                from_on=date(2020, 4, 1),
            )
    return cast


@pytest.fixture
def scheme(region: Cast) -> Iterator[Scheme]:
    """登録医制度 of H1, running since April; the test looks with the eyes of H1's office."""
    with clock.frozen(FIRST_DAY):
        made = actions.start_scheme(region.actor("sato"), key=KEY, from_on=date(2026, 4, 1))
    with acting(region.actor("sato")):
        yield made
