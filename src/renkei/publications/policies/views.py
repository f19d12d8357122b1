"""The office's documents, and the page of an alliance that everybody may read."""

from __future__ import annotations

from datetime import date
from itertools import zip_longest
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory.models import Facility
from renkei.directory.queries import facility as facility_by_uid
from renkei.directory.queries import facility_by_id, representative
from renkei.gate.actor import current
from renkei.gate.pages import page, public_page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, NotFound
from renkei.publications.models import PolicyDocument
from renkei.publications.permissions import P
from renkei.publications.policies import actions, queries
from renkei.publications.policies.comparing import Line, compare, summary
from renkei.publications.policies.forms import DocumentForm, NewDocumentForm
from renkei.publications.policies.members import alliance_scheme, taking_part
from renkei.publications.policies.types import PolicyState


@require_GET
@page(P.EDIT_POLICY)
def documents(request: HttpRequest) -> HttpResponse:
    """Every version of one's own office by kind."""
    actor = current()
    rows: dict[str, list[PolicyDocument]] = {}
    for row in queries.own_documents(actor):
        rows.setdefault(row.get_kind_display(), []).append(row)
    context = {
        "house": facility_by_id(actor.facility_id),
        "groups": [(label, list(zip_longest(found, found[1:]))) for label, found in rows.items()],
        "forced": {d.pk for d in queries.in_force(actor.facility_id)},
        "is_alliance": alliance_scheme(actor.facility_id) is not None,
    }
    return render(request, "publications/policy_documents.html", context)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_POLICY)
def new(request: HttpRequest) -> HttpResponse:
    """A draft: of a new kind, or the next version with the text in force to begin with (``?kind=``)."""
    actor = current()
    before = queries.latest(actor, request.GET.get("kind", ""))
    initial = {"kind": before.kind, "title": before.title, "text": before.text} if before else {}
    form = NewDocumentForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                row = actions.start_draft(actor, **form.cleaned_data)
                messages.success(
                    request, f"第{row.number}版の案を作りました。公開するまで外からは見えません。"
                )
                return redirect("publications:policy", row.uid)
            except DomainError as error:
                form.take(error)
                status = error.status
    return render(request, "publications/policy_edit.html", {"form": form, "row": None}, status=status)


@require_http_methods(["GET", "POST"])
@page(P.EDIT_POLICY)
def document(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A draft to edit, or a published version to read; beside it what differs from the version before."""
    actor = current()
    row = queries.document(actor, uid)
    if row.facility_id != actor.facility_id:
        raise NotFound("document_not_found", "この文書は見つかりません。")
    form = DocumentForm(request.POST or None, initial={"title": row.title, "text": row.text})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                seen = row.expecting(request.POST.get("version", ""))
                actions.edit_draft(actor, seen, **form.cleaned_data)
                messages.success(request, "案を保存しました。")
                return redirect("publications:policy", row.uid)
            except DomainError as error:
                form.take(error)
                status = error.status
    others = [d for d in queries.own_documents(actor).filter(kind=row.kind) if d.number < row.number]
    lines = compare(others[0].text, row.text) if others else []
    context = {
        "form": form,
        "row": row,
        "draft": row.state == PolicyState.DRAFT,
        "before": others[0] if others else None,
        "lines": lines,
        "summary": summary(lines),
        "version": request.POST.get("version", row.version),
    }
    return render(request, "publications/policy_edit.html", context, status=status)


@require_POST
@page(P.EDIT_POLICY)
def publish(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Everybody reads it from now on."""
    row = queries.document(current(), uid)
    actions.publish(current(), row.expecting(request.POST.get("version", "")))
    messages.success(request, f"第{row.number}版を公開しました。")
    return redirect("publications:policies")


@require_POST
@page(P.EDIT_POLICY)
def discard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Throw a draft away."""
    actions.discard_draft(current(), queries.document(current(), uid))
    messages.success(request, "案を破棄しました。")
    return redirect("publications:policies")


@require_GET
@page(P.EDIT_POLICY)
def compare_own(request: HttpRequest) -> HttpResponse:
    """Two versions of one's own office line by line, drafts too."""
    actor = current()
    old = queries.document(actor, _uid(request, "old"))
    new_one = queries.document(actor, _uid(request, "new"))
    if {old.facility_id, new_one.facility_id} != {actor.facility_id}:
        raise NotFound("document_not_found", "この文書は見つかりません。")
    return _comparison(request, old, new_one, public=False)


def _uid(request: HttpRequest, name: str) -> UUID:
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        raise NotFound("document_not_found", "比べる2つの版を選んでください。") from None


def _comparison(
    request: HttpRequest, old: PolicyDocument, new_one: PolicyDocument, *, public: bool
) -> HttpResponse:
    lines: list[Line] = compare(old.text, new_one.text)
    context = {"old": old, "new": new_one, "lines": lines, "summary": summary(lines), "public": public}
    template = "publications/alliance_compare.html" if public else "publications/policy_compare.html"
    return render(request, template, context)


# For everybody ----------------------------------------------------------------------------------------------------------


def _alliance(uid: UUID) -> Facility:
    house = facility_by_uid(uid)
    if alliance_scheme(house.pk) is None and not queries.published(house.pk):
        raise NotFound("alliance_not_found", "このページは見つかりません。")
    return house


def _day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        return clock.today()


@require_GET
@public_page("the outline of an alliance: what its members publish about themselves")
def alliance(request: HttpRequest, uid: UUID) -> HttpResponse:
    """概要: name, representative, 区域, members with facilities by kind, documents in force; ``?on=`` as of a day."""
    house, day = _alliance(uid), _day(request)
    context = {
        "house": house,
        "day": day,
        "is_today": day == clock.today(),
        "chair": representative(house, day),
        "taking": taking_part(house.pk, day),
        "documents": [
            (row, [d for d in queries.published(house.pk, row.kind) if d.pk != row.pk])
            for row in queries.in_force(house.pk)
        ],
    }
    return render(request, "publications/alliance.html", context)


@require_GET
@public_page("a published document of an alliance")
def alliance_document(request: HttpRequest, uid: UUID, document_uid: UUID) -> HttpResponse:
    """One published version; a draft is as if it were not there."""
    house = _alliance(uid)
    row = queries.published_document(house.pk, document_uid)
    versions = queries.published(house.pk, row.kind)
    before = next((d for d in versions if d.number < row.number), None)
    context = {"house": house, "row": row, "versions": versions, "before": before}
    return render(request, "publications/alliance_document.html", context)


@require_GET
@public_page("two published versions of a document of an alliance")
def alliance_compare(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Two published versions line by line."""
    house = _alliance(uid)
    old = queries.published_document(house.pk, _uid(request, "old"))
    return _comparison(request, old, queries.published_document(house.pk, _uid(request, "new")), public=True)
