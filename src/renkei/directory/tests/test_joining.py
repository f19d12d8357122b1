"""Two rows of one house become one: the other is found no more, its number leads to the one that stays."""

from __future__ import annotations

import pytest
from django.urls import reverse

from renkei.directory import actions, queries
from renkei.directory.joining import join_facilities
from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotAllowed
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


@pytest.fixture
def double(cast: Cast) -> Facility:
    """林医院 once more, as a letter named it."""
    with arranging():
        return actions.facility_on_paper("林医院(内科)", number="1410000995", telephone="0463-00-7777")


def test_the_joined_row_is_found_no_more_and_its_number_leads_to_the_other(
    cast: Cast, administrator: Actor, double: Facility
) -> None:
    keep = cast.facility("C2")
    with acting(administrator):
        join_facilities(administrator, keep, other=double)
    assert [f.name for f in queries.search_facilities("林医院")] == ["林医院"]
    found = queries.facility_by_number("1410000995")
    assert found is not None
    assert (found.pk, found.institution_number) == (keep.pk, "1410000045")
    gone = queries.facility(double.uid)
    assert (gone.joined_to_id, gone.institution_number, gone.is_open()) == (keep.pk, None, False)


def test_what_the_kept_row_lacks_comes_from_the_other(
    cast: Cast, administrator: Actor, double: Facility
) -> None:
    with acting(administrator):
        keep = actions.add_facility(administrator, kind="clinic", name="林医院 分院", uses_renkei=False)
        join_facilities(administrator, keep, other=double)
    now = queries.facility(keep.uid)
    assert (now.institution_number, now.phone) == ("1410000995", "0463-00-7777")


def test_a_house_in_use_itself_and_a_joined_row_are_refused(
    cast: Cast, administrator: Actor, double: Facility
) -> None:
    with acting(administrator):
        for keep, other in (
            (cast.facility("C2"), cast.facility("C1")),
            (cast.facility("C2"), cast.facility("C2")),
        ):
            with pytest.raises(Invalid) as refused:
                join_facilities(administrator, keep, other=other)
            assert refused.value.field == "other"
        join_facilities(administrator, cast.facility("C2"), other=double)
        with pytest.raises(Invalid):
            join_facilities(administrator, cast.facility("C1"), other=double)
    with acting(cast.actor("hayashi")) as hayashi, pytest.raises(NotAllowed):
        join_facilities(hayashi, cast.facility("C2"), other=double)


def test_the_page_of_the_joined_row_leads_to_the_other(
    cast: Cast, browser: StaffClient, administrator: Actor, double: Facility
) -> None:
    keep = cast.facility("C2")
    browser.log_in(administrator)
    url = reverse("directory:join", args=[keep.uid])
    form = {"other": double.name, "other_code": str(double.uid)}
    assert browser.post(url, form).status_code == 302
    page = browser.get(reverse("directory:facility", args=[double.uid])).content.decode()
    assert "林医院</a>にまとめました" in page
    browser.log_in(cast.actor("sato"))
    assert browser.get(url).status_code == 403
