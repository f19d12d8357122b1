"""The gallery page and the small helpers of the form layer. Nothing here reads or writes anybody's data."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from renkei.gate.pages import public_page
from renkei.kernel import clock, eras
from renkei.kernel.errors import Invalid
from renkei.ui import samples
from renkei.ui.forms import suggestions
from renkei.ui.fragments import live_response

NO_DATA = "部品の見本。だれのデータも表示しない"


@public_page(NO_DATA)
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component in every state; ``POST`` checks the sample form (422 with errors)."""
    form = samples.SampleForm(request.POST if request.method == "POST" else None, initial=samples.initial())
    status = 422 if request.method == "POST" and not form.is_valid() else 200
    context = samples.context() | {"form": form, "broken": samples.broken_form()}
    context["page"] = Paginator(range(23), 9).get_page(request.GET.get("page", 1))
    if "frame" not in request.GET or request.GET["frame"] != "real":
        context["frame"] = samples.frame()
    return render(request, "ui/gallery.html", context, status=status)


@public_page(NO_DATA)
@require_GET
def gallery_list(request: HttpRequest) -> HttpResponse:
    """The live list of the gallery: 304 while nothing changed."""
    return live_response(request, render_to_string("ui/_gallery_rows.html", {"rows": samples.ROWS}))


@public_page(NO_DATA)
@require_GET
def gallery_panel(request: HttpRequest) -> HttpResponse:
    """What a panel of the gallery loads."""
    return render(request, "ui/_gallery_panel.html", samples.context())


@public_page(NO_DATA)
@require_GET
def gallery_suggest(request: HttpRequest) -> JsonResponse:
    """Suggestions of the gallery's type-ahead."""
    return suggestions(samples.suggest(request.GET.get("q", "")))


@public_page(NO_DATA)
@require_POST
def gallery_save(request: HttpRequest) -> JsonResponse:
    """The gallery's autosave: throws everything away and says when."""
    return JsonResponse({"saved_at": f"{clock.now().astimezone(clock.JST):%H:%M}"})


@public_page("入力された日付の読み取りだけを行い、何も保存しない")
@require_GET
def era_date(request: HttpRequest) -> JsonResponse:
    """What the date ``text`` was read as: ``{ok, says, date}``; ``says`` is both calendars or what is wrong."""
    try:
        day = eras.parse_date(request.GET.get("text", ""))
    except Invalid as error:
        return JsonResponse({"ok": False, "says": error.message_ja, "date": None})
    return JsonResponse({"ok": True, "says": f"{eras.format_both(day)}", "date": day.isoformat()})


@public_page("ログインし直した後に、開いたままの入力画面が保存を続けるためのトークン")
@never_cache
@require_GET
def token(request: HttpRequest) -> JsonResponse:
    """A fresh CSRF token for a page that stayed open over a new log-in, and whether there is a log-in."""
    user = getattr(request, "user", None)
    return JsonResponse({"token": get_token(request), "authenticated": bool(user and user.is_authenticated)})
