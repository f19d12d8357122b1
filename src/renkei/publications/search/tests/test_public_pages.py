"""The public pages: no log-in, nothing that is not the facility's own publication, readable without scripts."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from renkei.directory.models import Facility, FacilityProfile, Post, Rule, StaffNote
from renkei.kernel import clock
from renkei.publications.search import pace
from renkei.publications.search.drawing import Spot, draw
from renkei.publications.search.tests.region import CENTRE, Town
from testing.cast import Cast
from testing.database import arranging

MOBILE = "090-0000-1234"
NOTE = "院長の携帯に直接かけてよい"


@pytest.fixture(autouse=True)
def _fresh_pace() -> None:
    pace.forget()


@pytest.fixture
def clinic(cast: Cast) -> Facility:
    """A clinic about which the house knows more than the public may."""
    with arranging():
        town = Town()
        found = town.clinic("若草クリニック", "整形外科", wheelchair=True, message="夕方も診ます")
        house = cast.facility("H1")
        StaffNote.objects.create(facility=house, about=found, text=f"{NOTE} {MOBILE}", written_by="佐藤 恵")
        Post.objects.create(facility=found, title="院長", holder="若草 太郎", representative=True)
        town.register(found, house)
    return found


def addresses(clinic: Facility) -> list[str]:
    """Every public address that says anything about a facility."""
    find = reverse("find:search")
    return [
        f"{find}?department=整形外科",
        f"{find}?department=整形外科&language=en&attributes=wheelchair",
        reverse("find:detail", args=[clinic.uid]),
        f"{reverse('find:suggest')}?q=若草",
        f"{reverse('find:places')}?department=整形外科",
    ]


def test_nobody_logs_in_and_the_facility_is_found(clinic: Facility, client: Client) -> None:
    for address in addresses(clinic):
        response = client.get(address)
        assert response.status_code == 200, address
        assert "若草クリニック" in response.content.decode(), address


def test_staff_notes_mobile_numbers_and_patients_stand_on_no_public_page(
    cast: Cast, clinic: Facility, client: Client
) -> None:
    people = [name for patient in cast.patients.values() for name in (patient.name, patient.kana)]
    staff = [actor.label for actor in cast.actors.values()]
    for address in addresses(clinic):
        text = client.get(address).content.decode()
        for secret in (NOTE, MOBILE, "若草 太郎", *people, *staff):
            assert secret not in text, (address, secret)


def test_even_the_house_itself_sees_no_note_on_the_public_page(
    cast: Cast, clinic: Facility, browser: object
) -> None:
    logged_in = browser.log_in(cast.actor("sato"))  # type: ignore[attr-defined]
    for address in addresses(clinic):
        assert NOTE not in logged_in.get(address).content.decode()


def test_a_closing_day_is_on_the_list_and_the_page_at_once(clinic: Facility, client: Client) -> None:
    with clock.frozen(clock.jst(2026, 6, 1, 9, 0)):
        assert "臨時休診" not in client.get(addresses(clinic)[0]).content.decode()
        with arranging():
            Town().closing(clinic, date(2026, 6, 5), note="学会のため")
        for address in (addresses(clinic)[0], addresses(clinic)[2], addresses(clinic)[4]):
            assert "6月5日(金) 臨時休診 学会のため" in client.get(address).content.decode(), address
        gone = client.get(f"{reverse('find:search')}?department=整形外科&day=2026-06-05")
        assert "すべてに合う医療機関は見つかりませんでした" in gone.content.decode()
        assert "1件" in gone.content.decode()


def test_a_list_says_whose_data_nobody_confirmed_for_a_year(clinic: Facility, client: Client) -> None:
    says = "掲載内容の確認日が古いか、まだありません"
    address = addresses(clinic)[0]
    assert says in client.get(address).content.decode()
    with arranging():
        FacilityProfile.objects.filter(facility=clinic).update(confirmed_on=clock.today())
    assert says not in client.get(address).content.decode()


def test_who_does_not_want_to_be_listed_has_no_public_page(cast: Cast, client: Client) -> None:
    with arranging():
        hidden = Town().clinic("載せない医院", "整形外科", listed=False)
    detail, picture = (reverse(f"find:{name}", args=[hidden.uid]) for name in ("detail", "picture"))
    assert client.get(detail).status_code == 404
    assert client.get(picture).status_code == 404
    for address in (*addresses(hidden)[:2], *addresses(hidden)[3:]):
        assert "載せない医院" not in client.get(address).content.decode()


def test_what_cannot_be_read_is_said_at_its_field(clinic: Facility, client: Client) -> None:
    find = reverse("find:search")
    for query, says in (
        ("day=きのう", "日付は 2026-06-05 のように"),
        ("day=2020-01-01", "今日から1年以内"),
        ("within_km=5", "地域か町名も選んでください"),
        ("department=呪術科", "正しく選択"),
    ):
        response = client.get(f"{find}?{query}")
        assert response.status_code == 422
        assert says in response.content.decode(), query
    assert client.get(f"{reverse('find:places')}?department=呪術科").status_code == 422


def test_a_suggestion_that_was_taken_opens_the_facility(clinic: Facility, client: Client) -> None:
    response = client.get(f"{reverse('find:search')}?q=若草クリニック&q_code={clinic.uid}")
    assert response.status_code == 302
    assert str(clinic.uid) in response["Location"]


def test_searching_too_often_is_answered_with_a_pause(clinic: Facility, client: Client) -> None:
    with arranging():
        Rule.objects.filter(code="search.looks_per_minute").update(params={"value": 2})
    with clock.frozen(clock.jst(2026, 6, 1, 9, 0) + timedelta(seconds=20)):
        codes = [client.get(addresses(clinic)[0]).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert client.get(addresses(clinic)[0])["Retry-After"] == "40"
    with clock.frozen(clock.jst(2026, 6, 1, 9, 1)):
        assert client.get(addresses(clinic)[0]).status_code == 200


def test_the_map_asks_nobody_outside_unless_a_tile_server_is_set(
    clinic: Facility, client: Client, settings: object
) -> None:
    address = addresses(clinic)[0]
    assert "<image" not in client.get(address).content.decode()
    settings.RENKEI_TILES = "https://tiles.example.jp/{z}/{x}/{y}.png"  # type: ignore[attr-defined]
    settings.RENKEI_TILES_ATTRIBUTION = "試しの地図"  # type: ignore[attr-defined]
    for with_map in (address, addresses(clinic)[2]):
        answer = client.get(with_map)
        assert 'href="https://tiles.example.jp/16/' in answer.content.decode()
        assert "試しの地図" in answer.content.decode()
        assert images_from(answer) == ["'self'", "data:", "https://tiles.example.jp"]
    for without in (reverse("find:search"), "/accounts/login/"):
        assert images_from(client.get(without)) == ["'self'", "data:"]


def images_from(answer: HttpResponse) -> list[str]:
    """Where the browser may take pictures from."""
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    return policy["img-src"].split()


def test_markers_lie_inside_the_map_and_do_not_cover_each_other() -> None:
    spots = [Spot(str(n), f"医院{n}", CENTRE[0] + n // 3 / 50, CENTRE[1] + n % 2 / 40) for n in range(8)]
    drawing = draw(spots, place=Spot("", "起点", *CENTRE))
    assert drawing is not None
    assert all(0 <= m.x <= drawing.width and 0 <= m.y <= drawing.height for m in drawing.markers)
    apart = [
        (a.x - b.x) ** 2 + (a.y - b.y) ** 2
        for i, a in enumerate(drawing.markers)
        for b in drawing.markers[i + 1 :]
    ]
    assert min(apart) >= 21.8**2
    assert draw([]) is None


def test_the_next_page_goes_on_where_the_first_one_ends(cast: Cast, client: Client) -> None:
    with arranging():
        town = Town()
        for number in range(23):
            town.clinic(f"連番医院{number:02}", "眼科", kana=f"レンバン{number:02}")
    first = client.get(f"{reverse('find:search')}?department=眼科").content.decode()
    assert "連番医院19" in first
    assert "連番医院20" not in first
    link = html.unescape(re.findall(r'href="(\?[^"]*after=[^"]+)"', first)[0])
    second = client.get(reverse("find:search") + link).content.decode()
    assert "連番医院19" not in second
    assert "連番医院22" in second
    assert 'start="21"' in second
    assert client.get(f"{reverse('find:search')}?department=眼科&after=forged&from=²").status_code == 200


def test_the_neighbourhood_of_a_facility_can_be_searched(clinic: Facility, client: Client) -> None:
    with arranging():
        Town().clinic("となりの眼科", "眼科", north_km=0.6)
    text = client.get(f"{reverse('find:search')}?base={clinic.uid}").content.decode()
    assert text.index("若草クリニック") < text.index("となりの眼科")
    assert "1km以内" in text
    assert (
        client.get(f"{reverse('find:search')}?base=00000000-0000-7000-8000-000000000000").status_code == 200
    )
