"""Pages of sharing: who may see a patient, consent, emergency access and its review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.circles import actions, present, queries
from renkei.circles.forms import (
    ConsentForm,
    EmergencyReasonForm,
    EmergencySearchForm,
    ReviewForm,
    WithdrawForm,
)
from renkei.directory.queries import facility_by_id
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.patients.present import who_line
from renkei.patients.queries import one
from renkei.ui.types import Tab


@require_http_methods(["GET", "POST"])
@page(P.EMERGENCY, reads="緊急参照の検索結果を閲覧")
def emergency(request: HttpRequest) -> HttpResponse:
    """Search the region by exact name and birth date; every search is on record."""
    actor = current()
    form = EmergencySearchForm(request.POST or None)
    context: dict[str, Any] = {"form": form, "limit": actions.SEARCHES_PER_HOUR}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                hits = actions.search_in_emergency(actor, **form.cleaned_data)
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                status = 200
                context |= {
                    "searched": True,
                    "hits": [
                        (
                            present.hit_view(actor, hit),
                            EmergencyReasonForm(
                                initial={"token": present.hit_view(actor, hit).token},
                                auto_id=f"id_{number}_%s",
                            ),
                        )
                        for number, hit in enumerate(hits)
                    ],
                }
    return render(request, "circles/emergency.html", context, status=status)


@require_POST
@page(P.EMERGENCY, reads="緊急参照で患者を閲覧")
def emergency_open(request: HttpRequest) -> HttpResponse:
    """24 hours, with a reason."""
    actor = current()
    form = EmergencyReasonForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            patient_id = present.read_token(actor, form.cleaned_data["token"])
            access = actions.open_emergency(actor, patient_id, reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.take(error)
            status = error.status
        else:
            messages.success(request, "緊急参照を始めました。24時間後に自動で終わります。")
            return redirect("patients:show", uid=access.patient.uid)
    return render(request, "circles/emergency_reason.html", {"form": form}, status=status)


@require_GET
@page(P.EMERGENCY, P.REVIEW_EMERGENCY, reads="緊急参照の一覧を閲覧")
def reviews(request: HttpRequest) -> HttpResponse:
    """Emergency accesses to the facility's patients and by its staff."""
    actor = current()
    done = request.GET.get("state") == "done"
    rows = [present.emergency_view(actor, found) for found in queries.emergencies(actor, waiting=not done)]
    tabs = [Tab("確認待ち", "?", not done), Tab("確認済み", "?state=done", done)]
    return render(request, "circles/reviews.html", {"rows": rows, "tabs": tabs, "done": done})


@require_http_methods(["GET", "POST"])
@page(P.EMERGENCY, P.REVIEW_EMERGENCY, reads="緊急参照の記録を閲覧")
def review(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One emergency access: who, why, and whether it was right."""
    actor = current()
    found = queries.emergency(actor, uid)
    form = ReviewForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                actions.review_emergency(
                    actor, found.access, justified=data["justified"] == "yes", review=data["review"]
                )
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, "確認を記録しました。")
                return redirect("circles:reviews")
    context = {"line": present.emergency_view(actor, found), "access": found.access, "form": form}
    return render(request, "circles/review.html", context, status=status)


@require_GET
@page(P.VIEW, reads="共有範囲と同意を閲覧")
def panel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """On the patient's page: who may see this, and what the patient said."""
    actor = current()
    patient = one(actor, uid)
    lines = present.share_lines(queries.shares(actor, patient), patient.facility_id)
    context = {
        "patient": patient,
        "home": patient.facility.name,
        "open_shares": [line for line in lines if line.open_now],
        "ended_shares": [line for line in lines if not line.open_now],
        "consents": _consents(actor, patient),
        "basis": queries.basis_of(actor, patient).label,
        "own": patient.facility_id == actor.facility_id and actor.may(P.CONSENT),
    }
    return render(request, "circles/_panel.html", context)


def _consents(actor: Actor, patient: Patient) -> list[present.ConsentLine]:
    rows = queries.consents(actor, patient)
    named = {key: facility_by_id(key) for key in {k for row in rows for k in row.facilities}}
    names = {key: found.name for key, found in named.items() if found}
    return [present.consent_line(row, names) for row in rows]


@require_http_methods(["GET", "POST"])
@page(P.CONSENT, reads="同意の記録を閲覧")
def consents(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Every consent of a patient, and a new one."""
    actor = current()
    patient = one(actor, uid)
    initial = {"given_by": patient.name, "relation": "本人", "purpose": "地域医療連携のため"}
    form = ConsentForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                actions.give_consent(actor, patient, form.words())
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, "同意を記録しました。")
                return redirect("circles:consents", uid=patient.uid)
    context = {
        "patient": patient,
        "who": who_line(patient),
        "form": form,
        "consents": _consents(actor, patient),
        "withdraw_form": WithdrawForm(prefix="withdraw"),
        "own": patient.facility_id == actor.facility_id,
    }
    return render(request, "circles/consents.html", context, status=status)


@require_POST
@page(P.CONSENT, reads="同意を撤回")
def withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The patient takes a consent back."""
    actor = current()
    consent = queries.consent(actor, uid)
    form = WithdrawForm(request.POST, prefix="withdraw")
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    actions.withdraw_consent(actor, consent, reason=reason)
    messages.success(request, "同意を撤回しました。この同意で開いていた共有は終わりました。")
    return redirect("circles:consents", uid=consent.patient.uid)
