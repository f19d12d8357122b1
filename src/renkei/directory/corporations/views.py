"""Pages of corporations: the list, one with its facilities on a day, and a facility's move."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from renkei.directory import queries as directory
from renkei.directory.corporations import actions, forms, queries
from renkei.directory.models import Facility, Organization
from renkei.directory.permissions import P
from renkei.directory.views_edit import form_page, saved
from renkei.gate.actor import current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.eras import parse_date
from renkei.kernel.errors import Invalid, NotAllowed


@page(P.VIEW)
@require_GET
def corporation_list(request: HttpRequest) -> HttpResponse:
    """Every corporation with the number of its facilities today."""
    context = {"lines": queries.corporations(), "may_add": current().may(P.ASSIGN_OWNER)}
    return render(request, "directory/corporations.html", context)


@page(P.VIEW)
@require_GET
def corporation(request: HttpRequest, organization_id: int) -> HttpResponse:
    """One corporation: its facilities by kind on a day (``?on=``)."""
    found = queries.corporation(organization_id)
    typed, problem = request.GET.get("on", "")[:20], ""
    try:
        day = parse_date(typed) if typed else clock.today()
    except Invalid as error:
        day, problem = clock.today(), error.message_ja
    rows = queries.facilities_of(found, day)
    context = {
        "corporation": found,
        "day": day,
        "typed": typed,
        "problem": problem,
        "count": len(rows),
        "kinds": [(kind, list(group)) for kind, group in groupby(rows, key=Facility.get_kind_display)],
        "may_edit": actions.may_edit(current(), found),
    }
    return render(request, "directory/corporation.html", context)


@page(P.ASSIGN_OWNER)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new corporation."""
    form = forms.CorporationForm(request.POST or None)
    made: list[Organization] = []
    if request.method == "POST" and saved(
        form, lambda: made.append(actions.add_corporation(current(), **form.cleaned_data))
    ):
        messages.success(request, f"{made[0].name}を登録しました。")
        return redirect("directory:corporation", made[0].pk)
    return form_page(request, form, "法人の登録", None)


@page(P.EDIT_CORPORATION)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The name of a corporation."""
    found, actor = queries.corporation(organization_id), current()
    if request.method == "GET" and not actions.may_edit(actor, found):
        raise NotAllowed(
            "other_corporation", "ほかの法人の情報は変更できません。その法人か法人事務局に依頼してください。"
        )
    form = forms.CorporationForm(request.POST or None, initial={"name": found.name, "kana": found.kana})
    if request.method == "POST" and saved(
        form, lambda: actions.edit_corporation(actor, found, **form.cleaned_data)
    ):
        messages.success(request, "変更を保存しました。")
        return redirect("directory:corporation", found.pk)
    return form_page(request, form, "法人の変更", None)


@page(P.ASSIGN_OWNER)
@require_http_methods(["GET", "POST"])
def owner(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A facility moves to a corporation from a day on; its periods so far."""
    facility, actor = directory.facility(uid), current()
    form = forms.MoveForm(request.POST or None)

    def save() -> None:
        day: date = form.cleaned_data["from_on"]
        actions.move_to_corporation(actor, facility, organization=form.chosen(), from_on=day)

    if request.method == "POST" and saved(form, save):
        messages.success(request, "所属する法人を登録しました。")
        return redirect("directory:facility", uid)
    context = {"form": form, "facility": facility, "periods": queries.history(facility)}
    return render(request, "directory/owner.html", context, status=422 if form.is_bound else 200)
