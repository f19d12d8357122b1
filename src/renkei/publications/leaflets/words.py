"""Finds wordings that medical advertising rules forbid or make doubtful (医療広告)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from renkei.publications.leaflets.texts import LABELS
from renkei.publications.models import AdvertisingWord

AROUND = 8
_LEFT_OUT = frozenset(".．・･、,'’\"()!*~-‐–「」『』【】〈〉《》")
"""Signs that are put between the letters of a word without changing what is read."""


@dataclass(frozen=True)
class Flag:
    """One place: the block and its label, the word of the list, and the words around it as written."""

    field: str
    label: str
    word: str
    kind: str
    forbids: bool
    advice: str
    source: str
    around: str

    def to_json(self) -> dict[str, Any]:
        """As kept with an approved version."""
        return asdict(self)


def words_on(day: date, owner_id: int) -> list[AdvertisingWord]:
    """The list in force for a house: the national rows and its own."""
    rows = AdvertisingWord.objects.filter(Q(owner=None) | Q(owner_id=owner_id), valid_from__lte=day)
    return list(rows.exclude(valid_until__lte=day).order_by("pk"))


def flags(texts: Mapping[str, Any], words: Iterable[AdvertisingWord]) -> list[Flag]:
    """Every wording of ``words`` in ``texts``, each word once for each block; what forbids stands first."""
    listed = list(words)
    found = [
        Flag(key, label, w.word, str(w.get_kind_display()), w.forbids, w.advice, w.source, around)
        for key, label in LABELS.items()
        for w in listed
        if (around := _first(str(texts.get(key) or ""), w))
    ]
    unique = {(flag.field, plain(flag.word)): flag for flag in sorted(found, key=lambda f: f.forbids)}
    return sorted(unique.values(), key=lambda f: (not f.forbids, list(LABELS).index(f.field)))


def plain(text: str) -> str:
    """One way to write it: half width, small letters, without blanks, points and brackets (Ｎｏ．１, No. 1: ``no1``)."""
    return "".join(char for _at, char in _plain(unicodedata.normalize("NFKC", text)))


def _plain(text: str) -> Iterator[tuple[int, str]]:
    for at, char in enumerate(text):
        if not char.isspace() and char not in _LEFT_OUT and unicodedata.category(char) != "Cf":
            yield from ((at, small) for small in char.lower())


def _first(text: str, word: AdvertisingWord) -> str:
    """The words around the first place where ``word`` stands and is not part of a harmless one; ''."""
    opened = unicodedata.normalize("NFKC", text)
    pairs = list(_plain(opened))
    folded = "".join(char for _at, char in pairs)
    wanted = plain(word.word)
    harmless = [span for one in word.except_for for span in _places(folded, plain(one))]
    for start, end in _places(folded, wanted):
        if not any(a <= start and end <= b for a, b in harmless):
            first, last = pairs[start][0], pairs[end - 1][0]
            cut = opened[max(first - AROUND, 0) : last + 1 + AROUND]
            return " ".join(cut.split())
    return ""


def _places(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield at, at + len(wanted)
        at = text.find(wanted, at + 1)
