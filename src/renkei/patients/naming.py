"""Searching names as FHIR asks: the whole name or its parts, in kanji or kana, folded by the kernel's keys.

The keys hold names without their space, so family and given name are told apart by where the space stands in the name as
written. What no index can answer is asked of the patients that the house knows, never of the whole region.
"""

from __future__ import annotations

import re

from django.db.models import F, Q, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import Exact, GreaterThan

from renkei.gate.actor import Actor
from renkei.gate.guard import unnoted
from renkei.kernel import names
from renkei.patients.models import Patient
from renkei.patients.queries import FIND_INSIDE, FIND_SHARED, FIRST, among_known, run, starts_with

MOST = 500
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
"""No reading (kana) holds one."""
NOBODY = Q(pk__in=[])


def where(actor: Actor, part: str, text: str, how: str) -> Q:
    """The condition for ``part`` (``name``, ``family`` or ``given``); ``how`` is empty, ``exact`` or ``contains``."""
    typed = " ".join(text.replace("\u3000", " ").split())
    if not typed:
        return NOBODY
    if how == "exact":
        return _exact(part, typed) & among_known(actor)
    kanji, kana = names.kanji_key(typed), names.kana_key(typed)
    if not (kanji or kana):
        return NOBODY
    if how == "contains":
        return _contains(actor, part, typed, kanji, kana)
    if part == "family":
        return _begins(actor, kanji, kana, family=True)
    if part == "given":
        return _given(inside(actor, kanji, kana), actor, typed, kanji, kana)
    others = inside(actor, kanji, kana, but_beginning=True)
    return _begins(actor, kanji, kana) | _given(others, actor, typed, kanji, kana)


def _exact(part: str, typed: str) -> Q:
    if part == "family":
        whole = Q(name=typed) | Q(kana=typed)
        return whole | Q(name__startswith=f"{typed} ") | Q(kana__startswith=f"{typed} ")
    given = Q(name__endswith=f" {typed}") | Q(kana__endswith=f" {typed}")
    return given if part == "given" else Q(name=typed) | Q(kana=typed) | given | _exact("family", typed)


def _begins(actor: Actor, kanji: str, kana: str, *, family: bool = False) -> Q:
    """The key begins so; with ``family`` the space behind that name stands further back, or there is none.

    Own rows by the house's index, shared ones by key: behind the wall every namesake of the region would be visited.
    """
    in_kanji, in_kana = _starts("kanji_key", kanji), _starts("kana_key", kana)
    if family:
        in_kanji &= _space_behind("name", len(kanji))
        in_kana &= _space_behind("kana", len(kana))
    shared = {pk for words in ((kanji, ""), ("", kana)) for pk in _shared(*words)}
    if len(shared) >= MOST:
        return (in_kanji | in_kana) & among_known(actor)
    own = Q(facility_id=actor.facility_id)
    theirs = Q(pk__in=sorted(shared))
    return own & in_kanji | own & in_kana | (theirs & (in_kanji | in_kana) if family else theirs)


def _shared(kanji: str, kana: str) -> list[int]:
    """Keys of patients shared by others whose key begins so; none where that key cannot."""
    if not (kanji or kana) or (kana and _IDEOGRAPH.search(kana)):
        return []
    return [pk for _, pk in run(FIND_SHARED, [kanji, kana, [], None, *FIRST, MOST])]


def _starts(field: str, key: str) -> Q:
    return starts_with(field, key) if key else NOBODY


def _space_behind(column: str, length: int) -> Q:
    place = StrIndex(F(column), Value(" "))
    return Q(Exact(place, Value(0))) | Q(GreaterThan(place, Value(length)))


def _given(found: list[int] | None, actor: Actor, typed: str, kanji: str, kana: str) -> Q:
    """Given names that begin so among ``found``, in any spelling; as written where the index of pairs cannot tell."""
    if found is None:
        return (Q(name__holds=f" {typed}") | Q(kana__holds=f" {names.to_katakana(typed)}")) & among_known(
            actor
        )
    if not found:
        return NOBODY
    fitting = [
        pk
        for pk, parts in _parts(actor, found, "given")
        if any(
            names.kanji_key(p).startswith(kanji or "\0") or names.kana_key(p).startswith(kana or "\0")
            for p in parts
        )
    ]
    return Q(pk__in=fitting)


def _contains(actor: Actor, part: str, typed: str, kanji: str, kana: str) -> Q:
    found = inside(actor, kanji, kana)
    if found is None:
        return _contains_without_index(part, typed, kanji, kana) & among_known(actor)
    if part != "name":
        found = [
            pk
            for pk, parts in _parts(actor, found, part)
            if any(
                (kanji and kanji in names.kanji_key(p)) or (kana and kana in names.kana_key(p)) for p in parts
            )
        ]
    return Q(pk__in=found)


def _contains_without_index(part: str, typed: str, kanji: str, kana: str) -> Q:
    if part == "name":
        found = Q(kanji_key__contains=kanji) if kanji else NOBODY
        return found | (Q(kana_key__contains=kana) if kana else NOBODY)
    frame = "^[^ ]*{}" if part == "family" else " .*{}"
    written, katakana = re.escape(typed), re.escape(names.to_katakana(typed))
    return Q(name__regex=frame.format(written)) | Q(kana__regex=frame.format(katakana))


def _parts(actor: Actor, pks: list[int], part: str) -> list[tuple[int, list[str]]]:
    """Family or given name of each patient, in kanji and kana."""
    with unnoted():
        rows = list(Patient.objects.visible_to(actor).filter(pk__in=pks).values_list("pk", "name", "kana"))
    place = 0 if part == "family" else 2
    return [
        (pk, [p for text in (name, kana) if (p := text.partition(" ")[place])]) for pk, name, kana in rows
    ]


def inside(actor: Actor, kanji: str, kana: str, *, but_beginning: bool = False) -> list[int] | None:
    """Keys of visible patients whose name contains it, by the index; None where that index cannot answer wholly.

    ``but_beginning`` leaves out those whose name begins with it.
    """
    skipped = [kanji, kana] if but_beginning else ["", ""]
    found: set[int] = set()
    for words in ([[kanji], []], [[], [kana]]):
        key = (words[0] or words[1])[0]
        if not key or (words[1] and _IDEOGRAPH.search(key)):
            continue
        pairs = names.bigrams(key)
        if not pairs:
            return None
        rows = [pk for _, pk in run(FIND_INSIDE, [*words, pairs, *skipped, None, *FIRST, MOST])]
        if len(rows) >= MOST:
            return None
        found.update(rows)
    return sorted(found)
