"""Searches that name the own side ask about each row; anything else may begin with what the house sees (ADR 0012)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Q

from renkei.fhirkit.server.mapping import mapping_of
from renkei.fhirkit.server.searching import _own_side
from renkei.referrals.fhir.rows import own_referrals, referrals
from testing.cast import Cast
from testing.database import arranging


@pytest.mark.parametrize(
    ("told", "own"),
    [
        (lambda here: Q(state="draft") & Q(sender_id=here), True),
        (lambda here: Q(Q(receiver_id=here), state="sent"), True),
        (lambda here: Q(sender_id=here + 1), False),
        (lambda here: Q(sender_id=here) | Q(state="sent"), False),
        (lambda here: ~Q(sender_id=here), False),
        (lambda here: Q(state="draft"), False),
    ],
)
def test_only_a_condition_without_an_alternative_names_the_own_side(
    cast: Cast, told: object, own: bool
) -> None:
    aoki, mapping = cast.actor("aoki"), mapping_of("ServiceRequest")
    assert mapping is not None
    assert callable(told)
    assert _own_side(aoki, mapping, told(aoki.facility_id)) is own


def test_rows_asked_one_by_one_are_never_made_a_join(cast: Cast) -> None:
    aoki = cast.actor("aoki")
    each, joined = own_referrals(aoki).order_by().values("pk"), referrals(aoki).order_by().values("pk")
    assert "OFFSET 0" in str(each.query)
    assert "OFFSET 0" not in str(joined.query)


def test_every_wall_around_a_period_looks_up_the_period_of_the_row_at_hand(cast: Cast) -> None:
    with arranging(), connection.cursor() as cursor:
        cursor.execute("""SELECT tablename, policyname, concat(qual, with_check) FROM pg_policies
             WHERE tablename <> 'circles_member' AND concat(qual, with_check) LIKE '%FROM circles_member%'""")
        walls = cursor.fetchall()
    assert len(walls) > 20
    assert [wall[:2] for wall in walls if "OFFSET 0" not in wall[2]] == []
