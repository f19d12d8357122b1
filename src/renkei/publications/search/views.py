"""Public pages of the search: nobody logs in, nothing is shown that a facility does not publish about itself."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from renkei.directory.queries import facility, has_map, hours_table, map_picture
from renkei.directory.types import WEEKDAYS
from renkei.gate.middleware import client_address
from renkei.gate.pages import View, public_page
from renkei.kernel.errors import NotFound
from renkei.publications.leaflets.queries import published_of
from renkei.publications.search import pace, present, queries
from renkei.publications.search.drawing import let_tiles_in
from renkei.publications.search.forms import FindForm
from renkei.publications.search.types import Wishes
from renkei.publications.search.wishes import single
from renkei.ui.forms import suggestions

PUBLIC = "医療機関を探す人が誰でも見る。院内メモ・職員・患者の情報は読まない"
TOO_OFTEN = "短い時間に何度も検索されたため、いったん止めました。1分ほど待ってから、もう一度お試しください。"


def paced(view: View[Any]) -> View[Any]:
    """Not more often than ``search.looks_per_minute`` from one address."""

    @wraps(view)
    def slowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if wait := pace.seconds_to_wait(client_address(request)):
            response = render(request, "publications/find_stopped.html", {"says": TOO_OFTEN}, status=429)
            response["Retry-After"] = str(wait)
            return response
        return view(request, *args, **kwargs)

    return slowed


@require_GET
@public_page(PUBLIC)
@paced
def find(request: HttpRequest) -> HttpResponse:
    """The form, and below it what fits, each with the reason of its position."""
    taken = request.GET.get("q_code", "")
    if not taken.startswith("d:") and _is_uuid(taken) and request.GET.get("q"):
        return redirect("find:detail", uid=taken)
    form = FindForm(request.GET)
    if not form.is_valid():
        return render(request, "publications/find.html", {"form": form, "asked": False}, status=422)
    wishes = form.wishes()
    context: dict[str, Any] = {"form": form, "asked": bool(single(wishes) or form.near), "wishes": wishes}
    if context["asked"]:
        context |= _found(request, wishes, form.cleaned_data["base"])
    return let_tiles_in(render(request, "publications/find.html", context), context.get("map"))


def _found(request: HttpRequest, wishes: Wishes, base: UUID | None) -> dict[str, Any]:
    asked = queries.asked_for(wishes)
    after = request.GET.get("after", "")
    found = queries.search(asked, after)
    first = present.number_of(request.GET.get("from", "")) if after else 1
    lines = present.lines(found.hits, first)
    misses = present.lines(found.near_misses, first + len(lines))
    query = request.GET.copy()
    query["after"], query["from"] = found.after, str(first + len(lines))
    return {
        "found": found,
        "lines": lines,
        "misses": misses,
        "chips": present.chips(wishes, base or ""),
        "relaxed": [] if found.total else present.relaxed(queries.relaxations(asked), wishes, base or ""),
        "map": present.map_of([*lines, *misses], wishes),
        "attribution": settings.RENKEI_TILES_ATTRIBUTION,
        "next": f"?{query.urlencode()}" if found.after else "",
        "start": present.address_of(wishes, base or "") if after else "",
    }


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@require_GET
@public_page(PUBLIC)
@paced
def detail(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One facility: hours, way, closing days, what it offers."""
    hit = queries.one(uid, queries.asked_for(Wishes()))
    found = facility(uid)
    shown = present.line(1, hit)
    drawing = present.map_of([shown], Wishes(), links=False, width=420, height=280)
    context = {
        "line": shown,
        "facility": found,
        "rows": present.rows_of(hit, found),
        "hours": hours_table(found),
        "weekdays": WEEKDAYS,
        "confirmed": present.confirmed(found),
        "map": drawing,
        "attribution": settings.RENKEI_TILES_ATTRIBUTION,
        "has_picture": has_map(found),
        "leaflets": published_of(hit.id),
    }
    return let_tiles_in(render(request, "publications/find_detail.html", context), drawing)


@require_GET
@public_page("医療機関が公開している案内図")
@paced
def picture(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The facility's own drawing of the way."""
    hit = queries.one(uid, queries.asked_for(Wishes()))
    found = map_picture(hit.id)
    if found is None:
        raise NotFound("no_map", "案内図は登録されていません。")
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Cache-Control"] = "public, max-age=300"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@public_page(PUBLIC)
@paced
def suggest(request: HttpRequest) -> JsonResponse:
    """``GET ?q=``: departments and names of listed facilities."""
    return suggestions(queries.suggest(request.GET.get("q", "")[:60]))


@require_GET
@public_page(PUBLIC)
@paced
def places(request: HttpRequest) -> JsonResponse:
    """The same search as GeoJSON, for maps of others."""
    form = FindForm(request.GET)
    if not form.is_valid():
        return JsonResponse(
            {"message": "検索の条件を読めません。", "fields": sorted(form.errors)}, status=422
        )
    found = queries.search(queries.asked_for(form.wishes()), request.GET.get("after", ""))
    content = present.geojson(present.lines(found.hits)) | {"total": found.total, "after": found.after}
    dumps = {"ensure_ascii": False}
    return JsonResponse(content, content_type="application/geo+json", json_dumps_params=dumps)
