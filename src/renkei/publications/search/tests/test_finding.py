"""What is found and what is not: profile, closing days, those who do not want to be listed; what to relax."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from renkei.directory.events import ProfileChanged
from renkei.directory.models import ClosingDay, FacilityProfile
from renkei.events.bus import deliver_pending, emit
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.publications.models import SearchEntry
from renkei.publications.search import queries
from renkei.publications.search.entries import district_of
from renkei.publications.search.jobs import refresh_everything
from renkei.publications.search.present import hours_of_today
from renkei.publications.search.tests.region import CENTRE, MORNINGS, Town
from renkei.publications.search.tests.test_order import find, names
from renkei.publications.search.types import Wishes
from testing.cast import Cast
from testing.database import arranging

MONDAY = date(2026, 6, 8)


@pytest.mark.parametrize(
    ("address", "areas", "district"),
    [
        ("神奈川県みどり市桜台1丁目2-3", ["みどり市"], "桜台"),
        ("神奈川県みどり市桜台一丁目2番3号", [], "桜台"),
        ("みどり市三軒町1-2", ["みどり市"], "三軒町"),
        ("神奈川県横浜市緑区長津田町2-1", ["横浜市緑区"], "長津田町"),
        ("神奈川県横浜市緑区長津田町2-1", [], "長津田町"),
        ("神奈川県みさき町3丁目2-1", ["試しの医療圏"], ""),
        ("神奈川県みどり市大字北野字上123", ["みどり市"], "北野字上"),
        ("", [], ""),
    ],
)
def test_an_address_names_the_part_of_the_town(address: str, areas: list[str], district: str) -> None:
    assert district_of(address, areas) == district


def test_every_wish_narrows(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("何もない医院", address="神奈川県みどり市北野1-1")
        town.clinic(
            "何でもある医院", "内科", "皮膚科", wheelchair=True, female_physician=True, house_calls=True,
            home_visits=True, languages=["en"], functions=["home_care", "after_hours"],
        )  # fmt: skip
    for wishes in (
        Wishes(department="皮膚科"),
        Wishes(district="桜台"),
        Wishes(attributes=("wheelchair", "female_physician", "house_calls", "home_visits")),
        Wishes(language="en", district="桜台"),
        Wishes(functions=("home_care",)),
        Wishes(words="何でも ある"),
    ):
        assert names(find(wishes)) == ["何でもある医院"], wishes
    assert len(find(Wishes(area="14999")).hits) == 2
    assert len(find(Wishes(area="14")).hits) == 2
    assert names(find(Wishes(kind="dental"))) == []


def test_a_distance_is_a_wish_and_the_middle_of_the_area_is_the_place(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("中の医院", north_km=0.5)
        town.clinic("端の医院", north_km=8)
        town.clinic("場所のない医院", north_km=None)
    assert names(find(Wishes(department="内科", within_km=5, near=CENTRE))) == ["中の医院"]
    found = find(Wishes(area="14999"))
    assert [hit.name for hit in found.hits][-1] == "場所のない医院"
    assert found.hits[-1].reason == "ご希望1つに合う・距離不明"


def test_a_closing_day_counts_the_moment_it_is_entered(cast: Cast) -> None:
    wishes = Wishes(department="内科", day=MONDAY)
    with clock.frozen(clock.jst(2026, 6, 1, 9, 0)), arranging():
        town = Town()
        clinic = town.clinic("臨時に休む医院")
        assert names(find(wishes)) == ["臨時に休む医院"]
        town.closing(clinic, MONDAY, note="学会のため")
        assert names(find(wishes)) == []
        assert names(find(Wishes(department="内科", day=MONDAY + timedelta(days=1)))) == ["臨時に休む医院"]
        shown = find(Wishes(department="内科")).hits[0]
        assert [(c.from_on, c.note) for c in shown.closings] == [(MONDAY, "学会のため")]


def test_closed_suspended_and_unlisted_facilities_are_not_in_the_public_search(cast: Cast) -> None:
    today = clock.today()
    with arranging():
        town = Town()
        town.clinic("閉院した", closed_on=today)
        town.closing(
            town.clinic("休止中"), today - timedelta(days=3), today + timedelta(days=30), suspension=True
        )
        hidden = town.clinic("載せない", listed=False)
        town.clinic("開いている")
        town.clinic("来月閉院", closed_on=today + timedelta(days=30))
    wishes = Wishes(area="14999")
    assert sorted(names(find(wishes))) == ["来月閉院", "開いている"]
    assert "載せない" in names(find(wishes, staff=True))
    with pytest.raises(NotFound):
        queries.one(hidden.uid, queries.asked_for(Wishes()))


def test_who_asks_not_to_be_listed_is_gone_before_the_entry_is_made_anew(cast: Cast) -> None:
    with arranging():
        clinic = Town().clinic("いま外す医院")
        FacilityProfile.objects.filter(facility=clinic).update(listed=False)
    assert names(find(Wishes(area="14999"))) == []
    with pytest.raises(NotFound):
        queries.one(clinic.uid, queries.asked_for(Wishes()))


def test_offices_and_fire_stations_have_no_entry(cast: Cast) -> None:
    with arranging():
        town = Town()
        office = town.clinic("市役所", kind="public_body")
        assert not SearchEntry.objects.filter(facility=office).exists()


def test_the_night_mends_what_no_event_told(cast: Cast) -> None:
    with arranging():
        clinic = Town().clinic("あとから車椅子")
        FacilityProfile.objects.filter(facility=clinic).update(wheelchair=True)
        assert names(find(Wishes(attributes=("wheelchair",), area="14999"))) == []
        assert refresh_everything() >= 1
        assert refresh_everything() == 0
    assert names(find(Wishes(attributes=("wheelchair",), area="14999"))) == ["あとから車椅子"]


def test_a_changed_profile_is_found_by_its_new_words_a_moment_later(cast: Cast) -> None:
    with arranging():
        clinic = Town().clinic("車椅子の知らせ")
        FacilityProfile.objects.filter(facility=clinic).update(wheelchair=True)
        emit(ProfileChanged(clinic.pk))
        deliver_pending()
    assert names(find(Wishes(attributes=("wheelchair",), area="14999"))) == ["車椅子の知らせ"]


def test_nothing_found_says_which_one_wish_to_give_up(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("皮膚科一", "皮膚科", wheelchair=True)
        town.clinic("皮膚科二", "皮膚科", wheelchair=True)
        town.clinic("眼科", "眼科", wheelchair=True, languages=["en"])
    wishes = Wishes(department="皮膚科", attributes=("wheelchair",), language="en", area="14999")
    asked = queries.asked_for(wishes)
    assert queries.search(asked).total == 0
    told = [(r.wish.label, r.count) for r in queries.relaxations(asked)]
    assert told == [("英語", 2), ("皮膚科", 1)]


def test_a_search_is_one_statement_and_so_is_what_to_relax(cast: Cast, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with arranging():
        Town().clinic("ひとつ", wheelchair=True)
    asked = queries.asked_for(Wishes(department="眼科", attributes=("wheelchair",), area="14999"))
    with django_assert_num_queries(2):
        queries.search(asked)
    with django_assert_num_queries(1):
        queries.relaxations(asked)


def test_typing_ahead_knows_departments_and_names_in_kanji_and_kana(cast: Cast) -> None:
    with arranging():
        town = Town()
        town.clinic("若草整形クリニック", "整形外科", kana="ワカクサセイケイクリニック")
        town.clinic("若草内緒医院", kana="ワカクサナイショ", listed=False)
    assert [c.text for c in queries.suggest("わかくさ")] == ["若草整形クリニック"]
    assert [c.text for c in queries.suggest("若草")] == ["若草整形クリニック"]
    assert queries.suggest("") == []


def test_typing_ahead_suggests_only_what_has_a_public_page_today(cast: Cast) -> None:
    today = clock.today()
    with arranging():
        town = Town()
        town.clinic("白梅医院", kana="シラウメイイン")
        town.closing(town.clinic("白梅休止医院", kana="シラウメキュウシ"), today, suspension=True)
        just_off = town.clinic("白梅非掲載医院", kana="シラウメヒケイサイ")
        FacilityProfile.objects.filter(facility=just_off).update(listed=False)
    found = queries.suggest("白梅")
    assert [c.text for c in found] == ["白梅医院", "白梅休止医院"]
    assert [bool(c.warning) for c in found] == [False, True]


def test_who_rests_is_offered_to_nobody_and_shown_to_whoever_asks_for_it_by_name(cast: Cast) -> None:
    with clock.frozen(clock.jst(2026, 6, 1, 9, 0)):
        today = clock.today()
        with arranging():
            town = Town()
            resting, open_one = town.clinic("桜の休止医院", kana="ア"), town.clinic("桜の医院", kana="イ")
            town.register(resting, cast.facility("H1"))
            town.register(open_one, cast.facility("H1"))
            ClosingDay.objects.create(facility=resting, from_on=today, until_on=None, suspension=True)
        assert names(find(Wishes(department="内科"))) == ["桜の医院"]
        found = find(Wishes(words="桜の")).hits
        # Registered first no more, although its reading is the first.
        assert [(h.name, h.registered, h.suspended_on(today)) for h in found] == [
            ("桜の医院", True, False),
            ("桜の休止医院", False, True),
        ]
        assert hours_of_today(found[1]) == "休止中"
        page = queries.one(resting.uid, queries.asked_for(Wishes()))
        assert (page.suspended_on(today), page.registered) == (True, False)
        assert names(find(Wishes(words="桜の", day=MONDAY))) == ["桜の医院"]
        with arranging():
            ClosingDay.objects.update(until_on=today)
    with clock.frozen(clock.jst(2026, 6, 2, 9, 0)):
        assert names(find(Wishes(department="内科"))) == ["桜の休止医院", "桜の医院"]


def test_a_holiday_shows_the_hours_of_holidays_as_todays(cast: Cast) -> None:
    holiday = {"weekday": 7, "opens": "10:00", "closes": "13:00"}
    with clock.frozen(clock.jst(2026, 7, 20, 9, 0)), arranging():
        town = Town()
        town.clinic("平日だけの医院", kana="ア")
        town.clinic("祝日も開く医院", kana="イ", hours=[*MORNINGS, holiday])
        hits = find(Wishes(area="14999")).hits
        assert [hours_of_today(hit) for hit in hits] == ["本日は祝日の休診", "本日(祝日) 10:00–13:00"]
    with clock.frozen(clock.jst(2026, 7, 21, 9, 0)):
        assert [hours_of_today(hit) for hit in hits] == ["本日 09:00–12:00"] * 2
