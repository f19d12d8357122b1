"""Pages of the rack, of the list of wordings, and the public page."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory import queries as directory
from renkei.directory.types import WEEKDAYS
from renkei.gate.actor import current
from renkei.gate.pages import page, public_page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotFound, NotPossibleNow
from renkei.publications.leaflets import pdf, printing, queries, rack
from renkei.publications.leaflets.facts import facts_of
from renkei.publications.leaflets.forms import PlaceForm, WordForm
from renkei.publications.leaflets.views import pdf_answer
from renkei.publications.permissions import P


def _house() -> str:
    found = directory.facility_by_id(current().facility_id)
    return found.name if found else ""


@require_GET
@page(P.APPROVE_LEAFLET)
def rack_page(request: HttpRequest) -> HttpResponse:
    """What lies in the rack by district, what to print, what to take out."""
    actor = current()
    district = request.GET.get("district", "")
    lines = rack.lines(actor, district)
    context = {
        "lines": lines,
        "whole": sum(line.to_print for line in lines),
        "districts": rack.districts(actor),
        "district": district,
        "gone": rack.to_remove(actor),
        "bundles": queries.bundles(actor),
        "at_once": printing.AT_ONCE,
    }
    return render(request, "publications/leaflets_rack.html", context)


@require_GET
@page(P.APPROVE_LEAFLET)
def rack_pdf(request: HttpRequest) -> HttpResponse:
    """The list of a district on paper."""
    district = request.GET.get("district", "")
    return pdf_answer(pdf.rack_list(_house(), district, rack.lines(current(), district)), "rack")


@require_GET
@page(P.APPROVE_LEAFLET)
def removal_pdf(request: HttpRequest) -> HttpResponse:
    """What to take out, on paper."""
    return pdf_answer(pdf.removal_list(_house(), rack.to_remove(current())), "remove")


@require_POST
@page(P.APPROVE_LEAFLET)
def place(request: HttpRequest, uid: UUID) -> HttpResponse:
    """District and numbers of one leaflet."""
    form = PlaceForm(request.POST)
    if not form.is_valid():
        first = next(iter(form.errors.values()))[0]
        raise Invalid("place", f"部数と残りは数字で入力してください。{first}", "copies")
    rack.place(current(), queries.leaflet(current(), uid), **form.cleaned_data)
    messages.success(request, "ラックの記録を保存しました。")
    return redirect(_rack_url(request))


def _rack_url(request: HttpRequest) -> str:
    back = request.POST.get("back", "")
    at = reverse("publications:leaflet_rack")
    return f"{at}?{urlencode({'district': back})}" if back else at


@require_POST
@page(P.APPROVE_LEAFLET)
def stock(request: HttpRequest) -> HttpResponse:
    """The ticked ones lie in the rack now."""
    try:
        uids = [UUID(text) for text in request.POST.getlist("uids")]
    except ValueError as error:
        raise Invalid("uids", "選択した行を読み取れません。選び直してください。", "uids") from error
    if not uids:
        raise Invalid("nothing_chosen", "補充した医療機関を1件以上選んでください。", "uids")
    done = rack.stock(current(), leaflets=uids)
    messages.success(request, f"{done}件を補充済にしました。")
    return redirect(_rack_url(request))


@require_POST
@page(P.APPROVE_LEAFLET)
def take_out(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Out of the rack."""
    leaflet = queries.leaflet(current(), uid)
    rack.take_out(current(), leaflet)
    messages.success(request, f"{leaflet.facility.name}のリーフレットをラックから外した記録をしました。")
    return redirect("publications:leaflet_rack")


@require_POST
@page(P.APPROVE_LEAFLET)
def bundle(request: HttpRequest) -> HttpResponse:
    """All leaflets of a district as one file."""
    made = printing.bundle(current(), district=request.POST.get("district", ""))
    if made.made_at is not None:
        return pdf_answer(bytes(made.content or b""), "leaflets")
    messages.success(request, f"{made.leaflets}件のPDFを作っています。できたらお知らせします。")
    return redirect("publications:leaflet_rack")


@require_GET
@page(P.APPROVE_LEAFLET)
def bundle_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The file that the worker made."""
    found = queries.bundle(current(), uid)
    if not found.content:
        raise NotPossibleNow("bundle_waits", "まだ作っています。少し待ってから開いてください。")
    return pdf_answer(bytes(found.content), "leaflets")


@require_http_methods(["GET", "POST"])
@page(P.APPROVE_LEAFLET)
def words(request: HttpRequest) -> HttpResponse:
    """The list of wordings; posting adds one of the house's own."""
    actor = current()
    form = WordForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row = rack.add_word(actor, **form.values())
            except DomainError as error:
                form.take(error)
            else:
                messages.success(request, f"「{row.word}」を加えました。")
                return redirect("publications:leaflet_words")
    context = {"form": form, "words": queries.words(actor), "today": clock.today()}
    return render(request, "publications/leaflets_words.html", context, status=status)


@require_POST
@page(P.APPROVE_LEAFLET)
def end_word(request: HttpRequest, uid: UUID) -> HttpResponse:
    """It no longer counts."""
    row = rack.end_word(current(), queries.word(uid))
    messages.success(request, f"「{row.word}」を終了しました。")
    return redirect("publications:leaflet_words")


PUBLIC = "リーフレットは待合の来院者も読むもの。承認された版だけを見せる"


@require_GET
@public_page(PUBLIC)
def public(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The approved version of a member. 404 for anything else."""
    row = queries.published(uid)
    now = facts_of(row.facility)
    context = {
        "row": row,
        "mark": printing.mark_of(row.scheme),
        "facts": row.facts,
        "texts": {name: text.splitlines() for name, text in row.texts.items()},
        "access": (row.texts.get("access") or row.facts.get("access") or "").splitlines(),
        "weekdays": WEEKDAYS,
        "hours_changed": now["hours"] != row.facts.get("hours"),
        "hours": now["hours"],
    }
    return render(request, "publications/leaflets_public.html", context)


@require_GET
@public_page(PUBLIC)
def public_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The same as A4 三つ折り."""
    return pdf_answer(printing.published_pdf(queries.published(uid)), "leaflet")


@require_GET
@public_page(PUBLIC)
def public_photo(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Its photo."""
    row = queries.published(uid)
    if not row.picture:
        raise NotFound("no_photo", "写真はありません。")
    response = HttpResponse(bytes(row.picture), content_type=row.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "max-age=300"
    return response
