"""Japanese era dates (和暦) out and in (rules J.2).

Dates before 1873-01-01 are refused: until then Japan kept a lunisolar calendar, so 明治5年 and earlier cannot
be turned into a western date by counting. 1912-07-30 and 1926-12-25 were days of two eras: both are read, the
new one is written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.text import to_plain_number

FIRST_DAY = date(1873, 1, 1)
ACCEPTED_FORMS = "例: 1945-01-01、1945/1/1、19450101、S20.1.1、昭和20年1月1日、3200101"
_MAX_LENGTH = 40


@dataclass(frozen=True)
class Era:
    """One era (元号). ``code`` is the digit of national formats; ``last`` is None for the present era."""

    code: int
    letter: str
    name: str
    first: date
    last: date | None
    year_one: int

    @property
    def short(self) -> str:
        """One kanji, as on tick boxes of forms (明 大 昭 平 令)."""
        return self.name[0]


ERAS: tuple[Era, ...] = (
    Era(1, "M", "明治", FIRST_DAY, date(1912, 7, 30), 1868),
    Era(2, "T", "大正", date(1912, 7, 30), date(1926, 12, 25), 1912),
    Era(3, "S", "昭和", date(1926, 12, 25), date(1989, 1, 7), 1926),
    Era(4, "H", "平成", date(1989, 1, 8), date(2019, 4, 30), 1989),
    Era(5, "R", "令和", date(2019, 5, 1), None, 2019),
)
_BY_WORD = {word: era for era in ERAS for word in (era.letter, era.name, era.short)}
_BY_CODE = {str(era.code): era for era in ERAS}

_WESTERN = re.compile(r"(?:西暦)?(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?)", re.ASCII)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_ERA_WORD = "(明治|大正|昭和|平成|令和|[明大昭平令MTSHR])"
_ERA = re.compile(
    _ERA_WORD + r"([0-9]{1,2}|元)(?:([-/.])(\d{1,2})\3(\d{1,2})|年(\d{1,2})月(\d{1,2})日?)", re.ASCII
)
_ERA_PACKED = re.compile(_ERA_WORD + r"(\d{2})(\d{2})(\d{2})", re.ASCII)
_CODED = re.compile(r"([1-5])(\d{2})(\d{2})(\d{2})", re.ASCII)


@dataclass(frozen=True)
class EraDate:
    """A date in its era: ``era_code`` 1 (明治) to 5 (令和), ``letter`` M T S H R, ``year`` from 1."""

    era_code: int
    letter: str
    name: str
    year: int
    month: int
    day: int

    @property
    def year_text(self) -> str:
        """``8``, or 元 for the first year."""
        return "元" if self.year == 1 else str(self.year)


def to_era(day: date) -> EraDate:
    """``day`` in its era. Raises ``Invalid('before_meiji')`` before 1873-01-01."""
    if day < FIRST_DAY:
        raise Invalid("before_meiji", _before_meiji(f"{day.year}年{day.month}月{day.day}日"))
    era = next(era for era in reversed(ERAS) if day >= era.first)
    return EraDate(era.code, era.letter, era.name, day.year - era.year_one + 1, day.month, day.day)


def format_era(day: date) -> str:
    """``令和8年6月5日``; 元年 for the first year; a date before 1873 is written in western years."""
    if day < FIRST_DAY:
        return f"{day.year}年{day.month}月{day.day}日"
    era = to_era(day)
    return f"{era.name}{era.year_text}年{era.month}月{era.day}日"


def format_both(day: date) -> str:
    """``令和8年6月5日(2026-06-05)``."""
    return f"{format_era(day)}({day.isoformat()})"


def format_short(day: date) -> str:
    """``R8.6.5``; a date before 1873 as ``1850.6.5``."""
    if day < FIRST_DAY:
        return f"{day.year}.{day.month}.{day.day}"
    era = to_era(day)
    return f"{era.letter}{era.year}.{era.month}.{era.day}"


def format_coded(day: date) -> str:
    """Seven digits GYYMMDD as claims write them (レセプト電算). Raises ``Invalid`` before 1873-01-01."""
    era = to_era(day)
    return f"{era.era_code}{era.year:02d}{era.month:02d}{era.day:02d}"


def parse_date(text: str, field: str = "") -> date:
    """The date a person typed, in western or era style, half or full width.

    Accepts the forms of ``ACCEPTED_FORMS`` (separators ``-`` ``/`` ``.``, 元年, one-kanji eras, GYYMMDD and
    S200101). Raises ``Invalid``: ``date_empty``, ``date_unreadable``, ``date_impossible`` (no such day),
    ``date_out_of_era`` (昭和65年), ``before_meiji``.
    """
    plain = _plain(text)
    if not plain:
        raise Invalid("date_empty", f"日付が空です。{ACCEPTED_FORMS}", field)
    if found := _WESTERN.fullmatch(plain) or _PACKED.fullmatch(plain):
        month, day = _numbers(found, after=1)
        return _western(int(found[1]), month, day, field)
    if found := _ERA.fullmatch(plain) or _ERA_PACKED.fullmatch(plain):
        era, (month, day) = _BY_WORD[found[1]], _numbers(found, after=2)
        return _in_era(era, 1 if found[2] == "元" else int(found[2]), month, day, field)
    if found := _CODED.fullmatch(plain):
        month, day = _numbers(found, after=2)
        return _in_era(_BY_CODE[found[1]], int(found[2]), month, day, field)
    shown = plain if len(plain) <= _MAX_LENGTH else plain[:_MAX_LENGTH] + "…"
    raise Invalid("date_unreadable", f"「{shown}」は日付として読めません。{ACCEPTED_FORMS}", field)


def parse_birth_date(text: str, field: str = "birth_date") -> date:
    """A birth date; as :func:`parse_date`, and ``Invalid('birth_in_future')`` after today in Japan."""
    born = parse_date(text, field)
    if born > clock.today():
        raise Invalid(
            "birth_in_future",
            f"生年月日が未来の日付({format_both(born)})になっています。元号と年を確認してください。",
            field,
        )
    return born


def age_on(birth: date, day: date) -> int:
    """Full years on ``day`` by birthdays, as people and charts count.

    The law (年齢計算ニ関スル法律) reaches an age at the end of the day before the birthday; insurance limits
    and school years that follow it are not computed here. Born on 2/29: the birthday in other years is 3/1.
    Raises ``ValueError`` when ``day`` lies before ``birth``.
    """
    if day < birth:
        raise ValueError("the day lies before the birth")
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _plain(text: str) -> str:
    # NFKC also opens the square era signs (㍼, ㋿) that word processors write.
    # A space between two digits is kept, so that "2026 1 111" stays unreadable instead of becoming a date.
    words = to_plain_number(unicodedata.normalize("NFKC", text)).upper().split()
    joined = words[0] if words else ""
    for before, word in pairwise(words):
        joined += (" " if before[-1].isdigit() and word[0].isdigit() else "") + word
    return joined


def _numbers(found: re.Match[str], *, after: int) -> tuple[int, int]:
    """Month and day: the two groups with digits that follow group ``after``."""
    month, day = [int(group) for group in found.groups()[after:] if group and group.isdigit()]
    return month, day


def _western(year: int, month: int, day: int, field: str) -> date:
    made = _existing(year, month, day, f"{year}年{month}月{day}日", field)
    if made < FIRST_DAY:
        raise Invalid("before_meiji", _before_meiji(f"{year}年{month}月{day}日"), field)
    return made


def _in_era(era: Era, era_year: int, month: int, day: int, field: str) -> date:
    said = f"{era.name}{'元' if era_year == 1 else era_year}年{month}月{day}日"
    if era_year == 0:
        raise Invalid("date_impossible", f"{era.name}0年はありません。最初の年は1年(元年)です。", field)
    made = _existing(era.year_one + era_year - 1, month, day, said, field)
    if made < FIRST_DAY:
        raise Invalid("before_meiji", _before_meiji(said), field)
    if made < era.first or (era.last is not None and made > era.last):
        raise Invalid("date_out_of_era", _out_of_era(era, said, made), field)
    return made


def _existing(year: int, month: int, day: int, said: str, field: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Invalid(
            "date_impossible",
            f"{said}という日はありません。年・月・日を確認してください。{ACCEPTED_FORMS}",
            field,
        ) from None


def _before_meiji(said: str) -> str:
    return f"{said}は扱えません。明治5年までは旧暦のため、明治6年1月1日(1873-01-01)以降を入力してください。"


def _out_of_era(era: Era, said: str, made: date) -> str:
    until = "" if era.last is None else f"{format_short(era.last)}({era.last.isoformat()})まで"
    span = f"{era.letter}1.{era.first.month}.{era.first.day}({era.first.isoformat()})から{until}"
    return f"{said}は{era.name}の期間外です。{era.name}は{span}です。{format_both(made)}ではありませんか。"
