"""The dry run: every row of a list against what the directory knows now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from renkei.directory.imports import reading
from renkei.directory.imports.columns import BY_FIELD, HOURS_FIELDS
from renkei.directory.imports.known import Known
from renkei.directory.imports.mapping import Columns, guess
from renkei.directory.imports.tables import read
from renkei.directory.models import Facility, folded
from renkei.directory.profiles.actions import check_website
from renkei.directory.types import FacilityKind
from renkei.kernel.errors import Invalid

OUTCOMES = ("new", "change", "same", "bad")
_WHOLE = "行全体"
_APART = frozenset({"uid", "departments", "area", "kind", "institution_number", "website", *HOURS_FIELDS})


@dataclass
class Line:
    """One row. ``number`` is the line of the file from 1; ``problems`` and ``notes`` are (column, what to do)."""

    number: int
    typed: dict[str, str] = field(default_factory=dict)
    outcome: str = ""
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    departments: list[str] = field(default_factory=list)
    website: str = ""
    facility: Facility | None = None
    changes: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def read(self, name: str, reader: Callable[[], Any], default: Any = None) -> Any:
        """What ``reader`` gives; its refusal becomes a problem of the column ``name``."""
        try:
            return reader()
        except Invalid as error:
            self.problems.append((BY_FIELD[name].name, error.message_ja))
            return default


@dataclass(frozen=True)
class Report:
    """Every row with what will happen to it."""

    lines: list[Line]
    unknown_columns: list[str]

    def count(self, outcome: str) -> int:
        """How many rows end as ``outcome``: new, change, same or bad."""
        return sum(line.outcome == outcome for line in self.lines)

    def summary(self) -> dict[str, int]:
        """The four counts."""
        return {outcome: self.count(outcome) for outcome in OUTCOMES}


def check(raw: bytes, columns: Columns | None = None) -> Report:
    """The dry run: reads every row, writes nothing. Raises ``Invalid('file')`` and ``Invalid('columns')``."""
    table = read(raw)
    means = columns or guess(table.heads)
    means.check()
    fields = [means.fields.get(head, "") for head in table.heads]
    lines = [_read(number, cells, fields, means) for number, cells in table.rows]
    known = Known(lines)
    judge = _Judge(known, means)
    for line in lines:
        judge.judge(line)
    return Report(lines, [head for head in table.heads if head and not means.fields.get(head)])


def _read(number: int, cells: list[str], fields: list[str], means: Columns) -> Line:
    """The cells of a row as values; nothing is looked up yet."""
    line = Line(number)
    if any(cell.strip() for cell in cells[len(fields) :]):
        line.problems.append((_WHOLE, f'列が{len(cells)}個あります。「,」を含む値は " で囲みます。'))
    line.typed = {name: reading.typed(cell) for name, cell in zip(fields, cells, strict=False) if name}
    said = line.typed
    line.name = " ".join(said.get("name", "").split())
    for name, text in said.items():
        # An empty cell of a foreign list says nothing; in a list of our own it empties the field.
        if name not in _APART and (text or said.get("uid") or name == "name"):
            line.values[name] = line.read(name, lambda name=name, text=text: reading.value(name, text))  # type: ignore[misc]
    kind = said.get("kind", "") or ("" if said.get("uid") else means.kind)
    if kind or "kind" in said:
        line.values["kind"] = line.read("kind", lambda: reading.kind(kind))
    _read_number(line, means)
    if set(HOURS_FIELDS) & set(said) and (said.get("uid") or any(said.get(name) for name in HOURS_FIELDS)):
        line.values["hours"] = line.read("hours_0", lambda: reading.hours(said), [])
    line.departments = line.read("departments", lambda: reading.departments(said.get("departments", "")), [])
    line.website = line.read("website", lambda: check_website(said.get("website", "")), "")
    return line


def _read_number(line: Line, means: Columns) -> None:
    text = line.typed.get("institution_number", "")
    if text or (line.typed.get("uid") and "institution_number" in line.typed):
        prefecture = reading.prefecture_of(line.typed.get("address", "")) or means.prefecture
        kind = line.values.get("kind") or FacilityKind.CLINIC
        line.values["institution_number"] = line.read(
            "institution_number", lambda: reading.institution_number(text, kind, prefecture)
        )


class _Judge:
    """Finds the facility of each row and says what would become of it."""

    def __init__(self, known: Known, means: Columns) -> None:
        self.known, self.means = known, means
        self.seen: dict[str, int] = {}

    def judge(self, line: Line) -> None:
        """Fill ``facility``, ``problems``, ``notes``, ``changes`` and ``outcome``."""
        self._area(line)
        line.facility = self._existing(line)
        self._refuse_twice(line)
        if line.facility is None:
            self._complete(line)
        elif line.facility.pk in self.known.owned and "organization" in line.values:
            named = line.values.pop("organization")
            if named and named != getattr(line.facility.organization, "name", ""):
                line.notes.append(("開設者", "所属する法人が記録されているため、開設者は変えません。"))
        line.outcome = "bad" if line.problems else self._outcome(line)

    def _area(self, line: Line) -> None:
        code = line.typed.get("area", "")
        if code or ("area" in line.typed and line.typed.get("uid")):
            found = self.known.areas.get(code) or self.known.areas.get(code[:5] if len(code) == 6 else code)
            if code and found is None:
                line.problems.append(("地域コード", f"地域コード「{code}」は登録がありません。"))
            line.values["area"] = found

    def _existing(self, line: Line) -> Facility | None:
        uid, number = line.typed.get("uid", ""), line.values.get("institution_number")
        owner = self.known.by_number.get(number) if number else None
        if uid:
            found = self.known.by_uid.get(uid.lower())
            if found is None:
                line.problems.append(("施設ID", "この施設IDは登録がありません。新しい施設では空にします。"))
            elif owner is not None and owner.pk != found.pk:
                line.problems.append(("医療機関番号", f"「{owner.name}」に登録されている番号です。"))
            return found
        if owner is not None:
            self._refuse_stranger(line, owner)
            return owner
        if number and (former := self.known.former.get(number)):
            now = former.facility.institution_number or "番号なし"
            line.problems.append(
                (
                    "医療機関番号",
                    f"「{former.facility.name}」の以前の番号です。今の番号({now})に直してください。",
                )
            )
            return None
        return self._same_house(line)

    def _refuse_stranger(self, line: Line, owner: Facility) -> None:
        """A number whose owner agrees in nothing else is a mistake in the list more often than a house made new."""
        if folded(owner.name) == folded(line.name) or any(_agree(line, owner)):
            return
        line.problems.append(
            (
                "医療機関番号",
                f"「{owner.name}」に登録されている番号で、名称・住所・電話のどれも違います。番号を確かめてください。"
                "改称なら施設IDの列を付けて取り込みます。",
            )
        )

    def _same_house(self, line: Line) -> Facility | None:
        """Without a number that is known: the same kind and name, with the same telephone or address."""
        same = self.known.by_name.get((line.values.get("kind") or "", folded(line.name)), [])
        number = line.values.get("institution_number")
        same = [row for row in same if not (number and row.institution_number)]
        fits = [row for row in same if any(_agree(line, row))]
        if len(fits) == 1:
            return fits[0]
        if same:
            line.notes.append(
                ("名称", f"同じ名称の施設がもうあります({same[0].address or '住所の登録なし'})。")
            )
        return None

    def _refuse_twice(self, line: Line) -> None:
        keys = [line.values.get("institution_number") or ""]
        keys.append(f"施設 {line.facility.pk}" if line.facility else "")
        if not any(keys):
            said = (line.values.get("kind"), folded(line.name), line.values.get("address"))
            keys.append("名 " + " ".join(str(part) for part in said) if line.name else "")
        for key in filter(None, keys):
            if key in self.seen:
                line.problems.append((_WHOLE, f"{self.seen[key]}行目と同じ施設です。1行にまとめてください。"))
                return
            self.seen[key] = line.number

    def _complete(self, line: Line) -> None:
        """What a new facility needs beyond its cells."""
        if "kind" not in line.values:
            line.problems.append(("種別", "種別がありません。種別を入力するか、全行の種別を決めてください。"))
        line.values.setdefault("uses_renkei", self.means.uses_renkei)
        if line.values.get("area") is None and (town := self.known.town_of(line.values.get("address") or "")):
            line.values["area"] = town

    def _outcome(self, line: Line) -> str:
        facility = line.facility
        if facility is None:
            return "new"
        for name, value in line.values.items():
            now = getattr(facility, name)
            if name == "organization":
                now = now.name if now else ""
            elif name == "area":
                now, value = facility.area_id, value.pk if value else None
            if now != value:
                line.changes.append("診療時間" if name == "hours" else BY_FIELD[name].name)
        if set(line.departments) - self.known.departments.get(facility.pk, set()):
            line.changes.append("診療科")
        if line.website and line.website != self.known.websites.get(facility.pk, ""):
            line.changes.append("ホームページ")
        return "change" if line.changes else "same"


def _agree(line: Line, row: Facility) -> Iterable[bool]:
    for name in ("phone", "fax", "address"):
        said, now = (
            folded("".join(str(text or "").split())) for text in (line.values.get(name), getattr(row, name))
        )
        yield bool(said) and said.replace("-", "") == now.replace("-", "")
