"""What is written without Django's detour is what Django would have written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from renkei.circles.models import Member
from renkei.gate.storing import _prepared
from renkei.referrals.models import Referral, ReferralLetter

pytestmark = pytest.mark.django_db
NUMBER = UUID("018f0000-0000-7000-8000-000000000001")
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
ROWS = [
    Referral(uid=NUMBER, circle_id=70_000, patient_id=3, number="R-2026-000001", wish_from=date(2026, 6, 2)),
    Referral(uid=NUMBER, circle_id=1, patient_id=2, receiver_id=None, sent_at=AT, electronic=True),
    ReferralLetter(uid=NUMBER, referral_id=5, content={"purpose": "診察"}, finalised_at=None),
    Member(uid=NUMBER, circle_id=1, patient_id=2, facility_id=3, valid_from=AT, consent_id=None),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_each_value_goes_to_the_driver_as_django_hands_it_over(row: Any) -> None:
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    pairs = [(field, getattr(row, field.attname)) for field in fields]
    found = _prepared(pairs, connection)
    assert found is not None
    theirs = [field.get_db_prep_save(value, connection=connection) for field, value in pairs]
    assert [repr(value) for value in found[1]] == [repr(value) for value in theirs]


def test_an_instant_without_a_zone_is_left_to_django_which_complains() -> None:
    field = Member._meta.get_field("valid_from")
    with pytest.warns(RuntimeWarning, match="naive datetime"):
        found = _prepared([(field, AT.replace(tzinfo=None))], connection)
    assert found is not None
    assert found[1][0].tzinfo is not None
