"""The list of facilities as CSV: out for a spreadsheet, in with a report on every row before anything is written."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from typing import Any

from renkei.directory.actions import clean, founder
from renkei.directory.models import Area, Department, Facility, FacilityImport
from renkei.directory.permissions import P
from renkei.directory.types import FacilityKind
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import to_plain_number

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 10_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """One column of the file; ``name`` is its heading, ``field`` the field of a facility."""

    field: str
    name: str
    help_text: str
    required: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("uid", "施設ID", "書き出したファイルにある番号。新しい施設では空"),
    Column(
        "institution_number", "医療機関番号", "10桁(都道府県2+点数表1+7)。同じ番号の施設があれば上書きします"
    ),
    Column("name", "名称", "120文字まで", required=True),
    Column("kana", "カナ", "カタカナ"),
    Column("kind", "種別", "・".join(str(k.label) for k in FacilityKind), required=True),
    Column("organization", "開設者", "法人名など。なければ新しく登録します"),
    Column("area", "地域コード", "市区町村または二次医療圏のコード(例: 14401)"),
    Column("postal_code", "郵便番号", "7桁"),
    Column("address", "住所", "200文字まで"),
    Column("phone", "電話", "市外局番から"),
    Column("fax", "FAX", "市外局番から"),
    Column("email", "メール", ""),
    Column("beds", "病床数", "0以上の整数"),
    Column("uses_renkei", "Renkei利用", "はい・いいえ(空は「はい」)"),
    Column("opened_on", "開設日", "2026-04-01、令和8年4月1日 など"),
    Column("closed_on", "閉院日", "閉院していなければ空"),
    Column("departments", "診療科", "「内科|外科」のように | で区切る。ない科は追加し、消すことはしません"),
)
KINDS = {str(k.label): k.value for k in FacilityKind} | {k.value: k.value for k in FacilityKind}
_YES, _NO = {"", "はい", "1", "true", "○", "有"}, {"いいえ", "0", "false", "×", "無"}


@dataclass
class Line:
    """One row of the file. ``number`` counts lines of the file from 1 (the heading); ``problems`` are (column, reason)."""

    number: int
    outcome: str = ""
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    departments: list[str] = field(default_factory=list)
    facility: Facility | None = None
    changes: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """The dry run: every row with what will happen to it."""

    lines: list[Line]
    unknown_columns: list[str]

    def count(self, outcome: str) -> int:
        """How many rows end as ``outcome``: new, change, same or bad."""
        return sum(line.outcome == outcome for line in self.lines)

    def summary(self) -> dict[str, int]:
        """The four counts."""
        return {outcome: self.count(outcome) for outcome in ("new", "change", "same", "bad")}


def decode(raw: bytes) -> str:
    """The text of a file as spreadsheets write it: UTF-8 with or without BOM, or Shift_JIS (cp932).

    Raises ``Invalid('file')`` for anything else, for an empty and for a too large file.
    """
    if not raw.strip():
        raise Invalid("file", "ファイルが空です。書き出したCSVをもとに作り直してください。", "file")
    if len(raw) > MAX_BYTES:
        raise Invalid("file", "ファイルは10MBまでです。分けて取り込んでください。", "file")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Invalid(
        "file", "CSVとして読めません。表計算ソフトで「CSV UTF-8」か「CSV」で保存し直してください。", "file"
    )


def check(raw: bytes) -> Report:
    """The dry run: reads every row, writes nothing. Raises ``Invalid('file')`` when it is no such list at all."""
    try:
        table = list(csv.reader(StringIO(decode(raw)), strict=True))
    except csv.Error as error:
        raise Invalid("file", f"CSVの引用符が閉じていないなど、形が壊れています({error})。", "file") from None
    if not table:
        raise Invalid("file", "ファイルが空です。", "file")
    heads = [head.strip() for head in table[0]]
    known = {column.name: column.field for column in COLUMNS}
    missing = [column.name for column in COLUMNS if column.required and column.name not in heads]
    if missing:
        names = "・".join(missing)
        raise Invalid("file", f"1行目に列「{names}」がありません。列名を確認してください。", "file")
    if len(table) - 1 > MAX_ROWS:
        raise Invalid("file", f"一度に取り込めるのは{MAX_ROWS:,}行までです。分けてください。", "file")
    reader = _Reader(heads, known)
    lines = [reader.line(n, cells) for n, cells in enumerate(table[1:], start=2) if any(cells)]
    return Report(lines, [head for head in heads if head and head not in known])


class _Reader:
    """Reads rows against what the directory knows now; three queries for a whole file."""

    def __init__(self, heads: list[str], known: dict[str, str]) -> None:
        self.fields = [known.get(head, "") for head in heads]
        self.areas = {area.code: area for area in Area.objects.all()}
        rows = list(Facility.objects.select_related("organization"))
        self.by_uid = {str(row.uid): row for row in rows}
        self.by_number = {row.institution_number: row for row in rows if row.institution_number}
        self.departments: dict[int, set[str]] = {}
        for facility_id, name in Department.objects.values_list("facility_id", "name"):
            self.departments.setdefault(facility_id, set()).add(name)
        self.seen: dict[str, int] = {}

    def line(self, number: int, cells: list[str]) -> Line:
        """One row, read and judged."""
        line = Line(number)
        if len(cells) > len(self.fields) and any(cells[len(self.fields) :]):
            line.problems.append(("行全体", f'列が{len(cells)}個あります。「,」を含む値は " で囲みます。'))
        typed = {name: _typed(cell) for name, cell in zip(self.fields, cells, strict=False) if name}
        line.name = typed.get("name", "")
        line.facility = self._existing(line, typed)
        for name, text in typed.items():
            if name not in ("uid", "departments"):
                self._value(line, name, text)
        line.departments = [d.strip() for d in typed.get("departments", "").split("|") if d.strip()]
        self._refuse_twice(line)
        self._conclude(line)
        return line

    def _existing(self, line: Line, typed: dict[str, str]) -> Facility | None:
        uid = typed.get("uid", "")
        if uid:
            if uid not in self.by_uid:
                line.problems.append(("施設ID", "この施設IDは登録がありません。新しい施設では空にします。"))
            return self.by_uid.get(uid)
        return self.by_number.get(to_plain_number(typed.get("institution_number", "")))

    def _value(self, line: Line, name: str, text: str) -> None:
        try:
            line.values[name] = self._read(name, text)
        except Invalid as error:
            label = next(column.name for column in COLUMNS if column.field == name)
            line.problems.append((label, error.message_ja))

    def _read(self, name: str, text: str) -> Any:
        if name == "kind":
            if text not in KINDS:
                raise Invalid("kind", f"「{text}」という種別はありません。説明にある種別から選んでください。")
            return KINDS[text]
        if name == "area":
            if text and text not in self.areas:
                raise Invalid("area", f"地域コード「{text}」は登録がありません。")
            return self.areas.get(text)
        if name == "organization":
            return text
        if name == "beds":
            digits = to_plain_number(text) or "0"
            if not digits.isdigit() or int(digits) > 9999:
                raise Invalid("beds", "病床数は0以上の整数で入力してください。")
            return int(digits)
        if name == "uses_renkei":
            if text.lower() not in _YES | _NO:
                raise Invalid("uses_renkei", "「はい」か「いいえ」で入力してください。")
            return text.lower() in _YES
        if name in ("opened_on", "closed_on"):
            return parse_date(text) if text else None
        return clean({name: text})[name]

    def _refuse_twice(self, line: Line) -> None:
        keys = [line.values.get("institution_number") or ""]
        keys.append(f"施設 {line.facility.pk}" if line.facility else "")
        for key in filter(None, keys):
            if key in self.seen:
                line.problems.append(
                    ("行全体", f"{self.seen[key]}行目と同じ施設です。1行にまとめてください。")
                )
                return
            self.seen[key] = line.number
        number, facility = line.values.get("institution_number"), line.facility
        owner = self.by_number.get(number) if number else None
        if owner is not None and facility is not None and owner.pk != facility.pk:
            line.problems.append(("医療機関番号", f"「{owner.name}」に登録されている番号です。"))

    def _conclude(self, line: Line) -> None:
        if line.problems:
            line.outcome = "bad"
            return
        facility = line.facility
        if facility is None:
            line.outcome = "new"
            return
        labels = {column.field: column.name for column in COLUMNS}
        for name, value in line.values.items():
            now = getattr(facility, name)
            if name == "organization":
                now = now.name if now else ""
            elif name == "area":
                now, value = facility.area_id, value.pk if value else None
            if now != value:
                line.changes.append(labels[name])
        if set(line.departments) - self.departments.get(facility.pk, set()):
            line.changes.append(labels["departments"])
        line.outcome = "change" if line.changes else "same"


def _typed(cell: str) -> str:
    """What the person meant: without outer spaces and without the mark that :func:`export` puts before a sign."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA else text


@action(P.EDIT_ALL, says="医療機関の一覧を読み込んで確認")
def upload(actor: Actor, *, name: str, content: bytes) -> FacilityImport:
    """Keep a list for confirmation; nothing of it is written yet. Raises ``Invalid('file')``."""
    report = check(content)
    kept = FacilityImport(
        facility_id=actor.facility_id,
        person_id=actor.person_id,
        name=name[:255],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        summary=report.summary(),
    )
    kept.save()
    return kept


@action(P.EDIT_ALL, says="医療機関の一覧を取り込み")
def apply(actor: Actor, kept: FacilityImport) -> dict[str, int]:
    """Write the good rows of a checked list, all or none; bad rows stay out. Returns the counts of the report.

    The rows are judged again, since the directory may have changed. ``NotPossibleNow`` when it was applied before.
    """
    if kept.applied_at is not None:
        raise NotPossibleNow("import_applied", "この一覧はもう取り込まれています。")
    report = check(bytes(kept.content))
    for line in report.lines:
        if line.outcome in ("new", "change"):
            _write(line)
    kept.applied_at = clock.now()
    kept.summary = report.summary()
    kept.save()
    return report.summary()


def _write(line: Line) -> None:
    facility = line.facility or Facility()
    values = dict(line.values)
    if "organization" in values:
        values["organization"] = founder(values["organization"])
    for name, value in values.items():
        setattr(facility, name, value)
    facility.save()
    have = set(Department.objects.filter(facility=facility).values_list("name", flat=True))
    for position, name in enumerate(line.departments):
        if name not in have:
            have.add(name)
            Department(facility=facility, name=name[:60], position=position).save()


def export(rows: Iterable[Facility]) -> bytes:
    """The facilities as CSV in the columns of the import, UTF-8 with BOM so that spreadsheets read it right."""
    rows = list(rows)
    departments: dict[int, list[str]] = {}
    ids = [row.pk for row in rows]
    for facility_id, name in Department.objects.filter(facility_id__in=ids).values_list(
        "facility_id", "name"
    ):
        departments.setdefault(facility_id, []).append(name)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in COLUMNS])
    for row in rows:
        writer.writerow(_cells(row, departments.get(row.pk, [])))
    return out.getvalue().encode("utf-8-sig")


def _cells(row: Facility, departments: list[str]) -> list[str]:
    values: dict[str, Any] = {
        "uid": row.uid,
        "kind": row.get_kind_display(),
        "organization": row.organization.name if row.organization else "",
        "area": row.area.code if row.area else "",
        "uses_renkei": "はい" if row.uses_renkei else "いいえ",
        "departments": "|".join(departments),
    }
    cells = []
    for column in COLUMNS:
        value = values.get(column.field, getattr(row, column.field, ""))
        text = value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
        # A leading sign would be run as a formula by a spreadsheet.
        cells.append(f"'{text}" if text[:1] in FORMULA else text)
    return cells
