"""Pages where something is written: files of visits, months, definitions, reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.indicators import actions, export, queries
from renkei.indicators.figures import closings
from renkei.indicators.forms import (
    DefinitionForm,
    ImportForm,
    MonthForm,
    ReasonForm,
    fiscal_years,
    period_from,
)
from renkei.indicators.judging import words
from renkei.indicators.models import EventImport, EventImportProblem, Report
from renkei.indicators.permissions import P
from renkei.indicators.reading import COLUMNS
from renkei.indicators.registry import definition_names, indicator_of, options_of
from renkei.indicators.reporting import papers
from renkei.indicators.reporting.content import due_on
from renkei.indicators.rules import Rulebook, rulebook, where
from renkei.indicators.types import Period, Source, month_of
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotFound
from renkei.ui.fragments import live_response

ROWS = 100
KIND_LABELS = {Source.VISITS.value: "受診", Source.BACK_REFERRALS.value: "逆紹介"}
DEFINITION_TITLES = {
    "medical_care_act": "医療法の紹介率・逆紹介率",
    "fee_schedule": "診療報酬の紹介割合・逆紹介割合",
}


@require_http_methods(["GET", "POST"])
@page(P.IMPORT)
def upload(request: HttpRequest) -> HttpResponse:
    """A CSV in; its rows are read in the background."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, cleaned = form.cleaned_data["file"], form.cleaned_data
        kept: list[EventImport] = []
        try:
            made = actions.upload(
                current(),
                kind=Source(cleaned["kind"]),
                name=file.name,
                content=file.read(),
                takes_late=cleaned["takes_late"],
                reason=cleaned["reason"],
            )
            kept.append(made)
        except DomainError as error:
            form.take(error)
        if kept:
            return redirect("indicators:import", kept[0].uid)
    context = {
        "form": form,
        "columns": [(KIND_LABELS[kind.value], kind.value, COLUMNS[kind]) for kind in Source],
        "imports": [(row, KIND_LABELS.get(row.kind, row.kind)) for row in queries.imports(current())[:6]],
    }
    return render(request, "indicators/upload.html", context, status=422 if form.is_bound else 200)


@require_GET
@page(P.IMPORT)
def sample(request: HttpRequest, kind: str) -> HttpResponse:
    """A CSV with all columns and one row, to fill in."""
    if kind not in KIND_LABELS:
        raise NotFound("sample_unknown", "この見本はありません。取り込みのページから選び直してください。")
    columns = COLUMNS[Source(kind)]
    content = export.as_csv([c.name for c in columns], [[c.sample for c in columns]])
    return _download(content, export.TYPES[export.CSV], f"{KIND_LABELS[kind]}の見本.csv")


def _download(content: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _problems(kept: EventImport) -> Any:
    rows = EventImportProblem.objects.visible_to(current()).filter(event_import_id=kept.pk)
    return rows.order_by("row_number", "id")


@require_GET
@page(P.IMPORT)
def import_report(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far a file is, and every row that did not come in."""
    kept = queries.import_of(current(), uid)
    if request.GET.get("as") == export.CSV:
        cells = _problems(kept).values_list("row_number", "column", "says")
        return _download(
            export.as_csv(("行", "列", "直すこと"), cells),
            export.TYPES[export.CSV],
            f"取り込めなかった行_{kept.name}.csv",
        )
    numbered = Paginator(_problems(kept), ROWS).get_page(request.GET.get("page"))
    context = {"kept": kept, "label": KIND_LABELS.get(kept.kind, kept.kind), "page": numbered}
    return render(request, "indicators/import.html", context)


@require_GET
@page(P.IMPORT)
def import_progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The part of the report that refreshes itself."""
    kept = queries.import_of(current(), uid)
    return live_response(
        request, render_to_string("indicators/_progress.html", {"kept": kept}, request=request)
    )


@require_GET
@page(P.VIEW)
def months(request: HttpRequest) -> HttpResponse:
    """The months with their closings, corrections that wait, and who opened what again and why."""
    period = period_from(request.GET) if request.GET else _months_so_far()
    context = {
        "lines": queries.months(current(), period.months()),
        "reason_form": ReasonForm(),
        "may_close": current().may(P.CLOSE),
        "may_reopen": current().may(P.REOPEN),
    }
    return render(request, "indicators/months.html", context)


def _months_so_far() -> Period:
    """The last eighteen months and the running one."""
    last = month_of(clock.today())
    first = last
    for _ in range(17):
        first = month_of(first.fromordinal(first.toordinal() - 1))
    return Period(first, last)


@require_POST
@page(P.CLOSE)
def close(request: HttpRequest) -> HttpResponse:
    """締める."""
    form = MonthForm(request.POST)
    if not form.is_valid():
        raise NotFound("month", "月を選び直してください。")
    made = actions.close_month(current(), month=form.cleaned_data["month"])
    messages.success(request, f"{made.month_on.year}年{made.month_on.month}月を締めました。")
    return redirect("indicators:months")


@require_POST
@page(P.REOPEN)
def reopen(request: HttpRequest, uid: UUID) -> HttpResponse:
    """締めを解除する, with a reason."""
    closing = queries.closing_of(current(), uid)
    actions.reopen_month(current(), closing, reason=request.POST.get("reason", ""))
    messages.success(request, f"{closing.month_on.year}年{closing.month_on.month}月の締めを解除しました。")
    return redirect("indicators:months")


@require_http_methods(["GET", "POST"])
@page(P.DEFINE, P.VIEW)
def definitions(request: HttpRequest) -> HttpResponse:
    """Every definition with its versions; what the house may set has a form."""
    book, chosen = rulebook(current().facility_id), request.POST.get("definition", "")
    forms = {name: _form(book, name, request if name == chosen else None) for name in definition_names()}
    form = forms.get(chosen)
    if request.method == "POST" and form is not None and form.is_valid():
        done = []
        try:
            done.append(
                actions.define(
                    current(),
                    definition=chosen,
                    values=form.values(),
                    valid_from=form.cleaned_data["valid_from"],
                    reason=form.cleaned_data["reason"],
                )
            )
        except DomainError as error:
            form.take(error)
        if done:
            messages.success(request, "数え方の新しい版を登録しました。締めた月の数字は変わりません。")
            return redirect("indicators:definitions")
    context = {
        "definitions": [_told(book, name, made) for name, made in forms.items()],
        "may_define": current().may(P.DEFINE),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "indicators/definitions.html", context, status=status)


def _told(book: Rulebook, name: str, form: DefinitionForm | None) -> dict[str, Any]:
    """One definition as its card shows it."""
    now = book.definition(name, month_of(clock.today()))
    return {
        "name": name,
        "title": DEFINITION_TITLES.get(name, "返書"),
        "now": now,
        "asks": [(r["name"], [words(c) for c in r["all"]], _classes(r)) for r in now.params["requirements"]],
        "history": [(row, where(row.jurisdiction)) for row in book.history(name)],
        "form": form,
    }


def _classes(requirement: Mapping[str, Any]) -> str:
    """Which hospitals a requirement speaks of; empty for all."""
    named = {value: label for o in options_of("fee_schedule") for value, label in o.choices}
    return "、".join(named.get(c, c) for c in requirement.get("classes", []))


def _form(book: Rulebook, name: str, request: HttpRequest | None) -> DefinitionForm | None:
    options = options_of(name)
    if not options or not current().may(P.DEFINE):
        return None
    now = dict(book.definition(name, month_of(clock.today())).params)
    data = request.POST if request else None
    return DefinitionForm(data, options=options, now=now, prefix_id=name)


@require_http_methods(["GET", "POST"])
@page(P.REPORT, P.VIEW)
def reports(request: HttpRequest) -> HttpResponse:
    """業務報告書: make one of a fiscal year that is over; earlier ones stay."""
    if request.method == "POST":
        year = request.POST.get("fiscal_year", "")
        made = actions.make_report(
            current(), fiscal_year=int(year) if year.isdigit() and len(year) == 4 else 9998
        )
        messages.success(request, f"{made.fiscal_year}年度の業務報告書(第{made.number}版)を作成しました。")
        return redirect("indicators:report", made.uid)
    years = [y for y in fiscal_years() if Period.fiscal(y).until <= clock.today()]
    context = {
        "reports": queries.reports(current()),
        "years": [(y, due_on(y), _open(y)) for y in years],
        "may_report": current().may(P.REPORT),
    }
    return render(request, "indicators/reports.html", context)


def _open(year: int) -> int:
    months = list(Period.fiscal(year).months())
    return len(months) - len(closings(current(), months))


@require_GET
@page(P.REPORT, P.VIEW)
def report(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One report as it was made."""
    found: Report = queries.report_of(current(), uid)
    period = Period.fiscal(found.fiscal_year)
    figures = [
        (indicator_of(key), told) for key, told in found.content.get("figures", {}).items() if _exists(key)
    ]
    context = {"report": found, "content": found.content, "figures": figures, "period": period}
    return render(request, "indicators/report.html", context)


def _exists(key: str) -> bool:
    try:
        return bool(indicator_of(key))
    except KeyError:
        return False


@require_GET
@page(P.REPORT, P.VIEW)
def report_file(request: HttpRequest, uid: UUID, kind: str) -> HttpResponse:
    """XLSX to fill in, or PDF."""
    found = queries.report_of(current(), uid)
    name = f"業務報告書_{found.fiscal_year}年度_第{found.number}版"
    if kind == "pdf":
        return _download(papers.as_pdf(found), "application/pdf", f"{name}.pdf")
    if kind == export.XLSX:
        return _download(papers.as_xlsx(found), export.TYPES[export.XLSX], f"{name}.xlsx")
    raise NotFound("format_unknown", "PDFかExcelを選んでください。")
