"""What the pages and the files show: answers in words, changes since last year, gaps of areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renkei.directory.models import Area
from renkei.directory.types import AreaLevel, CareFunction
from renkei.gate.actor import Actor
from renkei.publications.functions import catalog, queries
from renkei.publications.functions.forms import PartForm, names_of
from renkei.publications.functions.prefill import Suggested, suggestions
from renkei.publications.functions.types import (
    Answers,
    AreaClass,
    Form,
    Item,
    Kind,
    Prefilled,
    ReportState,
    Thresholds,
)
from renkei.publications.models import AreaFigure, FunctionReport
from renkei.ui.types import Shown, Tone

STATE_TONES = {
    ReportState.DRAFT: Tone.NEUTRAL,
    ReportState.SUBMITTED: Tone.INFO,
    ReportState.RETURNED: Tone.WARNING,
    ReportState.CONFIRMED: Tone.SUCCESS,
}
FUNCTION_SHORT = {
    CareFunction.AFTER_HOURS: "イ",
    CareFunction.DISCHARGE: "ロ",
    CareFunction.HOME_CARE: "ハ",
    CareFunction.CARE_LINK: "ニ",
}
SHOWN_INSTITUTIONS = 3


def class_label(code: str) -> str:
    """大都市型, 地方都市型, 過疎地域型; empty for none."""
    return str(AreaClass(code).label) if code else ""


def words(item: Item, value: Any) -> str:
    """An answer in words with its code; empty when nothing was answered."""
    if value in (None, "", []):
        return ""
    if item.kind is Kind.FACILITIES:
        return "、".join(one["name"] for one in value)
    if item.kind is Kind.CHOICES:
        return "、".join(item.label_of(code) for code in value)
    if item.kind is Kind.CHOICE:
        return f"{value} {item.label_of(str(value))}"
    return f"{value}人" if item.kind is Kind.FTE else f"{value:,}回"


@dataclass(frozen=True)
class Line(Shown):
    """One item with its answer. ``before`` is last year's answer; ``changed``, ``is_new`` and ``is_gone`` need an earlier report."""

    item: Item
    says: str
    before: str = ""
    changed: bool = False
    is_new: bool = False
    is_gone: bool = False
    is_present: bool = False
    asked: bool = True
    from_platform: bool = False


def _line(form: Form, item: Item, row: FunctionReport, answers: Answers, before: Answers | None) -> Line:
    value, was = answers.get(item.key), (before or {}).get(item.key)
    given = value not in (None, "", [])
    present = catalog.present_items(form, answers, item.section)
    return Line(
        item=item,
        says=words(item, value),
        before=words(item, was),
        changed=was is not None and given and value != was,
        is_new=before is not None and was is None and given,
        # A count of a period is empty at first in every new year: that is no change.
        is_gone=was is not None and not given and item.asked(answers) and not item.of_its_year,
        is_present=item in present,
        asked=item.asked(answers),
        from_platform=value is not None and row.prefilled.get(item.key) == value,
    )


def sections(form: Form, row: FunctionReport, number: int) -> list[tuple[str, str, list[Line]]]:
    """``(key, heading, lines)`` of a part of a report."""
    answers = row.part_one if number == 1 else row.part_two
    before: Answers | None = None
    if row.earlier is not None:
        before = row.earlier.part_one if number == 1 else row.earlier.part_two
    found = []
    for key, heading in form.sections.items():
        lines = [_line(form, i, row, answers, before) for i in form.part(number) if i.section == key]
        if lines:
            found.append((key, heading, lines))
    return found


def changes(form: Form, row: FunctionReport) -> int:
    """How many answers differ from the report before."""
    lines = [line for n in (1, 2) for _k, _h, part in sections(form, row, n) for line in part]
    return sum(line.changed or line.is_new or line.is_gone for line in lines)


def functions(form: Form, row: FunctionReport) -> list[tuple[str, str, bool, list[Item]]]:
    """``(sign, heading, present, items that make it present)`` of イ–ニ."""
    return [
        (
            FUNCTION_SHORT[f],
            str(f.label),
            f.value in row.functions,
            catalog.present_items(form, row.part_two, f.value) if row.part_one_held else [],
        )
        for f in CareFunction
    ]


# The form page ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked(Shown):
    """One item on the form: its fields (further institutions apart), last year's words, where the filled-in answer is from."""

    item: Item
    fields: Sequence[Any]
    more: Sequence[Any]
    before: str
    condition: str
    from_platform: bool
    suggested: Sequence[Suggested]


def _condition(form: Form, item: Item) -> str:
    if item.only_if is None:
        return ""
    other = form.item(item.only_if[0])
    if other is None:
        return ""
    codes = "・".join(item.only_if[1])
    return f"「{other.label}」が {codes} のとき"


def asked(
    actor: Actor, form: Form, row: FunctionReport, number: int, page: PartForm
) -> list[tuple[str, str, list[Asked]]]:
    """The form by sections."""
    answers = row.part_one if number == 1 else row.part_two
    before = {} if row.earlier is None else (row.earlier.part_one if number == 1 else row.earlier.part_two)
    found = []
    for key, heading in form.sections.items():
        lines = []
        for item in (i for i in form.part(number) if i.section == key):
            bound = [page[name] for name in names_of(item)]
            filled = sum(1 for b in bound if b.value()) if item.kind is Kind.FACILITIES else 0
            shown = max(SHOWN_INSTITUTIONS, filled) if item.kind is Kind.FACILITIES else 1
            wanted = item.prefilled is Prefilled.PLATFORM and item.kind is Kind.FACILITIES
            lines.append(
                Asked(
                    item=item,
                    fields=bound[:shown],
                    more=bound[shown:],
                    before=words(item, before.get(item.key)),
                    condition=_condition(form, item),
                    from_platform=item.key in row.prefilled and item.key not in answers,
                    suggested=suggestions(actor, row.year, item) if wanted else (),
                )
            )
        if lines:
            found.append((key, heading, lines))
    return found


# Gaps of areas ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell(Shown):
    """One function in one area. ``grade``: none (空白), few (少ない), some, or unknown without any report."""

    function: str
    sign: str
    label: str
    count: int
    percent: int
    grade: str
    measures: int

    @property
    def grade_label(self) -> str:
        """The word beside the number; colour never stands alone."""
        return {"none": "空白", "few": "少ない", "some": "", "unknown": "報告なし"}[self.grade]

    @property
    def is_gap(self) -> bool:
        """Whether it goes onto the list for the 協議の場."""
        return self.grade in {"none", "few"}


@dataclass(frozen=True)
class AreaLine(Shown):
    """One area: who has to report, who did, the four functions, and both classes (printed and computed) apart."""

    area: Area
    concerned: int
    reported: int
    confirmed: int
    cells: Sequence[Cell]
    figure: AreaFigure | None
    computed: str
    printed: str

    @property
    def silent(self) -> int:
        """Facilities whose report is not in."""
        return max(self.concerned - self.reported, 0)


def _cells(rows: Sequence[FunctionReport], percent: int, measured: Mapping[str, int]) -> list[Cell]:
    found = []
    for function in CareFunction:
        n = sum(function.value in row.functions for row in rows)
        share = round(100 * n / len(rows)) if rows else 0
        few = bool(rows) and 100 * n < percent * len(rows)
        grade = "unknown" if not rows else "none" if n == 0 else "few" if few else "some"
        found.append(
            Cell(
                function.value,
                FUNCTION_SHORT[function],
                str(function.label),
                n,
                share,
                grade,
                measured.get(function.value, 0),
            )
        )
    return found


def area_lines(actor: Actor, year: int, top: Area, level: AreaLevel) -> list[AreaLine]:
    """The areas of ``level`` inside ``top`` with their gaps; at the end those that lie nowhere finer known."""
    places = queries.parts_of(top, level)
    figures = queries.figures([a.code for a in places], year)
    rows = list(queries.reports_in(actor, year, top))
    percent, by, concerned = queries.gap_percent(actor), queries.thresholds(), queries.concerned_in(top, year)
    measured: dict[tuple[str, str], int] = {}
    for m in queries.measures(actor, year=year):
        measured[m.area.code, m.function] = measured.get((m.area.code, m.function), 0) + 1
    found = []
    for place in places:
        mine = [r for r in rows if getattr(r, place.level) == place.code]
        of_place = {f: n for (code, f), n in measured.items() if code == place.code}
        cells = _cells(mine, percent, of_place)
        found.append(
            _area_line(place, concerned.get(place.code, 0), mine, cells, figures.get(place.code), by)
        )
    return found


def _area_line(
    place: Area,
    concerned: int,
    rows: Sequence[FunctionReport],
    cells: Sequence[Cell],
    figure: AreaFigure | None,
    by: Thresholds,
) -> AreaLine:
    return AreaLine(
        area=place,
        concerned=concerned,
        reported=len(rows),
        confirmed=sum(r.state == ReportState.CONFIRMED for r in rows),
        cells=cells,
        figure=figure,
        computed=class_label(queries.computed_class(figure, by)) if figure else "",
        printed=class_label(figure.printed_class) if figure else "",
    )


def gaps(lines: Sequence[AreaLine]) -> list[tuple[Area, Cell]]:
    """What the 協議の場 has to talk about, empty ones first."""
    found = [(line.area, cell) for line in lines for cell in line.cells if cell.is_gap]
    return sorted(found, key=lambda pair: (pair[1].grade != "none", pair[0].code, pair[1].sign))
