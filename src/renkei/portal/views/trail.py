"""The audit trail (監査証跡) of one's own house."""

from __future__ import annotations

import csv
import io

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.portal import actions, queries
from renkei.portal.checking import CHECKED
from renkei.portal.forms import TrailForm
from renkei.portal.permissions import P

HEADINGS = [
    "番号",
    "日時",
    "結果",
    "操作",
    "人",
    "施設",
    "理由",
    "書き込んだ項目",
    "端末のアドレス",
    "内部名",
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@page(P.VIEW_TRAIL, reads="監査証跡を閲覧")
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """Who did what when, newest first, fifty lines a page by line number."""
    actor = current()
    form = TrailForm(request.GET)
    shown: list[queries.TrailLine] = []
    older = ""
    if form.is_valid():
        rows = list(queries.trail(actor, form.asked(actor))[: queries.PAGE + 1])
        shown = queries.lines(rows[: queries.PAGE])
        if len(rows) > queries.PAGE:
            older = _query(request, before=str(shown[-1].number))
    checks = queries.trail(actor, queries.TrailFilter(action=CHECKED))[:1]
    context = {
        "form": form,
        "lines": shown,
        "older": older,
        "paged": "before" in request.GET,
        "newest": _query(request),
        "asked": any(value for key, value in request.GET.items() if key != "before"),
        "seal": queries.seal_state(),
        "checked": next(iter(queries.lines(checks)), None),
    }
    return render(request, "portal/trail.html", context, status=200 if form.is_valid() else 422)


def _query(request: HttpRequest, **more: str) -> str:
    kept = request.GET.copy()
    kept.pop("before", None)
    kept.update(more)
    return kept.urlencode()


@page(P.VIEW_TRAIL, reads="監査証跡を書き出し")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """The same lines as CSV (UTF-8 with mark, so that spreadsheets read Japanese)."""
    actor = current()
    form = TrailForm(request.POST)
    if not form.is_valid():
        messages.error(request, "条件を直してから、もう一度書き出してください。")
        return redirect("portal:trail")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    for line in actions.export_trail(actor, asked=form.asked(actor)):
        writer.writerow([_plain(cell) for cell in _cells(line)])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="audit-{clock.today():%Y%m%d}.csv"'
    return response


def _cells(line: queries.TrailLine) -> list[str]:
    at = line.at.astimezone(clock.JST).isoformat(timespec="seconds")
    return [
        str(line.number),
        at,
        line.outcome_label,
        line.says,
        line.who,
        line.where,
        line.reason,
        " / ".join(line.changes),
        line.address,
        line.action,
    ]


def _plain(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula is kept as text."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@page(P.VIEW_TRAIL)
@require_POST
def check(request: HttpRequest) -> HttpResponseRedirect:
    """Ask for a verification."""
    actions.request_check(current())
    messages.success(request, "封印の確認を依頼しました。1分ほどで、この一覧に結果が載ります。")
    return redirect("portal:trail")
