"""From what the form says to single wishes, each with its name and its tag."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from renkei.directory.profiles.types import LANGUAGES
from renkei.directory.types import CareFunction
from renkei.kernel import holidays
from renkei.kernel.names import kana_key, kanji_key
from renkei.publications.search.types import ATTRIBUTES, WEEKDAYS, Wish, Wishes, slot_of

HOLIDAY = 7


def folded(text: str) -> str:
    """One key for kanji, hiragana and katakana alike, as the directory keeps it."""
    return kana_key(kanji_key(text))


def department_tag(name: str) -> str:
    """``d:整形外科``; two spellings of one department agree."""
    return f"d:{kanji_key(name)}"[:80]


def district_tag(name: str) -> str:
    """``p:桜台``: the part of the town that an address names."""
    return f"p:{kanji_key(name)}"[:80]


def weekday_of(wishes: Wishes) -> str:
    """``0``–``7`` or empty; a national holiday has hours of its own."""
    if wishes.day is None:
        return wishes.weekday
    return str(HOLIDAY if holidays.holiday_name(wishes.day) else wishes.day.weekday())


def single(wishes: Wishes) -> list[Wish]:
    """Every wish by itself, in the order of the form."""
    found = []
    if wishes.department:
        found.append(Wish("department", wishes.department, department_tag(wishes.department)))
    if wishes.words:
        found.append(Wish("words", f"名称「{wishes.words}」", words=wishes.words))
    if wishes.area:
        found.append(Wish("area", wishes.area_label or wishes.area, f"m:{wishes.area}"))
    if wishes.district:
        found.append(Wish("district", wishes.district, district_tag(wishes.district)))
    if wishes.within_km:
        found.append(Wish("within_km", f"{wishes.within_km:g}km以内", within_km=wishes.within_km))
    if wishes.kind:
        found.append(Wish("kind", wishes.kind_label or wishes.kind, f"k:{wishes.kind}"))
    found += _times(wishes)
    found += [Wish(f"attributes:{key}", ATTRIBUTES[key], f"a:{key}") for key in wishes.attributes]
    found += [Wish(f"functions:{key}", CareFunction(key).label, f"f:{key}") for key in wishes.functions]
    if wishes.language:
        label = LANGUAGES.get(wishes.language, wishes.language)
        found.append(Wish("language", label, f"l:{wishes.language}"))
    return found


def _times(wishes: Wishes) -> list[Wish]:
    """Day and hour are one wish: what is open on Friday, and at six, need not be open on Friday at six."""
    weekday = weekday_of(wishes)
    hour = f"{wishes.hour}に診療" if wishes.hour else "に診療"
    if weekday and wishes.day:
        label = f"{wishes.day.month}月{wishes.day.day}日({WEEKDAYS[int(weekday)][0]}){hour}"
    elif weekday:
        label = WEEKDAYS[int(weekday)] + hour
    elif wishes.hour:
        return [Wish("hour", hour, f"h:{slot_of(wishes.hour)}")]
    else:
        return []
    tag = f"t:{weekday}-{slot_of(wishes.hour)}" if wishes.hour else f"w:{weekday}"
    return [Wish("time", label, tag, day=wishes.day)]


def without(wishes: Wishes, wish: Wish) -> Wishes:
    """The same wishes without one."""
    name, _, value = wish.key.partition(":")
    changed: dict[str, Any] = {name: 0 if name == "within_km" else ""}
    if name == "time":
        changed = {"day": None, "weekday": "", "hour": ""}
    elif name in ("attributes", "functions"):
        changed = {name: tuple(v for v in getattr(wishes, name) if v != value)}
    elif name in ("area", "kind"):
        changed = {name: "", f"{name}_label": ""}
    return replace(wishes, **changed)
