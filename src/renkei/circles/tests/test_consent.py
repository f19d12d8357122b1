"""Consent and its withdrawal; what hung on it ends."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from renkei.circles import actions
from renkei.circles.models import Consent
from renkei.circles.queries import basis_of, consents, shares
from renkei.circles.tests.test_circles import sees
from renkei.circles.types import Basis, ConsentWords
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from renkei.patients.models import Patient
from testing.cast import Cast


def said(**changed: Any) -> ConsentWords:
    words: dict[str, Any] = {
        "type": "explicit_network",
        "reach": "all",
        "purpose": "地域連携",
        "given_by": "鈴木 花",
        "relation": "妻",
        "method": "paper",
    }
    return ConsentWords(**words | changed)


def give(actor: Actor, patient: Patient, **changed: Any) -> Consent:
    with transaction.atomic(), acting(actor):
        return actions.give_consent(actor, patient, said(**changed))


def test_a_consent_that_names_a_facility_opens_its_period_and_withdrawal_ends_it(cast: Cast) -> None:
    actor, patient = cast.actor("aoki"), cast.patient("suzuki")
    hospital = cast.facility("H2").pk
    consent = give(actor, patient, reach="org", facility_ids=[hospital])
    assert sees(cast.actor("east_clerk"), patient)
    assert not sees(cast.actor("sato"), patient)
    with transaction.atomic(), acting(actor):
        assert {s.facility for s in shares(actor, patient) if s.open_now} == {"みどり東病院", "青木内科"}
        actions.withdraw_consent(actor, consent, reason="本人の希望")
    assert not sees(cast.actor("east_clerk"), patient)
    with transaction.atomic(), acting(actor):
        assert [c.withdraw_reason for c in consents(actor, patient)] == ["本人の希望"]
        with pytest.raises(NotPossibleNow):
            actions.withdraw_consent(actor, Consent.objects.visible_to(actor).get(pk=consent.pk))


def test_withdrawing_one_consent_leaves_what_another_ground_opened(cast: Cast) -> None:
    actor, patient = cast.actor("aoki"), cast.patient("suzuki")
    hospital = cast.facility("H2").pk
    first = give(actor, patient, reach="org", facility_ids=[hospital])
    give(actor, patient, reach="org", facility_ids=[hospital], purpose="連携パス", type="path")
    with transaction.atomic(), acting(actor):
        actions.withdraw_consent(actor, first)
    assert sees(cast.actor("east_clerk"), patient)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reach": "org"}, "facilities"),
        ({"reach": "org_list"}, "facilities"),
        ({"reach": "all", "facility_ids": [1]}, "facilities"),
        ({"reach": "person"}, "named_person"),
        ({"reach": "world"}, "reach"),
        ({"type": "guess"}, "type"),
        ({"method": "thought"}, "method"),
        ({"purpose": " "}, "purpose"),
        ({"given_by": ""}, "given_by"),
        ({"reach": "org", "facility_ids": [99_999_999]}, "facilities"),
    ],
)
def test_an_unclear_consent_is_refused_at_its_field(cast: Cast, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        give(cast.actor("aoki"), cast.patient("suzuki"), **changed)
    assert refused.value.field == field


def test_a_reservation_beats_every_consent(cast: Cast) -> None:
    actor, patient = cast.actor("aoki"), cast.patient("suzuki")
    with acting(actor):
        assert basis_of(actor, patient) is Basis.POSTED_NOTICE
    give(actor, patient)
    with acting(actor):
        assert basis_of(actor, patient) is Basis.EXPLICIT_CONSENT
    kept = give(actor, patient, type="implicit_notice", reservation="精神科の受診歴は共有しない")
    with acting(actor):
        assert basis_of(actor, patient) is Basis.REFUSAL
        actions.withdraw_consent(actor, kept, reason="留保を取り消す")
        assert basis_of(actor, patient) is Basis.EXPLICIT_CONSENT


def test_only_the_facility_that_registered_the_patient_records_consent(cast: Cast) -> None:
    actor, patient = cast.actor("aoki"), cast.patient("suzuki")
    give(actor, patient, reach="org", facility_ids=[cast.facility("H2").pk])
    with pytest.raises(NotFound):
        give(cast.actor("east_clerk"), patient)
