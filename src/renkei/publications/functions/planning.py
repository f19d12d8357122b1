"""What public bodies write: figures of areas, measures against gaps, the form of a year, the casebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from renkei.directory.models import Area
from renkei.directory.types import CareFunction
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound
from renkei.kernel.text import clean_note, to_half_width
from renkei.publications.functions import catalog, queries
from renkei.publications.functions.types import AreaClass, Mark
from renkei.publications.models import AreaFigure, GapMeasure, LocalCase, ReportForm
from renkei.publications.permissions import P

COLUMNS = ("地域コード", "年", "人口", "面積", "印刷された分類", "出典")
MOST_ROWS = 2_000
MOST_PEOPLE = 20_000_000
MOST_KM2 = Decimal(100_000)
_CLASSES = {str(c.label): c.value for c in AreaClass} | {"": "", "-": ""}
MEASURE_TEXTS = {"issue": 300, "cause": 300, "measure": 300, "owner": 120, "result": 300}
CASE_TEXTS = {
    "who": 80,
    "place": 40,
    "kind": 20,
    "summary": 200,
    "other": 60,
    "area_name": 40,
    "figures_source": 200,
}


@dataclass(frozen=True)
class Figure:
    """One figure ready to store."""

    area: Area
    year: int
    population: int
    km2: Decimal
    printed_class: str = ""
    source: str = ""


def _inside(actor: Actor, code: str, name: str) -> Area:
    """The area, if it lies in what the actor's public body stands for; a refusal stays on record."""
    own = queries.area_of(actor)
    found = queries.area(code)
    if own is None or own.code not in queries.codes_of(found).values():
        refuse(actor, f"publications.functions.planning.{name}", "担当の区域の外の地域に記録")
        raise NotAllowed("other_area", f"{found.name}は担当の区域の外です。区域の中の地域を選んでください。")
    return found


# Figures of areas -------------------------------------------------------------------------------------------------------


def figure(code: str, year: str, population: str, km2: str, printed: str = "", source: str = "") -> Figure:
    """Read from texts. Raises ``Invalid`` at the column."""
    numbers: dict[str, int] = {}
    for name, label, text, limit in (
        ("year", "年", year, 2100),
        ("population", "人口", population, MOST_PEOPLE),
    ):
        plain = to_half_width(text).replace(",", "").strip()
        if not plain.isdecimal() or int(plain) > limit:
            raise Invalid("number", f"{label}は整数で入力してください(今は「{text[:20]}」)。", name)
        numbers[name] = int(plain)
    if numbers["year"] < 1990:
        raise Invalid("year", "年は西暦4桁で入力してください。", "year")
    try:
        size = Decimal(to_half_width(km2).replace(",", "").strip()).quantize(Decimal("0.01"))
    except InvalidOperation:
        size = Decimal(0)
    if not size.is_finite() or not 0 < size <= MOST_KM2:
        raise Invalid("km2", f"面積はkm²の数で入力してください(今は「{km2[:20]}」)。", "km2")
    if printed.strip() not in _CLASSES and printed.strip() not in AreaClass.values:
        raise Invalid(
            "printed_class",
            "分類は「大都市型」「地方都市型」「過疎地域型」か空欄にしてください。",
            "printed_class",
        )
    klass = _CLASSES.get(printed.strip(), printed.strip())
    return Figure(
        queries.area(code.strip()), numbers["year"], numbers["population"], size, klass, source.strip()
    )


@action(P.CHECK_FUNCTIONS, says="地域の人口・面積を登録")
def save_figures(actor: Actor, *, rows: list[Figure]) -> list[AreaFigure]:
    """Keep figures, all or none; the figure of the same area and year is replaced."""
    kept = []
    for told in rows:
        _inside(actor, told.area.code, "save_figures")
        row = AreaFigure.objects.filter(area=told.area, year=told.year).first() or AreaFigure(
            area=told.area, year=told.year
        )
        row.population, row.km2 = told.population, told.km2
        row.printed_class, row.source = told.printed_class, clean_note(told.source, 200, "source")
        row.save()
        kept.append(row)
    return kept


def read_figures(content: bytes) -> list[Figure]:
    """Figures from a CSV with the columns of ``COLUMNS``. Raises ``Invalid('file')`` naming every line that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp932", errors="replace")
    reader = csv.DictReader(io.StringIO(text))
    if lacking := [c for c in COLUMNS[:4] if c not in (reader.fieldnames or [])]:
        raise Invalid(
            "columns", f"列がありません: {'、'.join(lacking)}。1行目に列名を入れてください。", "file"
        )
    found, wrong = [], []
    for number, line in enumerate(reader, start=2):
        try:
            found.append(figure(*[str(line.get(column) or "") for column in COLUMNS]))
        except (Invalid, NotFound) as error:
            wrong.append(f"{number}行目: {error.message_ja}")
    if wrong:
        more = f" ほか{len(wrong) - 10}行" if len(wrong) > 10 else ""
        raise Invalid("rows", "登録していません。" + " ".join(wrong[:10]) + more, "file")
    if not found or len(found) > MOST_ROWS:
        raise Invalid("rows", f"1行以上{MOST_ROWS}行までのCSVを選んでください。", "file")
    return found


# Measures ---------------------------------------------------------------------------------------------------------------


def _measure_texts(values: Mapping[str, Any]) -> dict[str, str]:
    found = {
        name: clean_note(str(values.get(name) or ""), limit, name).strip()
        for name, limit in MEASURE_TEXTS.items()
    }
    if not found["issue"]:
        raise Invalid("issue_empty", "課題を入力してください。", "issue")
    return found


def _done(values: Mapping[str, Any]) -> date | None:
    done: date | None = values.get("done_on")
    if done is not None and done > clock.today():
        raise Invalid("done_ahead", "実施日は今日までの日付にしてください。", "done_on")
    return done


@action(P.CHECK_FUNCTIONS, says="協議の場の取組を登録")
def add_measure(
    actor: Actor, *, code: str, year: int, function: str, values: Mapping[str, Any]
) -> GapMeasure:
    """Write down what was agreed about a gap. ``values``: issue, cause, measure, owner, due_on, done_on, result."""
    place = _inside(actor, code, "add_measure")
    if function not in CareFunction.values:
        raise Invalid("function", "機能を選んでください。", "function")
    row = GapMeasure(
        facility_id=actor.facility_id,
        area=place,
        year=year,
        function=function,
        due_on=values.get("due_on"),
        done_on=_done(values),
        written_by=actor.label,
        **_measure_texts(values),
        **queries.codes_of(place),
    )
    row.save()
    return row


@action(P.CHECK_FUNCTIONS, says="協議の場の取組を変更")
def edit_measure(actor: Actor, row: GapMeasure, *, values: Mapping[str, Any]) -> GapMeasure:
    """Change a measure of one's own house: who, until when, done, what came of it."""
    if row.facility_id != actor.facility_id:
        refuse(actor, "publications.functions.planning.edit_measure", "ほかの機関の取組を変更", row)
        raise NotAllowed("other_facility", "ほかの機関が登録した取組は変更できません。")
    for name, text in _measure_texts(values).items():
        setattr(row, name, text)
    row.due_on, row.done_on = values.get("due_on"), _done(values)
    row.save()
    return row


# Reference data ---------------------------------------------------------------------------------------------------------


@action(P.EDIT_REFERENCE, says="報告の様式を変更")
def save_form(actor: Actor, *, text: str, note: str, from_on: date) -> ReportForm:
    """A new version of a year's form, in force from a day on. Raises ``Invalid('text')`` with what is wrong in it."""
    form = catalog.read(text)
    said = clean_note(note, 200, "note").strip()
    if not said:
        raise Invalid("note_empty", "変更の理由を入力してください。", "note")
    row = ReportForm(year=form.year, text=text, note=said, from_on=from_on, written_by=actor.label)
    row.save()
    return row


@action(P.EDIT_REFERENCE, says="取組事例を変更")
def edit_case(actor: Actor, row: LocalCase, *, values: Mapping[str, Any]) -> LocalCase:
    """Mend an initiative: texts, marks (function → sure, likely, unread or empty), figures of its area, printed class."""
    for name, limit in CASE_TEXTS.items():
        if name in values:
            setattr(row, name, clean_note(str(values[name] or ""), limit, name).strip())
    for name in ("who", "kind", "summary"):
        if not getattr(row, name):
            raise Invalid("case_empty", "取組の中心・類型・概要は空にできません。", name)
    marks = {k: v for k, v in dict(values.get("marks", row.marks)).items() if v}
    if set(marks) - set(CareFunction.values) or set(marks.values()) - set(Mark.values):
        raise Invalid("marks", "印は〇、〇?、?か空欄から選んでください。", "marks")
    printed = str(values.get("printed_class", row.printed_class) or "")
    if printed and printed not in AreaClass.values:
        raise Invalid("printed_class", "分類を選び直してください。", "printed_class")
    row.marks, row.printed_class = marks, printed
    row.population, row.km2 = values.get("population", row.population), values.get("km2", row.km2)
    if row.km2 is not None and not 0 < row.km2 <= MOST_KM2:
        raise Invalid("km2", "面積は0より大きい数で入力してください。", "km2")
    row.other_certain = bool(values.get("other_certain", row.other_certain))
    row.save()
    return row
