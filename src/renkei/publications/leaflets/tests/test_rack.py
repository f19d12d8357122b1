"""The rack in the lobby: what to print, what lies there, what is taken out."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from renkei.directory.models import ClosingDay
from renkei.gate.context import acting
from renkei.kernel.errors import DomainError, NotPossibleNow
from renkei.publications.leaflets import actions, pdf, printing, queries, rack
from renkei.publications.leaflets.facts import district_of
from renkei.publications.leaflets.tests.conftest import World, words_of
from renkei.publications.models import PublishedLeaflet
from renkei.publications.tests.region import end_membership
from testing.database import arranging


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("神奈川県みどり市桜台2-3-1", "桜台地区"),
        ("神奈川県みどり市川原町1-2", "川原町地区"),
        ("神奈川県横浜市中区本町３-1", "本町地区"),
        ("神奈川県中郡大磯町東小磯18", "東小磯地区"),
        ("", ""),
    ],
)
def test_the_rack_is_sorted_by_the_part_of_the_town(address: str, district: str) -> None:
    assert district_of(address) == district


def test_the_rack_list_is_in_kana_order_with_the_copies_to_print(world: World) -> None:
    world.approved("hayashi", "C2")
    first = world.approved("kimura", "C1")
    sato = world.cast.actor("sato")
    with acting(sato):
        lines = rack.lines(sato, "中央地区")
    assert [line.name for line in lines] == ["青木内科", "林医院"]
    assert [line.to_print for line in lines] == [20, 20]
    assert world.does("sato", rack.stock, leaflets=[first.leaflet.uid]) == 1
    world.does("sato", rack.place, first.leaflet, district="中央地区", copies=20, left=7)
    with acting(sato):
        assert [line.to_print for line in rack.lines(sato)] == [13, 20]
        text = words_of(pdf.rack_list("みどり中央病院", "中央地区", rack.lines(sato)))
    assert text.index("青木内科") < text.index("林医院")
    assert "33部" in text


def test_the_leaflet_of_a_clinic_that_rests_is_taken_out_and_printed_again_when_it_is_back(
    world: World,
) -> None:
    row, sato = world.approved("kimura", "C1"), world.cast.actor("sato")
    world.does("sato", rack.stock, leaflets=[row.leaflet.uid])
    with arranging("C1 rests for June"):
        days = {"from_on": date(2026, 6, 1), "until_on": date(2026, 6, 30)}
        ClosingDay.objects.create(facility=world.cast.facility("C1"), suspension=True, **days)
    with acting(sato):
        assert rack.lines(sato) == []
        assert [(one.name, one.resting) for one in rack.to_remove(sato)] == [("青木内科", True)]
        rack.take_out(sato, queries.leaflet(sato, row.leaflet.uid))
        assert rack.to_remove(sato) == []
        assert [one.to_print for one in rack.lines(sato, day=date(2026, 7, 1))] == [20]


def test_a_new_version_is_printed_whole_and_the_old_one_exchanged(world: World) -> None:
    first = world.approved()
    world.does("sato", rack.stock, leaflets=[first.leaflet.uid])
    draft = world.does("kimura", actions.next_version, first.leaflet)
    world.does("sato", actions.approve, world.does("kimura", actions.submit, draft))
    sato = world.cast.actor("sato")
    with acting(sato):
        (line,) = rack.lines(sato)
    assert line.outdated
    assert line.to_print == 20


def test_a_withdrawn_clinic_leaves_the_rack_and_the_public_page(world: World, client: Client) -> None:
    version = world.approved()
    world.does("sato", rack.stock, leaflets=[version.leaflet.uid])
    address = reverse("publications:leaflet_public", args=[PublishedLeaflet.objects.get().uid])
    end_membership(world.cast.facility("C1"), date(2026, 6, 1))
    sato = world.cast.actor("sato")
    with acting(sato):
        assert [line.name for line in rack.to_remove(sato)] == ["青木内科"]
        assert not rack.lines(sato)
        assert "青木内科" in words_of(pdf.removal_list("みどり中央病院", rack.to_remove(sato)))
    assert client.get(address).status_code == 404
    world.does("sato", rack.take_out, version.leaflet)
    with acting(sato):
        assert not rack.to_remove(sato)


def test_what_was_counted_lies_in_the_rack_and_is_taken_out_when_the_clinic_leaves(world: World) -> None:
    version = world.approved()
    sato = world.cast.actor("sato")
    world.does("sato", rack.place, version.leaflet, district="中央地区", copies=20, left=7)
    with acting(sato):
        assert [(line.left, line.to_print) for line in rack.lines(sato)] == [(7, 13)]
    end_membership(world.cast.facility("C1"), date(2026, 6, 1))
    with acting(sato):
        assert [(line.name, line.left) for line in rack.to_remove(sato)] == [("青木内科", 7)]


def test_who_left_is_not_filled_up_again(world: World) -> None:
    version = world.approved()
    staying = world.approved("hayashi", "C2")
    end_membership(world.cast.facility("C1"), date(2026, 6, 1))
    with pytest.raises(NotPossibleNow) as refused:
        world.does("sato", rack.stock, leaflets=[staying.leaflet.uid, version.leaflet.uid])
    assert refused.value.code == "no_member"
    sato = world.cast.actor("sato")
    with acting(sato):
        assert [line.racked_number for line in rack.lines(sato)] == [0]
        assert not rack.to_remove(sato)


def test_many_leaflets_are_made_by_the_worker_who_tells(world: World) -> None:
    world.approved()
    made = world.does("sato", printing.bundle, district="")
    assert made.made_at is not None
    assert len(PdfReader(io.BytesIO(bytes(made.content))).pages) == 2
    sato = world.cast.actor("sato")
    with pytest.raises(DomainError):
        world.does("sato", printing.bundle, district="どこにもない地区")
    waiting = printing.AT_ONCE
    try:
        printing.AT_ONCE = 0
        kept = world.does("sato", printing.bundle, district="")
    finally:
        printing.AT_ONCE = waiting
    assert kept.made_at is None
    with arranging("the worker"):
        printing.make_bundle(key=kept.pk, person_id=sato.person_id)
    with acting(sato):
        assert queries.bundle(sato, kept.uid).content
