"""Pages of print jobs (まとめて印刷): asked for by one key, watched on the desk or beside the print queue, opened when done."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import Invalid
from renkei.referrals import queries
from renkei.referrals.models import Referral
from renkei.referrals.papers import bulk, pdf
from renkei.referrals.papers.views import shown
from renkei.referrals.permissions import P
from renkei.ui.fragments import live_response

FILTERS = ("tab", "department", "urgent")


@require_POST
@page(P.VIEW, reads="紹介状をまとめて印刷")
def ask(request: HttpRequest) -> HttpResponse:
    """The letters of a tile of the desk, or of the rows that were ticked; back to the desk, where the progress stands."""
    actor = current()
    of_a_tile = "tab" in request.GET
    row = bulk.ask(actor, _listed(request, actor) if of_a_tile else _ticked(request, actor))
    if not of_a_tile:
        return redirect("referrals:print_job", uid=row.uid)
    kept = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    return redirect(f"{reverse('referrals:desk')}?{urlencode(kept | {'print': str(row.uid)})}")


def _ticked(request: HttpRequest, actor: Actor) -> list[Referral]:
    wanted = list(dict.fromkeys(request.POST.getlist("uids")))
    pdf.refuse_too_many(len(wanted))
    try:
        uids = [UUID(uid) for uid in wanted]
    except ValueError as error:
        raise Invalid(
            "uid_unreadable", "選択した行を読み取れません。一覧から選び直してください。", "uids"
        ) from error
    rows = Referral.objects.visible_to(actor).filter(uid__in=uids)
    found = {r.uid: r for r in rows.select_related("patient", "sender", "receiver", "receiver_patient")}
    return [found[uid] for uid in uids if uid in found]


def _listed(request: HttpRequest, actor: Actor) -> list[Referral]:
    tab = request.GET.get("tab", "")
    if tab not in {t.key for t in queries.DESK_TABS}:
        tab = queries.DESK_TABS[0].key
    rows = queries.desk(
        actor, tab, department=request.GET.get("department", ""), urgent=request.GET.get("urgent") == "1"
    )
    pdf.refuse_too_many(rows.count())
    return list(rows)


def card(request: HttpRequest, actor: Actor, uid: str) -> str:
    """How far a print is, for a page of another module; '' for nonsense and for another house's."""
    job = bulk.asked_here(actor, uid)
    return render_to_string("referrals/_print_card.html", {"job": job}, request=request) if job else ""


@require_GET
@page(P.VIEW)
def print_job(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One print job as a page of its own: where the notice leads."""
    return render(request, "referrals/print_job.html", {"job": bulk.one(current(), uid)})


@require_GET
@page(P.VIEW)
def live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far the worker is."""
    context = {"job": bulk.one(current(), uid)}
    return live_response(request, render_to_string("referrals/_print_job.html", context, request=request))


@require_GET
@page(P.VIEW, reads="まとめて印刷した紹介状を閲覧")
def print_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The file, to look at or to save."""
    actor = current()
    row = bulk.one(actor, uid)
    return shown(request, bulk.content(actor, row), f"{row.get_of_display()}_{row.total}件.pdf", row.lost)
