"""Whose log-in is the representative's: without the tie nobody could change or end a membership by web."""

from __future__ import annotations

from datetime import date

import pytest

from renkei.directory import actions, queries
from renkei.directory.models import Post
from renkei.directory.speaking import tie_post
from renkei.directory.tests.conftest import with_role
from renkei.enrolments.queries import may_represent
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotAllowed, NotFound
from renkei.kernel.roles import Role
from testing.cast import Cast
from testing.fixtures import StaffClient


@pytest.fixture
def head(cast: Cast, oka: Actor) -> Post:
    """A representative of みどり中央病院, registered by name."""
    with acting(oka):
        return actions.add_post(
            oka,
            cast.facility("H1"),
            title="病院長",
            holder="岡 京子",
            representative=True,
            from_on=date(2026, 4, 1),
        )


def test_the_administrator_ties_the_post_to_a_log_in_and_that_person_represents(
    cast: Cast, oka: Actor, head: Post, browser: StaffClient
) -> None:
    house = cast.facility("H1")
    browser.log_in(oka)
    assert "ログインを決める" in browser.get(f"/directory/{house.uid}/").content.decode()
    url = f"/directory/{house.uid}/posts/{head.pk}/speaker/"
    assert "岡" in browser.get(url).content.decode()
    assert not may_represent(oka, house.pk)
    assert browser.post(url, {"person": str(oka.person_id)}).status_code == 302
    assert may_represent(oka, house.pk)
    assert not may_represent(cast.actor("sato"), house.pk)


def test_the_tie_ends_when_another_representative_takes_over(cast: Cast, oka: Actor, head: Post) -> None:
    house = cast.facility("H1")
    with acting(oka):
        tie_post(oka, house, post_id=head.pk, person_id=oka.person_id)
        actions.add_post(oka, house, title="病院長", holder="新田 二", representative=True)
    assert queries.representative(house).holder == "新田 二"
    assert not may_represent(oka, house.pk)


def test_nobody_from_elsewhere_and_no_post_of_another_house(cast: Cast, oka: Actor, head: Post) -> None:
    with acting(oka):
        with pytest.raises(Invalid) as refused:
            tie_post(oka, cast.facility("H1"), post_id=head.pk, person_id=cast.actor("aoki").person_id)
        with pytest.raises(NotAllowed):
            tie_post(oka, cast.facility("C1"), post_id=head.pk, person_id=oka.person_id)
        with pytest.raises(NotFound):
            tie_post(oka, cast.facility("H1"), post_id=head.pk + 999, person_id=oka.person_id)
    assert refused.value.field == "person"
    assert Post.objects.get(pk=head.pk).person_id is None


def test_the_liaison_office_does_not_make_itself_the_representative(
    cast: Cast, head: Post, browser: StaffClient
) -> None:
    sato = with_role(cast.actor("sato"), Role.LIAISON_STAFF)
    with acting(sato), pytest.raises(NotAllowed):
        tie_post(sato, cast.facility("H1"), post_id=head.pk, person_id=sato.person_id)
    assert Post.objects.get(pk=head.pk).person_id is None
