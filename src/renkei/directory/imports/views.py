"""Pages of the import: choose a file, say what its columns mean, read the report, take it in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_http_methods

from renkei.directory.imports import actions, export, forms, running
from renkei.directory.imports.columns import COLUMNS
from renkei.directory.imports.tables import read
from renkei.directory.models import FacilityImport
from renkei.directory.permissions import P
from renkei.directory.views_edit import saved
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, NotFound
from renkei.ui.fragments import live_response

MOST_SHOWN = 500


def _kept(uid: UUID) -> FacilityImport:
    kept = FacilityImport.objects.visible_to(current()).filter(uid=uid).first()
    if kept is None:
        raise NotFound("import_not_found", "この取り込みは見つかりません。もう一度ファイルを選んでください。")
    found: FacilityImport = kept
    return found


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """A list comes in; the next page asks for its columns, or shows what would happen."""
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    made: list[FacilityImport] = []

    def save() -> None:
        file = form.cleaned_data["file"]
        made.append(actions.upload(current(), name=file.name, content=file.read()))

    if request.method == "POST" and saved(form, save):
        return redirect(
            "directory:import_check" if made[0].columns else "directory:import_columns", made[0].uid
        )
    columns = [column for column in COLUMNS if column.own and not column.field.startswith("hours_")]
    context = {"form": form, "columns": columns}
    return render(request, "directory/import.html", context, status=422 if form.is_bound else 200)


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Which column means what."""
    kept, actor = _kept(uid), current()
    table = read(bytes(kept.content))
    proposed, mapping = actions.proposed(actor, kept)
    form = forms.ColumnsForm(
        request.POST or None, table=table, proposed=proposed, save_as=mapping.name if mapping else ""
    )
    if request.method == "POST" and saved(
        form,
        lambda: actions.set_columns(
            actor, kept, columns=form.columns(), save_as=form.cleaned_data["save_as"]
        ),
    ):
        return redirect("directory:import_check", uid)
    context = {"form": form, "kept": kept, "mapping": mapping, "rows": len(table.rows), "table": table}
    return render(request, "directory/import_columns.html", context, status=422 if form.is_bound else 200)


@page(P.EDIT_ALL)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The report on every row; POST takes the list in."""
    kept = _kept(uid)
    if not kept.columns:
        return redirect("directory:import_columns", uid)
    if request.method == "POST":
        try:
            with transaction.atomic():
                running.run(current(), kept, leave_out_bad=request.POST.get("leave_out_bad") == "1")
        except DomainError as error:
            if error.code != "import_bad_rows":
                raise
            messages.error(request, error.message_ja)
        return redirect("directory:import_check", uid)
    if kept.applied_at or actions.at_work(kept):
        return render(request, "directory/import_done.html", _progress(kept))
    report = actions.report_of(kept)
    context = {
        "kept": kept,
        "problem": actions.problem_of(kept),
        "report": report,
        "summary": report.summary(),
        "good": report.count("new") + report.count("change"),
        "bad": [line for line in report.lines if line.outcome == "bad"][:MOST_SHOWN],
        "others": [line for line in report.lines if line.outcome in ("new", "change")][:MOST_SHOWN],
        "most": MOST_SHOWN,
    }
    return render(request, "directory/import_check.html", context)


def _progress(kept: FacilityImport) -> dict[str, Any]:
    rows = kept.summary.get("new", 0) + kept.summary.get("change", 0)
    problem = actions.problem_of(kept)
    return {"kept": kept, "problem": problem, "rows": rows, "done": min(running.done(current(), kept), rows)}


@page(P.EDIT_ALL)
@require_GET
def progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The part of the page that refreshes itself while the job is at work."""
    html = render_to_string("directory/_import_progress.html", _progress(_kept(uid)), request=request)
    return live_response(request, html)


@page(P.EDIT_ALL)
@require_GET
def problems(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What has to be mended, as CSV."""
    kept = _kept(uid)
    if not kept.columns:
        raise NotFound("import_not_checked", "先に列の対応を決めてください。")
    response = HttpResponse(export.report(actions.report_of(kept)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="problems.csv"'
    return response
