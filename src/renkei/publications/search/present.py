"""From what was found to what a page shows: lines, chips, the map, links that take one wish away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from renkei.directory.models import Facility
from renkei.directory.profiles.queries import confirmation
from renkei.directory.profiles.queries import stale as stale_among
from renkei.directory.profiles.types import LANGUAGES
from renkei.directory.queries import kinds_label
from renkei.directory.types import CareFunction
from renkei.kernel import clock, holidays
from renkei.publications.search.drawing import Drawing, Spot, draw
from renkei.publications.search.forms import parameters
from renkei.publications.search.types import ATTRIBUTES, Closing, Hit, Relaxation, Wish, Wishes
from renkei.publications.search.wishes import HOLIDAY, single, without
from renkei.ui.types import Row

WEEKDAYS = "月火水木金土日"


@dataclass(frozen=True)
class Line:
    """One facility of a list, ready to show."""

    number: int
    hit: Hit
    kind: str
    departments: str
    offers: list[str]
    distance: str
    today: str
    closings: list[str]
    url: str
    stale: bool = False
    suspended: bool = False


@dataclass(frozen=True)
class Chip:
    """One wish with the address of the search without it."""

    label: str
    url: str
    count: str = ""


def line(number: int, hit: Hit, stale: bool = False) -> Line:
    """``number`` is the marker's on the map; ``stale``: nobody confirmed the data for the time that the rules allow."""
    return Line(
        number=number,
        hit=hit,
        kind=kinds_label(hit.kind),
        departments="・".join(hit.departments),
        offers=offers(hit),
        distance=distance(hit.distance),
        today=hours_of_today(hit),
        closings=[closing(c) for c in hit.closings],
        url=reverse("find:detail", args=[hit.uid]),
        stale=stale,
        suspended=hit.suspended_on(clock.today()),
    )


def number_of(text: str) -> int:
    """The number of the first line of a page; what nobody gave out is 1."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def lines(hits: Sequence[Hit], first: int = 1) -> list[Line]:
    """A list, numbered from ``first``; who did not confirm its data lately is asked for all of them at once."""
    old = stale_among([hit.id for hit in hits]) if hits else set()
    return [line(number, hit, hit.id in old) for number, hit in enumerate(hits, start=first)]


def offers(hit: Hit) -> list[str]:
    """Attributes, functions and languages by name."""
    tags = set(hit.tags)
    found = [label for key, label in ATTRIBUTES.items() if f"a:{key}" in tags]
    # イ–ニ are the letters of the law; people look for the words.
    found += [str(f.label).split(" ", 1)[-1] for f in CareFunction if f"f:{f.value}" in tags]
    return found + [label for key, label in LANGUAGES.items() if f"l:{key}" in tags]


def distance(km: float | None) -> str:
    """``0.4km``, ``12km``; empty when it is not known."""
    if km is None:
        return ""
    return f"約{max(km, 0.1):.1f}km" if km < 10 else f"約{km:.0f}km"


def closing(days: Closing) -> str:
    """``6月8日(月) 臨時休診 学会のため``."""
    word = "休止" if days.suspension else "臨時休診"
    first = _day(days.from_on)
    if days.until_on is None:
        return f"{first}から休止(再開未定){' ' + days.note if days.note else ''}"
    span = first if days.from_on == days.until_on else f"{first}〜{_day(days.until_on)}"
    return f"{span} {word}{' ' + days.note if days.note else ''}"


def _day(day: Any) -> str:
    return f"{day.month}月{day.day}日({WEEKDAYS[day.weekday()]})"


def hours_of_today(hit: Hit) -> str:
    """``本日 9:00–12:00、15:00–18:00``, or that it is closed out of turn; a national holiday has hours of its own."""
    today = clock.today()
    if hit.suspended_on(today):
        return "休止中"
    if any(c.on(today) for c in hit.closings):
        return "本日は臨時休診"
    holiday = bool(holidays.holiday_name(today))
    weekday = HOLIDAY if holiday else today.weekday()
    mine = [h for h in hit.hours or [] if h.get("weekday") == weekday]
    if spans := sorted((h["opens"], h["closes"]) for h in mine):
        return f"本日{'(祝日)' if holiday else ''} " + "、".join(f"{a}–{b}" for a, b in spans)
    return "本日は祝日の休診" if holiday and hit.hours else ""


def address_of(wishes: Wishes, base: object = "", path: str = "find:search") -> str:
    """Where the same search stands."""
    return f"{reverse(path)}?{urlencode(parameters(wishes, base))}"


def chips(wishes: Wishes, base: object = "") -> list[Chip]:
    """Every wish, each with the search without it."""
    return [Chip(wish.label, _without(wishes, wish, base)) for wish in single(wishes)]


def relaxed(found: Sequence[Relaxation], wishes: Wishes, base: object = "") -> list[Chip]:
    """What to give up, and how many there are then."""
    return [
        Chip(r.wish.label, _without(wishes, r.wish, base), f"{r.count:,}件{'以上' if r.more else ''}")
        for r in found
    ]


def _without(wishes: Wishes, wish: Wish, base: object) -> str:
    return address_of(without(wishes, wish), base)


def map_of(
    shown: Sequence[Line], wishes: Wishes, *, links: bool = True, tiles: str | None = None, **size: int
) -> Drawing | None:
    """The facilities of a page by their numbers; one alone on an empty grid tells nothing, so None."""
    spots = [
        Spot(
            str(one.number),
            one.hit.name,
            one.hit.latitude,
            one.hit.longitude,
            one.url if links else "",
            "registered" if one.hit.registered else "plain",
        )
        for one in shown
        if one.hit.latitude is not None and one.hit.longitude is not None
    ]
    address = settings.RENKEI_TILES if tiles is None else tiles
    place = Spot("", wishes.near_label or "起点", *wishes.near) if wishes.near else None
    if not spots or not (address or place or len(spots) > 1):
        return None
    return draw(spots, place=place, tiles=address, **size)


def rows_of(hit: Hit, facility: Facility) -> list[Row]:
    """The detail page's table: nothing but what the facility publishes about itself."""
    profile = getattr(facility, "profile", None)
    postal = f"〒{facility.postal_code} " if facility.postal_code else ""
    rows = [
        Row("種別", kinds_label(hit.kind)),
        Row("診療科", "・".join(hit.departments)),
        Row("住所", f"{postal}{facility.address}"),
        Row("電話", facility.phone, f"tel:{facility.phone}" if facility.phone else ""),
        Row("交通", facility.access),
        Row("ホームページ", profile.website if profile else "", profile.website if profile else ""),
        Row("対応", "・".join(offers(hit))),
    ]
    return [row for row in rows if row.value]


def confirmed(facility: Facility) -> str:
    """When the facility last said that all of this is right."""
    found = confirmation(facility)
    return f"{found.says}。" + ("受診の前にお電話でお確かめください。" if found.stale else "")


def geojson(shown: Sequence[Line]) -> dict[str, Any]:
    """The page as GeoJSON (RFC 7946): what the list shows, and nothing else."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": None
                if one.hit.latitude is None
                else {"type": "Point", "coordinates": [one.hit.longitude, one.hit.latitude]},
                "properties": {
                    "number": one.number,
                    "name": one.hit.name,
                    "kind": one.kind,
                    "departments": one.hit.departments,
                    "address": one.hit.address,
                    "phone": one.hit.phone,
                    "offers": one.offers,
                    "marks": one.hit.marks,
                    "reason": one.hit.reason,
                    "closings": one.closings,
                    "suspended": one.suspended,
                    "url": one.url,
                },
            }
            for one in shown
        ],
    }
