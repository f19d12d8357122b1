"""Failed jobs and the state of the system, for the system administrator."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.jobs import queries as jobs
from renkei.portal import actions, queries
from renkei.portal.permissions import P


@page(P.OPERATE)
@require_GET
def failed_jobs(request: HttpRequest) -> HttpResponse:
    """What used up its attempts, why, and the button to try again."""
    wanted = request.GET.get("page", "1")
    found = jobs.failed(int(wanted) if wanted.isdigit() else 1)
    pages = Paginator(range(found.total), jobs.PAGE).get_page(found.number)
    return render(request, "portal/failed_jobs.html", {"jobs": found.jobs, "page": pages})


@page(P.OPERATE)
@require_POST
def retry_job(request: HttpRequest, number: int) -> HttpResponseRedirect:
    """Try one again."""
    actions.retry_job(current(), number=number)
    messages.success(request, f"処理 {number} をもう一度行います。1分ほどしてから一覧を確かめてください。")
    return redirect("portal:failed_jobs")


@page(P.OPERATE)
@require_GET
def system(request: HttpRequest) -> HttpResponse:
    """What a web process sees of the system, problems first."""
    found = sorted(queries.findings(), key=lambda finding: finding.ok)
    problems = sum(not finding.ok for finding in found)
    return render(request, "portal/system.html", {"findings": found, "problems": problems})
