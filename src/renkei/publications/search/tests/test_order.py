"""Who stands before whom, and why: wishes met, distance band, registration, reading."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.enrolments.models import Scheme
from renkei.kernel import clock
from renkei.publications.search import queries
from renkei.publications.search.tests.region import CENTRE, EVENINGS, MORNINGS, Town
from renkei.publications.search.types import Found, Wishes
from testing.cast import Cast
from testing.database import arranging


def find(wishes: Wishes, house_id: int = 0, after: str = "", size: int = 20, **more: bool) -> Found:
    """The page of ``wishes``."""
    return queries.search(queries.asked_for(wishes, house_id=house_id, size=size, **more), after)


def names(found: Found) -> list[str]:
    """Names from the top."""
    return [hit.name for hit in found.hits]


NEAR = Wishes(department="整形外科", near=CENTRE)


def test_a_registered_clinic_stands_first_inside_an_equal_match(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("あさひ整形", "整形外科", kana="アサヒ")
        town.register(town.clinic("わかば整形", "整形外科", kana="ワカバ"), cast.facility("H1"))
    found = find(NEAR)
    assert names(found) == ["わかば整形", "あさひ整形"]
    assert [hit.reason for hit in found.hits] == [
        "ご希望1つに合う・1km以内・登録医",
        "ご希望1つに合う・1km以内",
    ]


def test_a_nearer_band_stands_before_a_registration(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.register(town.clinic("遠い登録医", "整形外科", north_km=3), cast.facility("H1"))
        town.clinic("近い医院", "整形外科", north_km=0.5)
    assert names(find(NEAR)) == ["近い医院", "遠い登録医"]


def test_inside_a_band_a_few_hundred_metres_do_not_decide(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("手前の医院", "整形外科", north_km=1.1, kana="ア")
        town.register(town.clinic("奥の登録医", "整形外科", north_km=1.9, kana="ン"), cast.facility("H1"))
    assert names(find(NEAR)) == ["奥の登録医", "手前の医院"]


def test_an_unregistered_clinic_that_meets_every_wish_is_never_hidden_by_registered_ones(cast: Cast) -> None:
    wishes = Wishes(department="整形外科", attributes=("wheelchair",), near=CENTRE)
    with arranging():
        town = Town()
        for number in range(3):
            almost = town.clinic(f"登録医{number}", "整形外科", north_km=0.1)
            town.register(almost, cast.facility("H1"))
        town.clinic("合う医院", "整形外科", north_km=19, wheelchair=True)
    found = find(wishes)
    assert names(found) == ["合う医院"]
    assert [hit.name for hit in found.near_misses] == ["登録医0", "登録医1", "登録医2"]
    assert {hit.missing for hit in found.near_misses} == {"車椅子で入れる"}
    assert found.near_misses[0].reason == "ご希望2つのうち1つ・1km以内・登録医"


@pytest.mark.parametrize(("days_ago", "registered"), [(-1, True), (0, False), (1, False)])
def test_a_registration_that_has_ended_makes_nobody_a_registered_physician(
    cast: Cast, days_ago: int, registered: bool
) -> None:
    ended = clock.today() - timedelta(days=days_ago)
    with arranging():
        town = Town()
        town.register(town.clinic("元登録医", "整形外科"), cast.facility("H1"), until_on=ended)
    for house_id in (0, cast.facility("H1").pk):
        hit = find(NEAR, house_id).hits[0]
        assert hit.registered is registered
        assert bool(hit.marks) is registered
        assert ("登録医" in hit.reason) is registered


def test_a_registration_that_has_not_begun_does_not_count(cast: Cast) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    with arranging():
        town = Town()
        town.register(town.clinic("来月の登録医", "整形外科"), cast.facility("H1"), from_on=tomorrow)
    assert not find(NEAR).hits[0].registered


def test_a_scheme_that_was_given_up_registers_nobody(cast: Cast) -> None:
    house = cast.facility("H1")
    with arranging():
        town = Town()
        town.register(town.clinic("終わった制度の医院", "整形外科"), house)
        Scheme.objects.filter(owner=house).update(ended_on=clock.today())
    for house_id in (0, house.pk):
        hit = find(NEAR, house_id).hits[0]
        assert (hit.registered, hit.marks) == (False, [])


def test_the_counter_puts_first_whom_its_own_house_has_registered(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.register(town.clinic("よその登録医", "整形外科", kana="ア"), cast.facility("H2"))
        town.register(town.clinic("うちの登録医", "整形外科", kana="ン"), cast.facility("H1"))
    found = find(NEAR, cast.facility("H1").pk)
    assert names(found) == ["うちの登録医", "よその登録医"]
    assert [hit.marks for hit in found.hits] == [["登録医"], []]


CLINICS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.3, 0.8, 1.5, 4.0, 30.0, None]), st.booleans()),
    min_size=2,
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clinics=CLINICS)
def test_registration_never_moves_anybody_before_a_better_match(
    cast: Cast, clinics: list[tuple[bool, float | None, bool]]
) -> None:
    """Taking every registration away changes the order only between equals: same wishes met, same band."""
    house = cast.facility("H1")
    wishes = Wishes(department="皮膚科", attributes=("wheelchair",), near=CENTRE)
    with arranging():
        town = Town()
        for number, (wheelchair, km, registered) in enumerate(clinics):
            made = town.clinic(f"皮膚科{number}", "皮膚科", north_km=km, wheelchair=wheelchair)
            if registered:
                town.register(made, house)
    with_marks, without = find(wishes, house.pk), find(wishes, cast.facility("X2").pk)
    for some, others in ((with_marks.hits, without.hits), (with_marks.near_misses, without.near_misses)):
        assert [hit.band for hit in some] == [hit.band for hit in others]
        assert {hit.id for hit in some} == {hit.id for hit in others}
    ranks = [(hit.band, not hit.registered, hit.kana, hit.id) for hit in with_marks.hits]
    assert ranks == sorted(ranks)
    with arranging():
        _take_away("皮膚科")


def _take_away(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM publications_searchentry WHERE facility_id IN"
            " (SELECT id FROM directory_facility WHERE name LIKE %s)",
            [f"{name}%"],
        )


def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast) -> None:
    with arranging():
        town = Town()
        for number in range(7):
            made = town.clinic(
                f"医院{number}", "整形外科", north_km=(0.5, 3)[number % 2], kana=f"カ{number % 3}"
            )
            if number % 3 == 0:
                town.register(made, cast.facility("H1"))
    whole = names(find(NEAR))
    seen, after = [], ""
    while True:
        found = find(NEAR, after=after, size=2)
        assert found.total == 7
        seen += names(found)
        after = found.after
        if not after:
            break
    assert seen == whole
    assert len(seen) == 7


def test_a_forged_page_key_begins_at_the_beginning(cast: Cast) -> None:
    with arranging():
        Town().clinic("ひとつ", "整形外科")
    assert names(find(NEAR, after='[9,9,"x",9]:forged')) == ["ひとつ"]


def test_day_and_hour_belong_together(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("夕方もある", "整形外科", hours=[*MORNINGS, *EVENINGS])
        town.clinic("朝だけ", "整形外科", hours=MORNINGS)
    friday = Wishes(department="整形外科", weekday="4", hour="18:00")
    assert names(find(friday)) == ["夕方もある"]
    assert names(find(Wishes(department="整形外科", weekday="2", hour="18:00"))) == []
    assert names(find(Wishes(department="整形外科", hour="18:00"))) == ["夕方もある"]
    assert find(friday).hits[0].reason == "ご希望2つすべて"


def test_a_holiday_has_hours_of_its_own(cast: Cast) -> None:
    holiday = date(2026, 7, 20)
    with arranging():
        town = Town()
        town.clinic("平日だけ", "整形外科")
        town.clinic("祝日も", "整形外科", hours=[{"weekday": 7, "opens": "09:00", "closes": "12:00"}])
    assert names(find(Wishes(department="整形外科", day=holiday))) == ["祝日も"]
