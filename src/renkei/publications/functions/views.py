"""Pages of a facility: its reports, the form of each part, one report with what may be done."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory.queries import facility_by_id
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, NotFound, NotPossibleNow
from renkei.publications.functions import actions, catalog, export, prefill, present, queries
from renkei.publications.functions.forms import PartForm, ReturnForm
from renkei.publications.functions.types import ReportState
from renkei.publications.models import FunctionReport
from renkei.publications.permissions import P


@require_GET
@page(P.REPORT_FUNCTIONS)
def reports(request: HttpRequest) -> HttpResponse:
    """The reports of one's own house by year, and the button for the year that is due."""
    actor = current()
    house = facility_by_id(actor.facility_id)
    rows = queries.own_reports(actor)
    taken = {row.year for row in rows}
    year = queries.year_now()
    context = {
        "house": house,
        "concerned": house is not None and queries.is_concerned(house, year),
        "lines": [
            (
                row,
                present.STATE_TONES[ReportState(row.state)],
                present.functions(queries.form_of(row.year), row),
            )
            for row in rows
        ],
        "year": year,
        "form": queries.form_of(year),
        "startable": year not in taken,
        "earlier": queries.earlier_report(actor, year),
    }
    return render(request, "publications/function_reports.html", context)


@require_POST
@page(P.REPORT_FUNCTIONS)
def start(request: HttpRequest) -> HttpResponse:
    """A draft for the year that is due, with last year's answers when wanted."""
    copy = request.POST.get("copy") == "1"
    row = actions.start_report(current(), year=queries.year_now(), copy=copy)
    return redirect("publications:function_part", row.uid, 1)


@require_GET
@page(P.REPORT_FUNCTIONS, P.VIEW_FUNCTIONS)
def report(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One report with its answers, what changed, and the next step of whoever looks at it."""
    return _report_page(request, queries.report(current(), uid))


def _report_page(
    request: HttpRequest,
    row: FunctionReport,
    *,
    error: DomainError | None = None,
    form: ReturnForm | None = None,
) -> HttpResponse:
    actor = current()
    year_form = queries.form_of(row.year)
    own = row.facility_id == actor.facility_id and actor.may(P.REPORT_FUNCTIONS)
    checks = not own and actor.may(P.CHECK_FUNCTIONS) and queries.stands_for_prefecture(actor)
    context = {
        "row": row,
        "form": year_form,
        "state": ReportState(row.state),
        "tone": present.STATE_TONES[ReportState(row.state)],
        "parts": [(n, present.sections(year_form, row, n)) for n in (1, 2)],
        "functions": present.functions(year_form, row),
        "changes": present.changes(year_form, row),
        "missing": [
            *catalog.missing(year_form.part_one, row.part_one),
            *(catalog.missing(year_form.part_two, row.part_two) if row.part_one_held else []),
        ],
        "unmet": catalog.unmet(year_form, row.part_one),
        "own": own,
        "writable": own and row.state in actions.OPEN,
        "checkable": checks and row.state == ReportState.SUBMITTED,
        "return_form": form or ReturnForm(),
        "error": error,
    }
    status = error.status if error else (422 if form is not None else 200)
    return render(request, "publications/function_report.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.REPORT_FUNCTIONS)
def part(request: HttpRequest, uid: UUID, number: int) -> HttpResponse:
    """The form of 1号 or 2号; what was typed stays when something is refused."""
    actor = current()
    row = _own_open(actor, uid, number)
    year_form = queries.form_of(row.year)
    answers = row.part_one if number == 1 else row.part_two
    form = PartForm(
        request.POST or None,
        items=year_form.part(number),
        known=answers if number == 1 else dict(row.prefilled) | answers,
    )
    save = actions.save_part_one if number == 1 else actions.save_part_two
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row.expecting(request.POST.get("version", ""))
                kept = save(actor, row, answers=form.answers())
                return _after(request, kept, number)
            except DomainError as error:
                form.take(error)
                status = error.status
    context = {
        "row": row,
        "year_form": year_form,
        "number": number,
        "form": form,
        "sections": present.asked(actor, year_form, row, number, form),
        "received": prefill.received(actor, row.year) if number == 2 else None,
        "unmet": catalog.unmet(year_form, row.part_one),
        "version": request.POST.get("version", row.version),
    }
    return render(request, "publications/function_part.html", context, status=status)


def _own_open(actor: Actor, uid: UUID, number: int) -> FunctionReport:
    row = queries.report(actor, uid)
    if row.facility_id != actor.facility_id or number not in (1, 2):
        raise NotFound("report_not_found", "この報告は見つかりません。一覧から選び直してください。")
    if row.state not in actions.OPEN:
        raise NotPossibleNow(
            "report_closed", "提出した報告は変更できません。直すときは、提出を取り消してください。"
        )
    if number == 2 and not row.part_one_held:
        raise NotPossibleNow(
            "part_one_first",
            "2号機能は、1号機能の報告がすべて要件を満たしてから入力できます。先に1号を完成させてください。",
        )
    return row


def _after(request: HttpRequest, row: FunctionReport, number: int) -> HttpResponse:
    messages.success(request, f"{number}号の回答を保存しました。")
    if number == 1 and row.part_one_held and "next" in request.POST:
        return redirect("publications:function_part", row.uid, 2)
    return redirect("publications:function_report", row.uid)


def _do(
    request: HttpRequest, uid: UUID, step: Callable[[Actor, FunctionReport], object], says: str
) -> HttpResponse:
    actor = current()
    row = queries.report(actor, uid)
    try:
        step(actor, row.expecting(request.POST.get("version", "")))
    except DomainError as error:
        return _report_page(request, queries.report(actor, uid), error=error)
    messages.success(request, says)
    return redirect("publications:function_report", uid)


@require_POST
@page(P.REPORT_FUNCTIONS)
def submit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Hand the report in."""
    return _do(request, uid, actions.submit_report, "提出しました。施設情報の機能にも反映しました。")


@require_POST
@page(P.REPORT_FUNCTIONS)
def take_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Back to the draft."""
    return _do(
        request, uid, actions.take_back, "提出を取り消しました。直してから、もう一度提出してください。"
    )


@require_POST
@page(P.REPORT_FUNCTIONS)
def clear_part_two(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take the answers of 2号 away."""
    return _do(request, uid, actions.clear_part_two, "2号の回答を消しました。")


@require_POST
@page(P.CHECK_FUNCTIONS)
def confirm(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The prefecture found it in order."""
    return _do(request, uid, actions.confirm_report, "確認しました。医療機関に知らせました。")


@require_POST
@page(P.CHECK_FUNCTIONS)
def give_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Return it with a reason."""
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _report_page(request, queries.report(current(), uid), form=form)
    reason = form.cleaned_data["reason"]

    def step(actor: Actor, row: FunctionReport) -> object:
        return actions.return_report(actor, row, reason=reason)

    return _do(request, uid, step, "差し戻しました。医療機関に知らせました。")


@require_GET
@page(P.REPORT_FUNCTIONS, P.VIEW_FUNCTIONS)
def report_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The report as a workbook in the layout of the report."""
    row = queries.report(current(), uid)
    content = export.report_book(queries.form_of(row.year), row, row.facility)
    return download(content, f"かかりつけ医機能報告_{row.year}_{row.facility.name}.xlsx")


def download(content: bytes, name: str) -> HttpResponse:
    """A workbook to keep."""
    response = HttpResponse(content, content_type=export.MEDIA_TYPE)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
