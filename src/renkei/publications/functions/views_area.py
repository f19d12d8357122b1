"""Pages of public bodies: gaps of their area, figures, measures, the form of a year; and the casebook for everybody."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from renkei.directory.models import Area
from renkei.directory.queries import areas
from renkei.directory.types import AreaLevel, CareFunction
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotPossibleNow
from renkei.publications.functions import drawing, export, planning, present, queries
from renkei.publications.functions.forms import (
    CaseForm,
    FigureForm,
    FileForm,
    MeasureForm,
    ReferenceForm,
)
from renkei.publications.functions.types import AreaClass, Mark, ReportState
from renkei.publications.functions.views import download
from renkei.publications.permissions import P
from renkei.ui.types import Tab

ROWS = 50


def _year(request: HttpRequest) -> int:
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and len(text) == 4 else queries.year_now()


def _top(actor: Actor) -> Area:
    found = queries.area_of(actor)
    if found is None:
        raise NotPossibleNow(
            "no_area",
            "この施設の担当する地域が登録されていません。施設情報で地域(都道府県・市区町村)を登録してください。",
        )
    return found


def _level(request: HttpRequest, top: Area) -> AreaLevel:
    asked = request.GET.get("level", "")
    if top.level == AreaLevel.PREFECTURE and asked != AreaLevel.MUNICIPALITY:
        return AreaLevel.SECONDARY_AREA
    return AreaLevel.MUNICIPALITY if asked == AreaLevel.MUNICIPALITY else AreaLevel(top.level)


def _tabs(request: HttpRequest, top: Area, level: AreaLevel, year: int) -> list[Tab]:
    if top.level == AreaLevel.MUNICIPALITY:
        return []
    here = reverse("publications:function_area")
    upper = AreaLevel.SECONDARY_AREA
    return [
        Tab("二次医療圏", f"{here}?year={year}", level == upper),
        Tab("市区町村", f"{here}?year={year}&level=municipality", level == AreaLevel.MUNICIPALITY),
    ]


@require_GET
@page(P.VIEW_FUNCTIONS)
def area(request: HttpRequest) -> HttpResponse:
    """Map and table of イ–ニ by area, the list of gaps, and what was agreed about them."""
    actor, year = current(), _year(request)
    top = _top(actor)
    level = _level(request, top)
    lines = present.area_lines(actor, year, top, level)
    context = {
        "top": top,
        "year": year,
        "years": [y for y in {*queries.years(), year} if y <= year + 1],
        "tabs": _tabs(request, top, level, year),
        "lines": lines,
        "map": drawing.area_map(lines),
        "gaps": present.gaps(lines),
        "functions": [(present.FUNCTION_SHORT[f], f.label, f.value) for f in CareFunction],
        "percent": queries.gap_percent(actor),
        "measures": queries.measures(actor, year=year),
        "today": clock.today(),
        "may_write": actor.may(P.CHECK_FUNCTIONS),
    }
    return render(request, "publications/function_area.html", context)


@require_GET
@page(P.VIEW_FUNCTIONS)
def area_reports(request: HttpRequest) -> HttpResponse:
    """The reports behind the numbers: of an area, with or without a function, by state."""
    actor, year = current(), _year(request)
    top = _top(actor)
    place = queries.area(request.GET["area"]) if request.GET.get("area") else top
    rows = queries.reports_in(actor, year, place)
    function, state = request.GET.get("function", ""), request.GET.get("state", "")
    if function in CareFunction.values:
        rows = rows.filter(functions__contains=[function])
    if state in ReportState.values:
        rows = rows.filter(state=state)
    numbered = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context = {
        "page": numbered,
        "lines": [
            (row, present.STATE_TONES[ReportState(row.state)], present.functions(queries.form_of(year), row))
            for row in numbered
        ],
        "year": year,
        "place": place,
        "function": CareFunction(function).label if function in CareFunction.values else "",
        "states": ReportState.choices[1:],
        "state": state,
    }
    return render(request, "publications/function_area_reports.html", context)


@require_GET
@page(P.VIEW_FUNCTIONS)
def area_file(request: HttpRequest) -> HttpResponse:
    """Every report of the area with its codes, and the gap table, as a workbook."""
    actor, year = current(), _year(request)
    top = _top(actor)
    rows = list(queries.reports_in(actor, year, top))
    lines = present.area_lines(actor, year, top, _level(request, top))
    content = export.area_book(queries.form_of(year), rows, lines)
    return download(content, f"かかりつけ医機能報告_{year}_{top.name}.xlsx")


@require_http_methods(["GET", "POST"])
@page(P.VIEW_FUNCTIONS)
def figures(request: HttpRequest) -> HttpResponse:
    """Population and size of areas: by hand or as a CSV; printed and computed class side by side."""
    actor = current()
    top = _top(actor)
    places = [(a.code, f"{a.name}({a.code})") for a in areas() if top.code in queries.codes_of(a).values()]
    sent = request.POST if request.method == "POST" else None
    is_file = sent is not None and "import" in sent
    form = FigureForm(None if is_file else sent, places=places, initial={"year": clock.today().year})
    file_form = FileForm(sent if is_file else None, request.FILES if is_file else None)
    status = 200
    if sent is not None:
        chosen = file_form if is_file else form
        status = 422
        if chosen.is_valid():
            try:
                rows = _figures_sent(form, file_form, is_file=is_file)
                kept = planning.save_figures(actor, rows=rows)
                messages.success(request, f"人口・面積を{len(kept)}件登録しました。")
                return redirect("publications:function_figures")
            except DomainError as error:
                chosen.take(error)
                status = error.status
    by = queries.thresholds()
    context = {
        "top": top,
        "form": form,
        "file_form": file_form,
        "columns": planning.COLUMNS,
        "rows": [
            (row, present.class_label(row.printed_class), present.class_label(queries.computed_class(row, by)), row.population / row.km2)
            for row in queries.all_figures(top)
        ],
        "may_write": actor.may(P.CHECK_FUNCTIONS),
        "classes": by,
    }  # fmt: skip
    return render(request, "publications/function_figures.html", context, status=status)


def _figures_sent(form: FigureForm, file_form: FileForm, *, is_file: bool) -> list[planning.Figure]:
    if is_file:
        return planning.read_figures(file_form.cleaned_data["file"].read())
    c = form.cleaned_data
    return [planning.figure(c["area"], c["year"], c["population"], c["km2"], c["printed_class"], c["source"])]


@require_http_methods(["GET", "POST"])
@page(P.CHECK_FUNCTIONS)
def add_measure(request: HttpRequest) -> HttpResponse:
    """A gap becomes an issue with a measure, an owner and a day."""
    actor, year = current(), _year(request)
    place = queries.area(request.GET.get("area", ""))
    function = request.GET.get("function", "")
    label = CareFunction(function).label if function in CareFunction.values else ""
    initial = {"issue": f"{place.name}で「{label}」を担う医療機関が足りない" if label else ""}
    form = MeasureForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                planning.add_measure(
                    actor, code=place.code, year=year, function=function, values=form.cleaned_data
                )
                messages.success(request, "取組を登録しました。")
                return redirect(f"{reverse('publications:function_area')}?year={year}#measures")
            except DomainError as error:
                form.take(error)
                status = error.status
    cases = queries.cases(function=function) if label else []
    context = {"form": form, "place": place, "label": label, "year": year, "row": None, "cases": cases}
    return render(request, "publications/function_measure.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.VIEW_FUNCTIONS)
def measure(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One measure; its own house changes it."""
    actor = current()
    row = queries.measure(actor, uid)
    names = (*planning.MEASURE_TEXTS, "due_on", "done_on")
    form = MeasureForm(request.POST or None, initial={name: getattr(row, name) for name in names})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                seen = row.expecting(request.POST.get("version", ""))
                planning.edit_measure(actor, seen, values=form.cleaned_data)
                messages.success(request, "取組を変更しました。")
                return redirect(f"{reverse('publications:function_area')}?year={row.year}#measures")
            except DomainError as error:
                form.take(error)
                status = error.status
    context = {
        "form": form,
        "row": row,
        "place": row.area,
        "label": row.get_function_display(),
        "year": row.year,
        "own": row.facility_id == actor.facility_id and actor.may(P.CHECK_FUNCTIONS),
        "cases": queries.cases(function=row.function),
    }
    return render(request, "publications/function_measure.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_REFERENCE, P.REPORT_FUNCTIONS, P.VIEW_FUNCTIONS)
def year_form(request: HttpRequest, year: int) -> HttpResponse:
    """Items and codes of a report year, what is uncertain, and its versions; whoever may edits the text."""
    actor = current()
    known = queries.form_of(year)
    initial = {"text": known.text, "from_on": clock.today()}
    form = ReferenceForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                kept = planning.save_form(actor, **form.cleaned_data)
                messages.success(request, f"{kept.year}年の様式を変更しました。")
                return redirect("publications:function_form", kept.year)
            except DomainError as error:
                form.take(error)
                status = error.status
    context = {
        "known": known,
        "parts": [("1号", known.part_one), ("2号", known.part_two)],
        "sections": known.sections,
        "versions": queries.form_rows(year),
        "form": form,
        "may_edit": actor.may(P.EDIT_REFERENCE),
    }
    return render(request, "publications/function_form.html", context, status=status)


# The casebook -----------------------------------------------------------------------------------------------------------


@require_GET
@page(P.VIEW_FUNCTIONS, P.REPORT_FUNCTIONS, P.EDIT_REFERENCE)
def cases(request: HttpRequest) -> HttpResponse:
    """The casebook by function, class and words; what could not be read surely says so."""
    function, klass = request.GET.get("function", ""), request.GET.get("class", "")
    text, sure = request.GET.get("q", "")[:80], request.GET.get("sure") == "1"
    by = queries.thresholds()
    found = queries.cases(function=function, klass=klass, text=text, sure_only=sure)
    marks = {m.value: m.label for m in Mark}
    context = {
        "rows": [
            (c, [marks.get(c.marks.get(f, ""), "") for f in CareFunction.values], present.class_label(c.printed_class), present.class_label(queries.computed_class(c, by)))
            for c in found
        ],
        "functions": [(f.value, f.label, present.FUNCTION_SHORT[f]) for f in CareFunction],
        "classes": AreaClass.choices,
        "function": function,
        "klass": klass,
        "text": text,
        "sure": sure,
        "may_edit": current().may(P.EDIT_REFERENCE),
    }  # fmt: skip
    return render(request, "publications/function_cases.html", context)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_REFERENCE)
def edit_case(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mend one initiative."""
    actor = current()
    row = queries.case(uid)
    form = CaseForm(request.POST or None, row=row)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                planning.edit_case(
                    actor, row.expecting(request.POST.get("version", "")), values=form.values()
                )
                messages.success(request, "事例を変更しました。")
                return redirect("publications:function_cases")
            except DomainError as error:
                form.take(error)
                status = error.status
    context = {"form": form, "row": row}
    return render(request, "publications/function_case.html", context, status=status)
