"""The first page of everybody, the sign of life, and the navigation that refreshes itself."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from renkei.accounts.permissions import P as Accounts
from renkei.gate.actor import Kind, current
from renkei.gate.pages import page, public_page
from renkei.portal import navigation
from renkei.ui.fragments import live_response


@transaction.non_atomic_requests
@public_page("監視装置が生死を確かめる。データは何も返さない")
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """``ok`` while the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unreachable\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


@public_page("自分の仕事の画面へ案内するだけ。未ログインはログイン画面へ")
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Send everybody to the page where their day begins."""
    actor = current()
    if actor.is_staff:
        return redirect(navigation.first_page(actor))
    if actor.kind is Kind.PERSON:
        return render(request, "portal/no_membership.html")
    return redirect_to_login("/")


@page(Accounts.USE)
@require_GET
def nav(request: HttpRequest) -> HttpResponse:
    """The side navigation with fresh counts; ``at`` is the address of the page that asks."""
    frame = navigation.frame_for(request, at=request.GET.get("at", "/"))
    return live_response(request, render_to_string("ui/_nav.html", {"frame": frame}, request=request))
