"""The institution's side: apply, complete, take back, withdraw, object to renewal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from renkei.directory.corporations.queries import owner_on
from renkei.directory.queries import departments
from renkei.enrolments import actions, queries
from renkei.enrolments.actions.applying import draft_of
from renkei.enrolments.forms import (
    ApplicationForm,
    KeepForm,
    PaperWithdrawForm,
    ReasonForm,
    WithdrawForm,
    initial_of,
)
from renkei.enrolments.models import Application, Enrolment
from renkei.enrolments.permissions import P
from renkei.enrolments.types import ApplicationKind, manifest_of
from renkei.enrolments.views import member_page
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, NotFound
from renkei.ui.forms import UiForm

KINDS = {kind.value for kind in ApplicationKind}


def saved(form: UiForm, save: Callable[[], Any]) -> bool:
    """Run the action; what it refuses at a field goes to the field, and nothing is half saved."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            save()
    except DomainError as error:
        if error.status not in (409, 422):
            raise
        form.take(error)
        return False
    return True


@page(P.APPLY)
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The form of a scheme; ``?member=<uid>`` changes that membership, ``?kind=move`` brings a physician along."""
    actor, scheme = current(), queries.scheme(uid)
    manifest = manifest_of(scheme.key)
    before, kind = about(request)
    initial = initial_of(manifest, draft_of(before)) if before else _known(actor)
    mine = owner_on(actor.facility_id)
    form = ApplicationForm(
        request.POST or None, manifest=manifest, initial=initial, own=[mine] if mine else []
    )
    made: list[Application] = []
    if request.method == "POST" and saved(
        form,
        lambda: made.append(
            actions.apply(
                actor, scheme=scheme, draft=form.draft(actor.facility_id), kind=kind, enrolment=before
            )
        ),
    ):
        messages.success(request, "申請しました。審査の結果はお知らせに届きます。")
        return redirect("enrolments:application", made[0].uid)
    context = {
        "form": form,
        "scheme": scheme,
        "manifest": manifest,
        "kind": ApplicationKind(kind),
        "title": f"{scheme.name}: {ApplicationKind(kind).label}",
    }
    return render(request, "enrolments/apply.html", context, status=422 if form.is_bound else 200)


def about(request: HttpRequest) -> tuple[Enrolment | None, str]:
    """Which membership an application is about and what it asks for, as the address says."""
    asked = request.GET.get("member", "")
    before = queries.enrolment(current(), asked) if asked else None
    kind = request.GET.get("kind", "") if request.GET.get("kind") in KINDS else ""
    return before, kind or (ApplicationKind.CHANGE if before else ApplicationKind.JOIN)


def _known(actor: Actor) -> dict[str, Any]:
    """What the directory knows already."""
    names = "、".join(d.name for d in departments(actor.facility_id))
    return {"answer_departments": names}


@page(P.APPLY)
@require_http_methods(["GET", "POST"])
def hand_in_again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What came back, to be completed."""
    actor = current()
    row = queries.application(actor, uid)
    manifest = manifest_of(row.scheme.key)
    mine = owner_on(row.facility_id)
    form = ApplicationForm(
        request.POST or None,
        manifest=manifest,
        initial=initial_of(manifest, draft_of(row)),
        own=[mine] if mine and row.owner_id != actor.facility_id else None,
    )
    row.expecting(request.POST.get("version") or row.version)
    if request.method == "POST" and saved(
        form, lambda: actions.hand_in_again(actor, row, draft=form.draft(row.facility_id))
    ):
        messages.success(request, "申請を出し直しました。")
        return redirect("enrolments:application", row.uid)
    context = {
        "form": form,
        "scheme": row.scheme,
        "manifest": manifest,
        "answer": row.answer,
        "version": row.version,
        "title": f"{row.scheme.name}: 申請の補正",
    }
    return render(request, "enrolments/apply.html", context, status=422 if form.is_bound else 200)


@page(P.APPLY)
@require_POST
def cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take an application back."""
    row = queries.application(current(), uid)
    actions.cancel(current(), row.expecting(request.POST.get("version")))
    messages.success(request, "申請を取り下げました。")
    return redirect("enrolments:application", row.uid)


def _withdraw(actor: Actor, row: Enrolment, data: dict[str, Any]) -> object:
    return actions.withdraw(actor, row, **data)


def _on_paper(actor: Actor, row: Enrolment, data: dict[str, Any]) -> object:
    return actions.withdraw_on_paper(actor, row, **data)


def _again(actor: Actor, row: Enrolment, data: dict[str, Any]) -> object:
    return actions.reissue(actor, row, **data)


def _objects(actor: Actor, row: Enrolment, data: dict[str, Any]) -> object:
    return actions.object_to_renewal(actor, row, objects=not row.objects_to_renewal)


def _paper_form(data: Any, row: Enrolment) -> UiForm:
    return PaperWithdrawForm(data, prefix="paper", recorded=queries.represented_by(row))


_WAYS: dict[str, tuple[Callable[..., UiForm], Callable[[Actor, Enrolment, dict[str, Any]], object], str]] = {
    "withdraw": (lambda data, row: WithdrawForm(data), _withdraw, "辞退を届け出ました。"),
    "paper": (_paper_form, _on_paper, "辞退を登録しました。"),
    "reissue": (lambda data, row: ReasonForm(data, prefix="again"), _again, "登録証を再発行しました。"),
    "object": (lambda data, row: UiForm(data), _objects, "更新についての申し出を記録しました。"),
}


@page(P.VIEW)
@require_POST
def change(request: HttpRequest, uid: UUID, how: str) -> HttpResponse:
    """Withdraw, enter a withdrawal from paper, issue again, object to renewal; the action asks who may."""
    if how not in _WAYS:
        raise NotFound("way_unknown", "この操作はありません。")
    actor = current()
    row = queries.enrolment(actor, uid).expecting(request.POST.get("version"))
    make, do, done = _WAYS[how]
    form = make(request.POST, row)
    if saved(form, lambda: do(actor, row, form.cleaned_data)):
        messages.success(request, done)
        return redirect("enrolments:member", uid)
    return member_page(request, queries.enrolment(actor, uid), filled={how: form}, status=422)


@page(P.APPLY)
@require_POST
def keep_paper(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A scan of what was signed comes to the membership."""
    actor = current()
    row = queries.enrolment(actor, uid)
    form = KeepForm(request.POST, request.FILES, prefix="keep")

    def save() -> None:
        file, day = form.cleaned_data["file"], form.cleaned_data["signed_on"]
        actions.keep_paper(actor, row, name=file.name, content=file.read(), signed_on=day)

    if saved(form, save):
        messages.success(request, "署名済みの書類を保存しました。")
        return redirect("enrolments:member", uid)
    return member_page(request, row, filled={"keep": form}, status=422)
