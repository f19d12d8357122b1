"""Cells of a list → values of a facility. Each reader raises ``Invalid`` with what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from renkei.directory.actions import clean
from renkei.directory.imports.columns import kinds
from renkei.directory.types import WEEKDAYS, FacilityKind
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid
from renkei.kernel.identifiers import PREFECTURES, check_institution_number
from renkei.kernel.text import to_plain_number

FORMULA = ("=", "+", "-", "@", "\t", "\r")
YES, NO = {"", "はい", "1", "true", "○", "有"}, {"いいえ", "0", "false", "×", "無"}
_SPAN = re.compile(r"(\d{1,2})[:時](\d{2})?分?[-~](\d{1,2})[:時](\d{2})?分?")
_CLOSED = re.compile(r"(休診?日?|定休日?|なし|ー|―|-|×|✕|/)*")
_DASHES = re.compile("[‐-―−〜～ー]|から|より")
_JAPAN = {"latitude": (20.0, 46.0), "longitude": (122.0, 154.0)}
_LABEL = {"latitude": "緯度は20〜46", "longitude": "経度は122〜154"}
_EXCEL_ZERO = date(1899, 12, 30)


def typed(cell: str) -> str:
    """What the person meant: without outer spaces and without the mark that an export puts before a sign."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def value(name: str, text: str) -> Any:
    """The value of a plain field. Numbers, areas and hours have readers of their own."""
    if name == "kind":
        return kind(text)
    if name == "beds":
        digits = to_plain_number(text).replace(",", "").removesuffix("床") or "0"
        if not digits.isdigit() or int(digits) > 9999:
            raise Invalid("beds", "病床数は0以上の整数で入力してください。")
        return int(digits)
    if name in _JAPAN:
        return _degrees(name, text)
    if name == "uses_renkei":
        if text.lower() not in YES | NO:
            raise Invalid("uses_renkei", "「はい」か「いいえ」で入力してください。")
        return text.lower() in YES
    if name in ("opened_on", "closed_on"):
        return _day(text)
    if name == "organization":
        return " ".join(text.split())
    return clean({name: text})[name]


def kind(text: str) -> str:
    """The kind of a facility by its Japanese word, its code, or the number of the national list (機関区分)."""
    found = kinds().get(unicodedata.normalize("NFKC", text))
    if found is None:
        raise Invalid("kind", f"「{text}」という種別はありません。説明にある種別から選んでください。")
    return found


def _degrees(name: str, text: str) -> float | None:
    if not text:
        return None
    low, high = _JAPAN[name]
    try:
        number = float(unicodedata.normalize("NFKC", text))
    except ValueError:
        number = 0.0
    if not low <= number <= high:
        raise Invalid(name, f"{_LABEL[name]}の度(小数)で入力してください。緯度と経度が逆ではありませんか。")
    return number


def _day(text: str) -> date | None:
    """A typed date, or the serial number that a workbook keeps."""
    if not text:
        return None
    if re.fullmatch(r"[1-7]\d{4}", text):
        return _EXCEL_ZERO + timedelta(days=int(text))
    return parse_date(text)


def institution_number(text: str, kind_: str, prefecture: str) -> str | None:
    """The 10 digits. 7 digits are completed from the prefecture (two digits) and the fee table of the kind."""
    digits = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))
    if not digits:
        return None
    if len(digits) == 9 and digits.isdigit():
        digits = f"0{digits}"  # A workbook drops the zero of 北海道 to 福島県 and of 栃木県.
    if len(digits) == 7 and digits.isdigit():
        if not prefecture:
            raise Invalid(
                "institution_number",
                "7桁のコードです。住所を都道府県から書くか、取り込みの画面で都道府県を選んでください。",
            )
        table = {FacilityKind.DENTAL: "2", FacilityKind.PHARMACY: "3"}.get(FacilityKind(kind_), "1")
        digits = f"{prefecture}{table}{digits}"
    return check_institution_number(digits).value


def prefecture_of(address: str) -> str:
    """``"14"`` for an address that begins with 神奈川県, else empty."""
    for number, name in enumerate(PREFECTURES, start=1):
        if address.startswith(name):
            return f"{number:02d}"
    return ""


def departments(text: str) -> list[str]:
    """Names of departments, each once; our own sign ``|``, else the signs that lists use."""
    parts = text.split("|") if "|" in text else re.split(r"[;；、,，/／\s]+", text)
    names = dict.fromkeys(part.strip() for part in parts if part.strip())
    for name in names:
        if len(name) > 60:
            raise Invalid("departments", f"「{name[:20]}…」が60文字を超えています。「|」で区切ってください。")
    return list(names)


def hours(cells: Mapping[str, str]) -> list[dict[str, Any]]:
    """The table of hours from whatever columns say it: spans of a weekday, its start and end, or days with one span."""
    found: list[dict[str, Any]] = []
    for n, day in enumerate(WEEKDAYS):
        found += _of_day(n, day, cells.get(f"hours_{n}", ""))
        found += _of_day(n, day, _joined(cells.get(f"opens_{n}", ""), cells.get(f"closes_{n}", "")))
    span = _joined(cells.get("hours_from", ""), cells.get("hours_until", ""))
    for n, day in enumerate(WEEKDAYS):
        if span and day in cells.get("hours_days", ""):
            found += _of_day(n, day, span)
    found.sort(key=lambda entry: (entry["weekday"], entry["opens"]))
    for before, after in pairwise(found):
        if before["weekday"] == after["weekday"] and after["opens"] < before["closes"]:
            raise Invalid("hours", f"{WEEKDAYS[before['weekday']]}曜の診療時間が重なっています。")
    return found


def _joined(opens: str, closes: str) -> str:
    return f"{_clock(opens)}-{_clock(closes)}" if opens.strip() and closes.strip() else ""


def _clock(text: str) -> str:
    """``0.375`` as a workbook keeps nine o'clock → ``09:00``; anything else as typed."""
    if not re.fullmatch(r"0?\.\d+", text.strip()):
        return text
    minutes = round(float(text) * 24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _of_day(weekday: int, day: str, text: str) -> list[dict[str, Any]]:
    plain = re.sub(r"\s", "", _DASHES.sub("-", unicodedata.normalize("NFKC", text)))
    entries = []
    for opens, o_min, closes, c_min in _SPAN.findall(plain):
        first, last = f"{int(opens):02d}:{o_min or '00'}", f"{int(closes):02d}:{c_min or '00'}"
        if not first < last <= "24:00" or o_min > "59" or c_min > "59":
            raise Invalid("hours", f"{day}曜の「{first}-{last}」は終わりが始まりより前です。直してください。")
        entries.append({"weekday": weekday, "opens": first, "closes": last})
    rest = re.sub(r"[,、/;・()]|午前|午後", "", _SPAN.sub("", plain))
    if rest and not _CLOSED.fullmatch(rest):
        raise Invalid(
            "hours",
            f"{day}曜の「{text.strip()[:30]}」が読めません。「09:00-12:00 14:00-18:00」の形にしてください。",
        )
    return entries
