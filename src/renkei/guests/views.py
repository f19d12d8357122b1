"""ゲストからの依頼: the list of the desk, one request with its steps, and the settings of the house."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory.queries import departments
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.guests import actions, present, queries
from renkei.guests.forms import (
    NEW,
    AcceptForm,
    CallForm,
    IdentityForm,
    KindForm,
    PageForm,
    RefuseForm,
    ToldForm,
)
from renkei.guests.models import GuestRequest
from renkei.guests.permissions import P
from renkei.kernel.errors import DomainError
from renkei.letters.values import qr_svg
from renkei.patients import queries as patients


@require_GET
@page(P.HANDLE, reads="ゲストからの依頼の一覧を閲覧")
def requests(request: HttpRequest) -> HttpResponse:
    """What waits, oldest first; or what was decided."""
    actor = current()
    done = request.GET.get("tab") == "done"
    rows = queries.decided_requests(actor) if done else queries.open_requests(actor)
    context = {
        "rows": [present.line(row) for row in rows],
        "done": done,
        "tabs": present.tabs(done, queries.waiting(actor).count()),
        "page": queries.page_of(actor),
        "may_manage": actor.may(P.MANAGE),
    }
    return render(request, "guests/list.html", context)


def _forms(actor: Actor, row: GuestRequest) -> dict[str, Callable[..., Any]]:
    """The form of each step; called with the posted values or with nothing."""
    names = [d.name for d in departments(actor.facility_id)]
    return {
        "call": lambda data=None: CallForm(data, known=queries.number_to_call(row)),
        "identify": IdentityForm,
        "accept": lambda data=None: AcceptForm(
            data, alike=queries.alike(actor, row), departments=names, wanted=row.department
        ),
        "refuse": RefuseForm,
        "tell": ToldForm,
    }


def _request_page(
    request: HttpRequest, row: GuestRequest, *, filled: dict[str, forms.Form] | None = None, status: int = 200
) -> HttpResponse:
    actor = current()
    made = {name: make() for name, make in _forms(actor, row).items() if name in present.steps_of(row)}
    context = {
        "row": row,
        "line": present.line(row),
        "typed": present.typed(row),
        "checked": present.checked(row),
        "number": queries.number_to_call(row),
        "differs": queries.numbers_differ(row),
        "files": queries.files(actor, row),
        "forms": made | (filled or {}),
        "steps": present.STEPS,
        "step": present.step_number(row),
    }
    return render(request, "guests/request.html", context, status=status)


@require_GET
@page(P.HANDLE, reads="ゲストからの依頼を閲覧")
def guest_request(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One request: what was typed, what was found out, the next step."""
    return _request_page(request, queries.one(current(), uid))


def _does(actor: Actor, row: GuestRequest, name: str, data: dict[str, Any]) -> None:
    if name == "accept":
        chosen = data.pop("patient")
        patient = None if chosen == NEW else patients.one(actor, chosen)
        actions.accept(actor, row, patient=patient, **data)
        return
    _STEPS[name](actor, row, **data)


_STEPS: dict[str, Callable[..., Any]] = {
    "call": actions.call_back,
    "identify": actions.identify,
    "refuse": actions.refuse,
    "tell": actions.tell,
}
DONE = {
    "call": "折り返し電話の結果を記録しました。",
    "identify": "医師確認を記録しました。",
    "accept": "紹介として受け付けました。",
    "refuse": "お断りとして記録しました。",
    "tell": "日程の連絡を記録しました。",
}


@require_POST
@page(P.HANDLE, reads="ゲストからの依頼を閲覧")
def step(request: HttpRequest, uid: UUID, name: str) -> HttpResponse:
    """One step; what the action refuses stands on the page, at its field, with nothing changed."""
    actor = current()
    row = queries.one(actor, uid).expecting(request.POST.get("version"))
    form = _forms(actor, row)[name](request.POST)
    if not form.is_valid():
        return _request_page(request, row, filled={name: form}, status=422)
    try:
        _does(actor, row, name, dict(form.cleaned_data))
    except DomainError as error:
        form.take(error)
        return _request_page(request, queries.one(actor, uid), filled={name: form}, status=error.status)
    messages.success(request, DONE[name])
    return redirect("guests:request", uid=uid)


@require_GET
@page(P.HANDLE, reads="ゲストの依頼の添付を閲覧")
def file(request: HttpRequest, uid: UUID, file_uid: UUID) -> HttpResponse:
    """One file, to be saved; it is never shown inside the product's own page."""
    actor = current()
    found = queries.file(actor, queries.one(actor, uid), file_uid)
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _settings_page(request: HttpRequest, form: PageForm, kind: KindForm, status: int = 200) -> HttpResponse:
    actor = current()
    found = queries.page_of(actor)
    address = ""
    if found is not None and found.is_open:
        path = reverse("guests:ask", args=[found.code or str(found.facility.uid)])
        address = request.build_absolute_uri(path)
    context = {
        "page": found,
        "form": form,
        "kind_form": kind,
        "kinds": queries.kinds_of(actor),
        "address": address,
        "state_address": request.build_absolute_uri(reverse("guests:state")),
    }
    return render(request, "guests/settings.html", context, status=status)


@require_http_methods(["GET", "POST"])
@page(P.MANAGE)
def settings(request: HttpRequest) -> HttpResponse:
    """Open or close the page, its address and text."""
    actor = current()
    form = PageForm(request.POST or None, page=queries.page_of(actor))
    if request.method == "GET":
        return _settings_page(request, PageForm(page=queries.page_of(actor)), KindForm())
    if form.is_valid():
        try:
            actions.set_page(actor, **form.cleaned_data)
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "ゲスト受付の設定を保存しました。")
            return redirect("guests:settings")
    return _settings_page(request, form, KindForm(), status=422)


@require_POST
@page(P.MANAGE)
def new_kind(request: HttpRequest) -> HttpResponse:
    """One more kind."""
    actor = current()
    form = KindForm(request.POST)
    if form.is_valid():
        try:
            actions.add_kind(actor, form.draft())
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "種類を追加しました。")
            return redirect("guests:settings")
    return _settings_page(request, PageForm(page=queries.page_of(actor)), form, status=422)


@require_http_methods(["GET", "POST"])
@page(P.MANAGE)
def kind(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change one kind."""
    actor = current()
    found = queries.kind(actor, uid)
    names = ("label", "note", "physician_check", "is_offered")
    form = KindForm(request.POST or None, initial={name: getattr(found, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_kind(actor, found, form.draft(), is_offered=form.cleaned_data["is_offered"])
        except DomainError as error:
            form.take(error)
        else:
            messages.success(request, "種類を変更しました。")
            return redirect("guests:settings")
    return render(
        request, "guests/kind.html", {"kind": found, "form": form}, status=422 if form.errors else 200
    )


@require_GET
@page(P.MANAGE, P.HANDLE)
def poster(request: HttpRequest) -> HttpResponse:
    """The address of the page as a picture (QR) for the hospital's own leaflet."""
    found = queries.page_of(current())
    code = (found.code or str(found.facility.uid)) if found else "closed"
    address = request.build_absolute_uri(reverse("guests:ask", args=[code]))
    response = HttpResponse(qr_svg(address), content_type="image/svg+xml")
    response["Content-Disposition"] = 'attachment; filename="guest-page.svg"'
    return response
