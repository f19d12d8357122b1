"""Reads a CSV of visits or back-referrals row by row: what a row means, or what is wrong with it and what to do."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from io import StringIO
from typing import Any

from renkei.indicators.types import ArrivalMode, ReferralDocument, Source
from renkei.kernel import clock
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid
from renkei.kernel.holidays import holiday_name, is_year_end
from renkei.kernel.text import to_half_width, to_plain_number

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
NIGHT_FROM, NIGHT_UNTIL = time(18), time(8)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
YES = {"はい", "1", "true", "○", "〇", "有", "あり", "y"}
NO = {"", "いいえ", "0", "false", "×", "無", "なし", "n", "-"}


@dataclass(frozen=True)
class Column:
    """One column: the field it fills, its heading, other headings that are understood, and what may stand in it."""

    field: str
    name: str
    also: tuple[str, ...]
    help_text: str
    required: bool = False
    sample: str = ""


VISITS: tuple[Column, ...] = (
    Column("visit_on", "受診日", ("来院日", "受診年月日", "診療日"), "2026-04-01、令和8年4月1日 など", True, "2026-05-07"),
    Column("patient_number", "患者番号", ("患者ID", "カルテ番号", "ID"), "自院の患者番号。20文字まで", True, "300011"),
    Column("is_first_visit", "初診・再診", ("初再診", "初診再診", "区分"), "「初診」か「再診」", True, "初診"),
    Column("visit_time", "受診時刻", ("来院時刻", "受付時刻"), "09:30。夜間の判断に使います(空でもよい)", False, "09:30"),
    Column("department", "診療科", ("科", "受診科"), "60文字まで", False, "循環器内科"),
    Column("arrival_mode", "来院方法", ("来院手段", "搬送区分"), "・".join(str(m.label) for m in ArrivalMode) + "。空は自力", False, "自力"),
    Column("is_holiday", "休日", ("休日区分",), "はい・いいえ。空は暦から(日曜・祝日・年末年始)", False, ""),
    Column("is_night", "夜間", ("時間外",), "はい・いいえ。空は受診時刻から(18時〜8時)", False, ""),
    Column("via_emergency_program", "救急医療事業", ("輪番", "救急事業"), "休日・夜間の救急医療事業での受診。はい・いいえ", False, ""),
    Column("checkup_detected", "自院健診で発見", ("健診発見",), "はい・いいえ", False, ""),
    Column("referral_doc", "紹介状", ("紹介", "紹介有無"), "・".join(str(d.label) for d in ReferralDocument) + "。「あり」は紹介状", False, "紹介状"),
    Column("from_number", "紹介元医療機関番号", ("紹介元コード",), "10桁", False, "1419900007"),
    Column("from_name", "紹介元名称", ("紹介元", "紹介元医療機関"), "番号がなければ名称で記録します", False, "青木内科"),
    Column("referral_number", "紹介番号", ("Renkei番号",), "Renkeiの紹介番号(R-2026-000123)。あれば二重に数えません", False, ""),
    Column("municipality", "市区町村コード", ("住所コード",), "患者住所の5桁(例 14214)", False, "14214"),
    Column("online_only", "オンラインのみ", ("情報通信機器のみ",), "はい・いいえ", False, ""),
    Column("fee_b005_11", "遠隔連携診療料", ("B005-11",), "はい・いいえ", False, ""),
    Column("fee_b011", "連携強化診療情報提供料", ("B011",), "はい・いいえ", False, ""),
    Column("final_reply_on", "最終返書日", ("返書日",), "紹介元へ最終報告を送った日", False, ""),
    Column("key", "受診ID", ("受付番号", "来院ID"), "自院のシステムの受診の番号。同じ番号の行は1件として扱います", False, "V0000001"),
)  # fmt: skip
BACK_REFERRALS: tuple[Column, ...] = (
    Column("issued_on", "逆紹介日", ("紹介日", "発行日"), "文書を出した日", True, "2026-05-20"),
    Column("patient_number", "患者番号", ("患者ID", "カルテ番号", "ID"), "自院の患者番号。20文字まで", True, "300011"),
    Column("to_number", "紹介先医療機関番号", ("紹介先コード",), "10桁", False, "1419900007"),
    Column("to_name", "紹介先名称", ("紹介先", "紹介先医療機関"), "番号がなければ名称で記録します", False, "青木内科"),
    Column("department", "診療科", ("科",), "60文字まで", False, "循環器内科"),
    Column("consent", "患者の同意", ("同意",), "はい・いいえ。「はい」だけを数えます", True, "はい"),
    Column("document_issued", "文書", ("診療情報提供書",), "はい・いいえ。「はい」だけを数えます", True, "はい"),
    Column("fee_claimed", "算定", ("B009",), "診療情報提供料の算定。はい・いいえ", False, "はい"),
    Column("online_only", "オンラインのみ", ("情報通信機器のみ",), "はい・いいえ", False, ""),
    Column("referral_number", "紹介番号", ("Renkei番号",), "Renkeiの紹介番号。あれば二重に数えません", False, ""),
    Column("key", "逆紹介ID", ("文書番号",), "自院のシステムの番号。同じ番号の行は1件として扱います", False, "B0000001"),
)  # fmt: skip
COLUMNS = {Source.VISITS: VISITS, Source.BACK_REFERRALS: BACK_REFERRALS}


@dataclass
class Parsed:
    """One row. ``number`` counts lines of the file from 1 (the heading); ``problems`` are (column, sentence)."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def decode(raw: bytes) -> str:
    """UTF-8 with or without BOM, or Shift_JIS (cp932). Raises ``Invalid('file')`` for anything else."""
    if not raw.strip():
        raise Invalid("file", "ファイルが空です。見本をもとに作り直してください。", "file")
    if len(raw) > MOST_BYTES:
        raise Invalid("file", "ファイルは10MBまでです。月ごとに分けて取り込んでください。", "file")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    says = "CSVとして読めません。表計算ソフトで「CSV UTF-8」か「CSV」で保存し直してください。"
    raise Invalid("file", says, "file")


class Sheet:
    """A CSV whose heading was understood. Raises ``Invalid('file')`` when it is no such list at all."""

    def __init__(self, raw: bytes, kind: Source) -> None:
        self.kind = kind
        try:
            table = list(csv.reader(StringIO(decode(raw)), strict=True))
        except csv.Error as error:
            says = f"CSVの引用符が閉じていないなど、形が壊れています({error})。"
            raise Invalid("file", says, "file") from None
        heads = [_head(h) for h in table[0]]
        known = {_head(h): c for c in COLUMNS[kind] for h in (c.name, *c.also)}
        self.columns = [known.get(head) for head in heads]
        self.unknown = [
            h.strip() for h, c in zip(table[0], self.columns, strict=True) if c is None and h.strip()
        ]
        self._refuse_bad_heads()
        self.rows = [
            (n, cells) for n, cells in enumerate(table[1:], start=2) if any(c.strip() for c in cells)
        ]
        if not self.rows:
            raise Invalid("file", "見出しの下に行がありません。", "file")
        if len(self.rows) > MOST_ROWS:
            says = f"一度に取り込めるのは{MOST_ROWS:,}行までです(このファイルは{len(self.rows):,}行)。月ごとに分けてください。"
            raise Invalid("file", says, "file")

    def _refuse_bad_heads(self) -> None:
        found = [c.field for c in self.columns if c]
        missing = [c.name for c in COLUMNS[self.kind] if c.required and c.field not in found]
        if missing:
            names = "・".join(missing)
            says = f"1行目に列「{names}」がありません。下の表の列名(別名でもよい)に直してください。"
            raise Invalid("file", says, "file")
        twice = [c.name for c in COLUMNS[self.kind] if found.count(c.field) > 1]
        if twice:
            raise Invalid("file", f"列「{'・'.join(twice)}」が2つあります。1つにしてください。", "file")

    def parse(self, start: int, size: int) -> list[Parsed]:
        """Rows ``start`` to ``start + size`` of the sheet, read."""
        return [self._row(number, cells) for number, cells in self.rows[start : start + size]]

    def _row(self, number: int, cells: list[str]) -> Parsed:
        row = Parsed(number)
        if len(cells) > len(self.columns) and any(c.strip() for c in cells[len(self.columns) :]):
            row.problems.append(
                ("行全体", f'列が{len(cells)}個あります。「,」を含む値は " で囲んでください。')
            )
        typed = {c.field: _typed(cell) for c, cell in zip(self.columns, cells, strict=False) if c}
        for column in COLUMNS[self.kind]:
            text = typed.get(column.field, "")
            if column.required and not text:
                row.problems.append((column.name, f"「{column.name}」が空です。入力してください。"))
                continue
            try:
                row.values[column.field] = READERS.get(column.field, _yes_or_no)(text)
            except Invalid as error:
                row.problems.append((column.name, error.message_ja[:300]))
        if not row.problems:
            _complete(row, self.kind)
        return row


def _head(text: str) -> str:
    return to_half_width(text).strip().lstrip("\ufeff").replace(" ", "").lower()


def _typed(cell: str) -> str:
    """Without outer spaces and without the mark that an export puts before a sign."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


def _yes_or_no(text: str) -> bool | None:
    word = to_half_width(text).lower()
    if word in YES:
        return True
    if word not in NO:
        raise Invalid("value", f"「{text[:20]}」は読めません。「はい」か「いいえ」で入力してください。")
    return None if not word else False


def _day(text: str) -> date | None:
    if not text:
        return None
    day = parse_date(text)
    if day > clock.today():
        raise Invalid("value", f"「{text[:20]}」は先の日付です。日付を確かめてください。")
    return day


def _time(text: str) -> time | None:
    if not text:
        return None
    parts = to_half_width(text).replace("時", ":").replace("分", "").rstrip(":").split(":")
    try:
        return time(int(parts[0]), int(parts[1]) if len(parts) > 1 else 0)
    except (ValueError, IndexError):
        raise Invalid(
            "value", f"「{text[:20]}」は時刻として読めません。09:30 の形で入力してください。"
        ) from None


def _first(text: str) -> bool:
    word = to_half_width(text)
    if word in ("初診", "初", "1"):
        return True
    if word in ("再診", "再", "2"):
        return False
    raise Invalid("value", f"「{text[:20]}」は読めません。「初診」か「再診」で入力してください。")


def _choice(choices: Mapping[str, str], empty: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text:
            return empty
        if text not in choices:
            words = "・".join(dict.fromkeys(w for w in choices if not w.isascii()))
            raise Invalid("value", f"「{text[:20]}」は選べません。{words} のどれかにしてください。")
        return choices[text]

    return read


def _text(limit: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > limit:
            raise Invalid("value", f"{limit}文字までです({len(text)}文字あります)。")
        if any(not c.isprintable() for c in text):
            raise Invalid("value", "目に見えない文字が入っています。入力し直してください。")
        return text

    return read


def _number(digits: int, what: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = to_plain_number(text)
        if plain and not (plain.isdigit() and len(plain) == digits):
            raise Invalid(
                "value", f"「{text[:20]}」は{what}として読めません。{digits}桁の数字で入力してください。"
            )
        return plain

    return read


_MODES = {str(m.label): m.value for m in ArrivalMode} | {m.value: m.value for m in ArrivalMode}
_MODES |= {"救急車": ArrivalMode.AMBULANCE_PUBLIC.value, "独歩": ArrivalMode.WALK.value}
_DOCS = {str(d.label): d.value for d in ReferralDocument} | {d.value: d.value for d in ReferralDocument}
_DOCS |= {"あり": "letter", "有": "letter", "はい": "letter", "無": "none", "いいえ": "none"}
READERS: dict[str, Callable[[str], Any]] = {
    "visit_on": _day,
    "issued_on": _day,
    "final_reply_on": _day,
    "visit_time": _time,
    "is_first_visit": _first,
    "patient_number": _text(20),
    "department": _text(60),
    "from_name": _text(120),
    "to_name": _text(120),
    "referral_number": _text(20),
    "key": _text(40),
    "arrival_mode": _choice(_MODES, ArrivalMode.WALK.value),
    "referral_doc": _choice(_DOCS, ReferralDocument.NONE.value),
    "from_number": _number(10, "医療機関番号"),
    "to_number": _number(10, "医療機関番号"),
    "municipality": _number(5, "市区町村コード"),
}


def on_holiday(day: date) -> bool:
    """休日: Sundays, national holidays and the turn of the year."""
    return day.weekday() == 6 or bool(holiday_name(day)) or is_year_end(day)


def at_night(at: time | None) -> bool:
    """夜間: 18:00 to 8:00; an unknown time is day."""
    return at is not None and (at >= NIGHT_FROM or at < NIGHT_UNTIL)


def _complete(row: Parsed, kind: Source) -> None:
    """What empty cells mean, and the key that keeps the row from being counted twice."""
    values = row.values
    if kind is Source.VISITS:
        if values["is_holiday"] is None:
            values["is_holiday"] = on_holiday(values["visit_on"])
        if values["is_night"] is None:
            values["is_night"] = at_night(values["visit_time"])
        if values["final_reply_on"] and values["final_reply_on"] < values["visit_on"]:
            row.problems.append(("最終返書日", "受診日より前です。日付を確かめてください。"))
        if values["referral_doc"] == "none" and (values["from_number"] or values["from_name"]):
            row.problems.append(("紹介状", "紹介元があるのに「なし」です。紹介状の列を確かめてください。"))
    elif not values["to_name"] and not values["to_number"]:
        row.problems.append(("紹介先名称", "紹介先がありません。医療機関番号か名称を入力してください。"))
    for name, value in values.items():
        if value is None and name not in ("visit_time", "final_reply_on"):
            values[name] = False
    typed = values.pop("key")
    values["key"] = f"id:{typed}" if typed else f"row:{_fingerprint(values, kind)}"


def _fingerprint(values: Mapping[str, Any], kind: Source) -> str:
    names = ("visit_on", "visit_time", "patient_number", "department", "is_first_visit")
    if kind is Source.BACK_REFERRALS:
        names = ("issued_on", "patient_number", "department", "to_number", "to_name")
    told = "|".join(str(values[name]) for name in names)
    return hashlib.sha256(told.encode()).hexdigest()[:40]
