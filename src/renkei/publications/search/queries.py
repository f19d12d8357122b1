"""The search: one statement for a page, one for what to relax, and what the detail page tells."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import connection

from renkei.directory.profiles.queries import resting_words
from renkei.directory.queries import rule, search_facilities
from renkei.kernel import clock
from renkei.kernel.errors import NotFound
from renkei.kernel.names import kana_key, kanji_key
from renkei.publications.search import statement
from renkei.publications.search.marks import Registry, words_of
from renkei.publications.search.statement import Asked, Key, Sql
from renkei.publications.search.types import Closing, Found, Hit, Relaxation, Wish, Wishes
from renkei.publications.search.wishes import folded, single
from renkei.terms.queries import terms
from renkei.terms.types import System
from renkei.ui.types import Choice

PAGE = 20
NEAR_MISSES = 10
FEW = 5
"""With fewer full matches than this on the last page, those that miss one wish follow."""
_signer = Signer(salt="renkei.publications.search")


def bands() -> list[float]:
    """Upper bounds of the distance bands in km, from the rules in force."""
    return [float(km) for km in rule("search.distance_bands")]


def asked_for(
    wishes: Wishes, *, house_id: int = 0, staff: bool = False, size: int = PAGE, day: date | None = None
) -> Asked:
    """``house_id``: whose registered members come first (0: of every public scheme)."""
    today = day or clock.today()
    return Asked(wishes, bands(), Registry(house_id, today), today, staff=staff, size=size)


def search(asked: Asked, after: str = "") -> Found:
    """One page in the order of the statement; on the last page near misses follow when there are few."""
    lines = _lines(statement.page(asked, _key(after)))
    wishes = single(asked.wishes)
    hits = [_hit(line, asked, wishes) for line in lines[: asked.size]]
    more = len(lines) > asked.size
    total = int(lines[0][-1]) if lines else 0
    following = _signed(lines[asked.size - 1]) if more else ""
    misses: list[Hit] = []
    spare = any(not wish.essential for wish in wishes)
    if not more and not after and len(hits) < FEW and len(wishes) > 1 and spare:
        few = replace(asked, size=NEAR_MISSES)
        misses = [_miss(line, few, wishes) for line in _lines(statement.near_misses(few))]
    return Found(hits, total, following, misses)


def relaxations(asked: Asked) -> list[Relaxation]:
    """Which one wish to give up, and how many there are then; the most promising first, nothing that stays empty."""
    wishes = single(asked.wishes)
    if not wishes:
        return []
    line = _lines(statement.relaxations(asked))[0]
    most = statement.COUNTED
    found = [Relaxation(w, min(int(n), most), int(n) > most) for w, n in zip(wishes, line, strict=True) if n]
    return sorted(found, key=lambda r: (r.wish.essential, -r.count))


def by_keys(facility_ids: Sequence[int], asked: Asked) -> list[Hit]:
    """These facilities as a list shows them, in the given order, closed ones too; what is no entry is left out."""
    found = {line[0]: _hit(line, asked, []) for line in _lines(statement.of_keys(asked, facility_ids))}
    return [found[key] for key in facility_ids if key in found]


def one(uid: UUID | str, asked: Asked) -> Hit:
    """One facility as its public page shows it. Raises ``NotFound`` for what is not listed or closed."""
    lines = _lines(statement.of_uid(asked, str(uid)))
    if not lines:
        raise NotFound(
            "not_listed", "この医療機関は公開の検索に載っていません。検索に戻って探し直してください。"
        )
    return _hit(lines[0], asked, [])


def _lines(sql: Sql) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.text, sql.params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _hit(line: Sequence[Any], asked: Asked, wishes: Sequence[Wish]) -> Hit:
    band, registered = int(line[17]), line[18] == 0
    marks = words_of(json.loads(line[14]) if line[14] else [])
    hit = Hit(
        id=line[0], uid=line[1], name=line[2], kana=line[3], kind=line[4], address=line[5], phone=line[6],
        hours=json.loads(line[7]) if isinstance(line[7], str) else line[7],
        latitude=line[8], longitude=line[9], departments=list(line[10]), tags=list(line[11]), message=line[12],
        closings=[_closing(c) for c in json.loads(line[13])] if line[13] else [],
        marks=marks, listed=line[15], distance=line[16], band=band, registered=registered,
    )  # fmt: skip
    return replace(hit, reason=_reason(hit, asked, len(wishes)))


def _miss(line: Sequence[Any], asked: Asked, wishes: Sequence[Wish]) -> Hit:
    hit = _hit(line, asked, ())
    missing = wishes[int(line[-1])].label
    met = f"ご希望{len(wishes)}つのうち{len(wishes) - 1}つ"
    rest = _place_and_mark(hit, asked)
    return replace(hit, missing=missing, reason="・".join([met, *rest]))


def _closing(raw: Sequence[Any]) -> Closing:
    until = date.fromisoformat(raw[1]) if raw[1] else None
    return Closing(date.fromisoformat(raw[0]), until, bool(raw[2]), str(raw[3] or ""))


def _reason(hit: Hit, asked: Asked, count: int) -> str:
    met = "ご希望1つに合う" if count == 1 else f"ご希望{count}つすべて" if count else ""
    return "・".join([part for part in (met, *_place_and_mark(hit, asked)) if part]) or "五十音順"


def _place_and_mark(hit: Hit, asked: Asked) -> list[str]:
    parts = []
    if asked.wishes.has_place:
        if hit.distance is None:
            parts.append("距離不明")
        elif hit.band < len(asked.bands):
            parts.append(f"{asked.bands[hit.band]:g}km以内")
        else:
            parts.append(f"{asked.bands[-1]:g}kmより遠い")
    return parts + (hit.marks[:1] or ["登録"] if hit.registered else [])


def _signed(line: Sequence[Any]) -> str:
    return _signer.sign(json.dumps([line[17], line[18], line[19], line[0]], ensure_ascii=False))


def _key(after: str) -> Key | None:
    """Where a page begins; what nobody gave out begins at the beginning."""
    if not after:
        return None
    try:
        band, unregistered, kana, key = json.loads(_signer.unsign(after))
    except (BadSignature, ValueError):
        return None
    return int(band), int(unregistered), str(kana), int(key)


def departments() -> list[str]:
    """Names of departments in the order of their codes."""
    return [term.label for term in terms(System.DEPARTMENT)]


def department_named(text: str) -> str:
    """The department that ``text`` names exactly, in kanji or kana; empty when there is none."""
    kanji, kana = kanji_key(text), kana_key(text)
    found = (t for t in terms(System.DEPARTMENT) if kanji_key(t.label) == kanji or kana_key(t.kana) == kana)
    match = next(found, None)
    return match.label if match and kanji else ""


def suggest(text: str, limit: int = 12) -> list[Choice]:
    """Type-ahead over departments and names, in kanji and kana. ``code`` is ``d:<name>`` or the facility's uid."""
    key = re.sub(r"\s", "", folded(text))
    if not key:
        return []
    named = [
        t
        for t in terms(System.DEPARTMENT)
        if folded(t.label).startswith(key) or folded(t.kana).startswith(key)
    ]
    found = [Choice(f"d:{t.label}", t.label, "診療科") for t in named[:5]]
    names = search_facilities(text, limit=2 * limit)
    open_to_all = _listed([f.id for f in names])
    shown = [f for f in names if f.id in open_to_all][: limit - len(found)]
    rest = resting_words([f.id for f in shown])
    return found + [Choice(f.uid, f.name, f.address, rest.get(f.id, "")) for f in shown]


def _listed(facility_ids: Sequence[int]) -> set[int]:
    """Those whose public page opens today: a suggestion must not lead to a page that is not there."""
    asked = asked_for(Wishes())
    return {line[0] for line in _lines(statement.public_of_keys(asked, facility_ids))}
