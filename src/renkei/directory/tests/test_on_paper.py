"""A house that a letter or a caller names: found, or made once, whoever names it."""

from __future__ import annotations

import pytest

from renkei.directory.actions import facility_on_paper
from renkei.directory.models import Facility
from testing.cast import Cast
from testing.database import arranging


def test_a_house_with_a_number_is_found_by_it_whatever_it_is_called(cast: Cast) -> None:
    with arranging():
        known = facility_on_paper("林内科", number="１４１-０００００４５")
        assert known.pk == cast.facility("C2").pk


def test_a_new_house_is_reached_on_paper_and_made_once(cast: Cast) -> None:
    with arranging():
        first = facility_on_paper(
            "架空クリニック", number="1410009988", telephone="0463-00-7777", fax="番号なし", postal="2590000"
        )
        again = facility_on_paper("かくう医院", number="1410009988")
        assert (first.pk, first.uses_renkei, first.phone, first.fax) == (again.pk, False, "0463-00-7777", "")


def test_without_a_number_only_a_house_on_paper_of_that_name_is_the_same(cast: Cast) -> None:
    with arranging():
        made = facility_on_paper(cast.facility("C2").name, number="12345")
        assert made.pk != cast.facility("C2").pk
        assert made.institution_number is None
        assert facility_on_paper(cast.facility("C2").name).pk == made.pk
        assert Facility.objects.filter(name=made.name).count() == 2


@pytest.mark.parametrize(
    ("name", "number", "kind"),
    [
        ("架空病院", "1410009988", "hospital"),
        ("架空医療センター", "", "hospital"),
        ("架空医院", "1410009988", "clinic"),
        ("かくう歯科", "", "dental"),
        ("架空デンタル", "1420009988", "dental"),
        ("架空デンタル", "1430009988", "dental"),
    ],
)
def test_the_kind_is_read_from_the_name_and_the_fee_table(
    cast: Cast, name: str, number: str, kind: str
) -> None:
    with arranging():
        assert facility_on_paper(name, number=number).kind == kind
