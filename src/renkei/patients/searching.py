"""What a person types into the one search box, read as names, readings, dates and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from renkei.kernel import eras, names
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import check_code, parse_check_code
from renkei.kernel.text import to_half_width, to_plain_number

LONGEST = 100
_KANA = re.compile(r"[ァ-ヺー・ヽヾㇰ-ㇿ]+")
_NUMBER = re.compile(r"[0-9()-]+")
_SHORT_PHONE = 4


@dataclass(frozen=True)
class Number:
    """Digits that may be a patient number, a telephone, a birth date or a regional patient id, whichever is found."""

    typed: str
    digits: str
    born: date | None = None
    code: str = ""


@dataclass(frozen=True)
class Terms:
    """The parts of a search; every part has to fit. ``kanji`` and ``kana`` are folded keys in typed order."""

    kanji: tuple[str, ...] = ()
    kana: tuple[str, ...] = ()
    born: date | None = None
    numbers: tuple[Number, ...] = ()

    @property
    def named(self) -> bool:
        """Whether any part is a name."""
        return bool(self.kanji or self.kana)

    @property
    def empty(self) -> bool:
        """Nothing that could be searched."""
        return not (self.named or self.born or self.numbers)

    @property
    def pairs(self) -> list[str]:
        """Neighbouring characters of every name part, as they are indexed."""
        return sorted({pair for word in (*self.kanji, *self.kana) for pair in names.bigrams(word)})


@dataclass
class _Reading:
    kanji: list[str] = field(default_factory=list)
    kana: list[str] = field(default_factory=list)
    born: date | None = None
    numbers: list[Number] = field(default_factory=list)


def read_box(text: str) -> Terms:
    """Read ``text``: words apart by spaces, in any order (``ヤマダ S19.2.10``, ``山田 花子``, ``0463-00-0001``)."""
    plain = to_half_width(text)[:LONGEST].strip()
    whole = _as_date(plain)
    if whole and not _NUMBER.fullmatch(to_plain_number(plain)):
        return Terms(born=whole)
    reading = _Reading()
    for word in plain.split():
        _read_word(word, reading)
    return Terms(tuple(reading.kanji), tuple(reading.kana), reading.born, tuple(reading.numbers))


def _read_word(word: str, reading: _Reading) -> None:
    plain = to_plain_number(word)
    digits = re.sub(r"\D", "", plain)
    if digits and _NUMBER.fullmatch(plain):
        reading.numbers.append(Number(plain, digits, _as_date(plain), _as_code(digits)))
        return
    if digits and (born := _as_date(word)):
        reading.born = born
        return
    katakana = names.to_katakana(word)
    if _KANA.fullmatch(katakana):
        key, found = names.kana_key(katakana), reading.kana
    else:
        key, found = names.kanji_key(word), reading.kanji
    if key:
        found.append(key)
    elif digits:
        reading.numbers.append(Number(plain, digits))


def _as_date(text: str) -> date | None:
    try:
        return eras.parse_date(text)
    except Invalid:
        return None


def _as_code(digits: str) -> str:
    try:
        return check_code(parse_check_code(digits))
    except Invalid:
        return ""


def ends_like_phone(number: Number) -> bool:
    """The last four digits of a telephone, as people say them at a desk."""
    return len(number.digits) == _SHORT_PHONE
