"""Pages of the office: months, one edition with its tables, receivers and log, what came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory import queries as directory
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotFound
from renkei.publications import members
from renkei.publications.editions import forms, making, pdf, present, queries, sending, tables
from renkei.publications.editions.receivers import receivers
from renkei.publications.models import (
    Edition,
    EditionState,
    EditionTable,
    Part,
    PublishedPart,
    Sending,
    Source,
    Way,
)
from renkei.publications.permissions import P
from renkei.ui.forms import UiForm

PER_PAGE = 50


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    """A PDF shown in the browser."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def done(form: UiForm, work: Callable[[], Any]) -> bool:
    """Run the action; a refusal of what was typed goes to its field, with nothing half saved."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            work()
    except DomainError as error:
        if error.status != 422:
            raise
        form.take(error)
        return False
    return True


def said(form: UiForm) -> str:
    """The refusals of a small form in one line, for a page that shows it in a table."""
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_EDITION, P.SEND_EDITION)
def editions(request: HttpRequest) -> HttpResponse:
    """The months of the house."""
    actor = current()
    form = forms.MonthForm(request.POST or None, initial={"month": f"{clock.today():%Y-%m}"})
    made: list[Edition] = []
    if request.method == "POST" and done(
        form, lambda: made.append(making.start(actor, month_on=form.cleaned_data["month"]))
    ):
        messages.success(request, f"{making.name_of(made[0])}を用意しました。")
        return redirect("publications:edition", uid=made[0].uid)
    found = Paginator(queries.mine(actor), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": found,
        "lines": [present.line(row) for row in found.object_list],
        "form": form,
        "tasks": queries.waiting(actor).count(),
        "may_edit": actor.may(P.EDIT_EDITION),
    }
    return render(request, "publications/editions_list.html", context, status=422 if form.is_bound else 200)


def _receivers_now(actor: Actor, row: Edition) -> dict[str, Any]:
    """Who would receive it on its day; nobody any more once it was sent."""
    day = clock.today() if row.state == EditionState.READY else max(row.send_on, clock.today())
    found = [] if row.state == EditionState.SENT else receivers(actor, row, day)
    troubles = [one for one in found if one.trouble]
    return {"receivers": found, "ways": present.ways(found), "day": day, "troubles": troubles}


def _log(request: HttpRequest, actor: Actor, row: Edition) -> dict[str, Any]:
    """What became of each copy, searched and in pages."""
    words = request.GET.get("q", "")
    log = Paginator(queries.dispatches(actor, row, words), PER_PAGE).get_page(request.GET.get("page"))
    envelopes = queries.dispatches(actor, row).filter(way=Way.POST, state=Sending.WAITING)
    lines = [present.log_line(one) for one in log.object_list]
    return {"q": words, "page": log, "log": lines, "to_post": envelopes.count()}


def edition_page(request: HttpRequest, row: Edition, *, status: int = 200, **filled: Any) -> HttpResponse:
    """One edition as the office sees it."""
    actor = current()
    running = members.schemes_of(row.facility_id, row.send_on)
    initial = {"send_on": row.send_on, "greeting": row.greeting, "schemes": [str(k) for k in row.scheme_ids]}
    context = {
        "row": row,
        "line": present.line(row),
        "steps": present.STEPS,
        "step": present.step(row),
        "draft": row.state == EditionState.DRAFT,
        "ready": row.state == EditionState.READY,
        "sent": row.state == EditionState.SENT,
        "too_early": clock.today() < row.send_on,
        "form": forms.DetailsForm(initial=initial, schemes=running),
        "file_form": forms.FileForm(),
        "correct_form": forms.WordsForm(label="訂正した内容"),
        "files": {file.kind: file for file in queries.files(actor, row)},
        "tables": [making.table_of(actor, row, kind) for kind in making.TABLES],
        "sheets": list(pdf.label_sheets().values()),
        "replaced_by": queries.replaced_by(actor, row),
        "correction": queries.correction_of(actor, row),
        "public": set(PublishedPart.objects.filter(edition=row).values_list("kind", flat=True)),
        "may_edit": actor.may(P.EDIT_EDITION),
        "may_send": actor.may(P.SEND_EDITION),
        **_receivers_now(actor, row),
        **_log(request, actor, row),
        **filled,
    }
    return render(request, "publications/editions_edition.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_EDITION, P.SEND_EDITION)
def edition(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One edition; posting changes day, receivers and words."""
    actor = current()
    row = queries.one(actor, uid)
    if request.method != "POST":
        return edition_page(request, row)
    running = members.schemes_of(row.facility_id, row.send_on)
    form = forms.DetailsForm(request.POST, schemes=running)
    row.expecting(request.POST.get("version"))
    if not done(form, lambda: making.set_details(actor, row, **form.values())):
        return edition_page(request, queries.one(actor, uid), form=form, status=422)
    messages.success(request, "発送日と届け先を保存しました。")
    return redirect("publications:edition", uid=uid)


@require_POST
@page(P.EDIT_EDITION)
def newsletter(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Upload the newsletter, or take it away."""
    actor = current()
    row = queries.one(actor, uid)
    form = forms.FileForm(request.POST, request.FILES)

    def work() -> None:
        if request.POST.get("remove"):
            making.set_newsletter(actor, row, name="", content=None)
            return
        upload = form.cleaned_data["file"]
        if upload is None:
            raise Invalid("file", "広報誌のPDFを選んでください。", "file")
        making.set_newsletter(actor, row, name=upload.name, content=upload.read())

    if not done(form, work):
        return edition_page(request, queries.one(actor, uid), file_form=form, status=422)
    messages.success(request, "広報誌を変更しました。")
    return redirect("publications:edition", uid=uid)


MOVES: dict[str, tuple[Callable[..., Any], str]] = {
    "ready": (making.make_ready, "発送準備が完了しました。PDFを確かめてください。"),
    "reopen": (making.reopen, "準備中に戻しました。"),
    "send": (sending.send, "発送しました。郵送の分は、ラベルを印刷して投函してください。"),
    "posted": (sending.mark_posted, "投函を記録しました。"),
}


@require_POST
@page(P.EDIT_EDITION, P.SEND_EDITION)
def move(request: HttpRequest, uid: UUID, name: str) -> HttpResponse:
    """The next step; what is missing stands on the page."""
    actor = current()
    row = queries.one(actor, uid).expecting(request.POST.get("version"))
    if name not in MOVES:
        raise NotFound("move_unknown", "この操作はありません。号のページから操作してください。")
    action, says = MOVES[name]
    try:
        with transaction.atomic():
            action(actor, row)
    except Invalid as error:
        return edition_page(request, queries.one(actor, uid), problem=error.message_ja, status=422)
    messages.success(request, says)
    return redirect("publications:edition", uid=uid)


@require_POST
@page(P.EDIT_EDITION)
def correct(request: HttpRequest, uid: UUID) -> HttpResponse:
    """訂正版を作る."""
    actor = current()
    row = queries.one(actor, uid)
    form = forms.WordsForm(request.POST, label="訂正した内容")
    made: list[Edition] = []

    def work() -> None:
        made.append(making.correct(actor, row, correction=form.cleaned_data["words"]))

    if not done(form, work):
        return edition_page(request, queries.one(actor, uid), correct_form=form, status=422)
    messages.success(request, f"{making.name_of(made[0])}を作りました。表を直して発送してください。")
    return redirect("publications:edition", uid=made[0].uid)


def _table_page(
    request: HttpRequest, row: EditionTable, columns: list[str], rows: list[tables.Row], **more: Any
) -> HttpResponse:
    status = more.pop("status", 200)
    context = {
        "row": row,
        "edition": row.edition,
        "name": making.name_of(row.edition),
        "columns": columns,
        "grid": forms.grid(row.kind, columns, rows),
        "heads": tables.HEADS[Part(row.kind)],
        "duty": row.kind == Part.DUTY,
        "remarks": row.remarks,
        "edits": row.edition.state == EditionState.DRAFT,
        "spare": row.kind == Part.DUTY and len(columns) < tables.MOST_COLUMNS,
        "file_form": forms.FileForm(),
        **more,
    }
    return render(request, "publications/editions_table.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_EDITION)
def table(request: HttpRequest, uid: UUID, kind: str) -> HttpResponse:
    """The grid of one table."""
    actor = current()
    row = making.table_of(actor, queries.one(actor, uid), kind)
    if request.method != "POST":
        return _table_page(request, row, row.columns, row.rows)
    columns, rows = forms.posted(request.POST)
    note = request.POST.get("source_note", "")
    source = Source.IMPORTED if note else Source.MANUAL
    try:
        with transaction.atomic():
            making.save_table(
                actor,
                row.expecting(request.POST.get("version")),
                columns=columns,
                rows=rows,
                remarks=request.POST.get("remarks", ""),
                source=source,
                source_note=note,
            )
    except Invalid as error:
        typed = {"remarks": request.POST.get("remarks", ""), "source_note": note}
        return _table_page(request, row, columns, rows, problem=error.message_ja, status=422, **typed)
    messages.success(request, f"{row.get_kind_display()}を保存しました。")
    return redirect("publications:edition", uid=uid)


@require_POST
@page(P.EDIT_EDITION)
def import_table(request: HttpRequest, uid: UUID, kind: str) -> HttpResponse:
    """A file into the grid: nothing is kept before the person has seen it; one bad row and nothing is taken."""
    actor = current()
    row = making.table_of(actor, queries.one(actor, uid), kind)
    form = forms.FileForm(request.POST, request.FILES)
    found: list[tables.Report] = []

    def work() -> None:
        upload = form.cleaned_data["file"]
        if upload is None:
            raise Invalid("file", "CSVかXLSXのファイルを選んでください。", "file")
        found.append(tables.read(kind, row.edition.tables_on, upload.read()))

    if not done(form, work):
        return _table_page(request, row, row.columns, row.rows, file_form=form, status=422)
    report, upload = found[0], form.cleaned_data["file"]
    if report.problems:
        return _table_page(
            request, row, row.columns, row.rows, report=report, file_name=upload.name, status=422
        )
    _, rows = tables.clean(kind, row.edition.tables_on, report.columns, report.rows)
    more = {"source_note": upload.name[:120], "taken": len(report.rows)}
    return _table_page(request, row, report.columns, rows, **more)


@require_GET
@page(P.EDIT_EDITION, P.SEND_EDITION)
def file(request: HttpRequest, uid: UUID, kind: str) -> HttpResponse:
    """A PDF of an edition; a draft's table as it would be now."""
    actor = current()
    row = queries.one(actor, uid)
    if row.state == EditionState.DRAFT and kind != Part.NEWSLETTER:
        return pdf_answer(pdf.table(row, making.table_of(actor, row, kind)), kind)
    return pdf_answer(bytes(queries.file(actor, row, kind).content), kind)


@require_GET
@page(P.SEND_EDITION)
def labels(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Address labels of everybody who has it by post: before sending as it stands, then of the log."""
    actor = current()
    row = queries.one(actor, uid)
    start = request.GET.get("start", "1")
    if not start.isdigit():
        raise Invalid("label_start", "使い始める位置は数字で入力してください。", "start")
    house = directory.facility_by_id(row.facility_id)
    made = pdf.labels(
        house.name if house else "",
        sending.by_post(actor, row, only_waiting=request.GET.get("only") == "waiting"),
        sheet=request.GET.get("sheet", "24"),
        start=int(start),
        mark=sending.number_of(row),
    )
    return pdf_answer(made, "labels")


@require_POST
@page(P.SEND_EDITION)
def publish(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What everybody may see of it."""
    actor = current()
    made = sending.publish(actor, queries.one(actor, uid), parts=request.POST.getlist("parts"))
    messages.success(request, f"{len(made)}件を公開しています。" if made else "公開をやめました。")
    return redirect("publications:edition", uid=uid)
