"""A file is kept and shown inside its circle only."""

from __future__ import annotations

import pytest

from renkei.circles.models import Circle, Member
from renkei.files.store import check, fetch, store
from renkei.files.tests import factories as make
from renkei.gate.actor import ANONYMOUS, current
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.identifiers import uuid7
from testing.cast import Cast
from testing.database import arranging


@pytest.fixture
def circle(cast: Cast) -> Circle:
    patient, clinic = cast.patient("suzuki"), cast.facility("C1")
    with arranging():
        made: Circle = Circle.objects.create(patient=patient, owner_facility=clinic, purpose="referral")
        for key in ("C1", "H1"):
            Member.objects.create(
                circle=made, patient=patient, facility=cast.facility(key), source="referral"
            )
    return made


def test_both_sides_of_a_circle_get_the_same_bytes(cast: Cast, circle: Circle) -> None:
    data = make.pdf()
    with acting(cast.actor("aoki")) as aoki:
        kept = store(aoki, circle.pk, check("紹介状.pdf", data))
    for login_id in ("aoki", "kimura", "sato", "takahashi"):
        with acting(cast.actor(login_id)) as actor:
            found = fetch(actor, kept.uid)
            assert bytes(found.content) == data
            assert (found.size, found.media_type, found.facility_id) == (
                len(data),
                "application/pdf",
                cast.facility("C1").pk,
            )


def test_strangers_find_no_file(cast: Cast, circle: Circle) -> None:
    with acting(cast.actor("aoki")) as aoki:
        kept = store(aoki, circle.pk, check("紹介状.pdf", make.pdf()))
    for actor in [*cast.outsiders(), cast.actor("hayashi"), cast.actor("east_clerk"), ANONYMOUS]:
        with acting(actor), pytest.raises(NotFound):
            fetch(actor, kept.uid)


def test_a_stranger_cannot_put_a_file_into_a_circle(cast: Cast, circle: Circle) -> None:
    checked = check("紹介状.pdf", make.pdf())
    with acting(cast.actor("hayashi")) as stranger, pytest.raises(NotFound, match="「紹介状"):
        store(stranger, circle.pk, checked)
    with acting(cast.actor("aoki")) as aoki, pytest.raises(NotFound):
        store(aoki, circle.pk + 1000, checked)


def test_a_facility_that_left_the_circle_finds_the_file_no_more(cast: Cast, circle: Circle) -> None:
    with acting(cast.actor("aoki")) as aoki:
        kept = store(aoki, circle.pk, check("紹介状.pdf", make.pdf()))
    with arranging():
        for member in Member.objects.visible_to(current()).filter(
            circle=circle, facility=cast.facility("H1")
        ):
            member.valid_until = clock.now()
            member.save()
    with acting(cast.actor("sato")) as sato, pytest.raises(NotFound):
        fetch(sato, kept.uid)


def test_the_same_file_twice_is_kept_once(cast: Cast, circle: Circle) -> None:
    with acting(cast.actor("aoki")) as aoki:
        data = make.pdf()
        first = store(aoki, circle.pk, check("紹介状.pdf", data))
        again = store(aoki, circle.pk, check("紹介状.pdf", data))
        other = store(aoki, circle.pk, check("別の名前.pdf", data))
    assert again.pk == first.pk
    assert other.pk != first.pk


def test_a_file_asked_for_in_another_name_than_the_databases_is_not_found(cast: Cast, circle: Circle) -> None:
    with acting(cast.actor("aoki")) as aoki:
        kept = store(aoki, circle.pk, check("紹介状.pdf", make.pdf()))
        with pytest.raises(NotFound):
            fetch(cast.actor("sato"), kept.uid)


def test_an_unknown_number_is_not_found(cast: Cast) -> None:
    with acting(cast.actor("aoki")) as aoki, pytest.raises(NotFound):
        fetch(aoki, uuid7())
