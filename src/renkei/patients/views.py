"""Pages that show patients: list and search, one patient, links, access history."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.audit.queries import NEWEST, Access
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, Invalid
from renkei.patients import actions, present, queries
from renkei.patients.forms import LinkForm, UnlinkForm
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.ui.panels import panels_for
from renkei.ui.types import Tab

PAGE = 50
WITHIN = (("", "すべて"), ("own", "自施設"), ("shared", "他施設から共有"))
OUTCOMES = (("", "すべて"), ("read", "閲覧"), ("done", "記録"), ("denied", "拒否"))


@require_GET
@page(P.VIEW, reads="患者の一覧を閲覧")
def index(request: HttpRequest) -> HttpResponse:
    """All patients the actor may see, by reading; one box searches them."""
    actor = current()
    text = request.GET.get("q", "").strip()
    within = request.GET.get("in", "")
    found = queries.search(actor, text, PAGE, request.GET.get("after", ""), within=within)
    kept = {key: value for key, value in (("q", text), ("in", within)) if value}
    url = reverse("patients:index")
    context = {
        "q": text,
        "within": within,
        "rows": [present.list_row(actor, row) for row in found.rows],
        "understood": present.understood(found.terms) if text else "",
        "tabs": [
            Tab(
                label, f"{url}?{urlencode({k: v for k, v in (('q', text), ('in', key)) if v})}", key == within
            )
            for key, label in WITHIN
        ],
        "next_url": f"{url}?{urlencode(kept | {'after': found.after})}" if found.after else "",
        "first_url": f"{url}?{urlencode(kept)}" if request.GET.get("after") else "",
        "may_register": actor.may(P.REGISTER),
        "may_emergency": actor.may(P.EMERGENCY),
    }
    return render(request, "patients/index.html", context)


@require_GET
@page(P.VIEW, reads="患者のページを閲覧")
def show(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One patient: who it is, whom to call, who may see it, and what other modules know."""
    actor = current()
    patient = queries.one(actor, uid)
    links = queries.history(actor, patient)
    standing = next((link for link in links if link.unlinked_at is None), None)
    context = {
        "patient": patient,
        "who": present.who_line(patient),
        "facts": present.facts(patient, standing),
        "insured": [present.insured_line(actor, row) for row in queries.insured_numbers(actor, patient)],
        "contacts": queries.contacts(actor, patient),
        "links": links,
        "same_person": queries.same_person(actor, patient) if standing else [],
        "own": patient.facility_id == actor.facility_id,
        "may": present.buttons(actor, patient),
        "panels": panels_for("patient", patient.uid, actor),
    }
    return render(request, "patients/show.html", context)


@require_http_methods(["GET", "POST"])
@page(P.LINK, reads="同一人物の候補を閲覧")
def link(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Candidates for the same person; with ``with`` the comparison of two rows and the reason."""
    actor = current()
    patient = queries.one(actor, uid)
    other = queries.one(actor, request.GET["with"]) if request.GET.get("with") else None
    form = LinkForm(request.POST or None)
    status = 200
    if request.method == "POST" and other is not None:
        status = 422
        if form.is_valid():
            try:
                person = actions.link(actor, patient, other=other, reason=form.cleaned_data["reason"])
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, f"同一人物として対応づけました。地域患者ID {person.code}")
                return redirect("patients:show", uid=patient.uid)
    return render(request, "patients/link.html", _link_context(actor, patient, other, form), status=status)


def _link_context(actor: Actor, patient: Patient, other: Patient | None, form: LinkForm) -> dict[str, Any]:
    links = queries.history(actor, patient)
    joined = {found.patient_id for found in queries.same_person(actor, patient)}
    found = []
    if other is None:
        found = queries.candidates(
            actor,
            patient.name,
            patient.kana,
            patient.birth_on,
            patient.sex,
            patient.phone_digits,
            postal_code=patient.postal_code,
            except_for={patient.pk, *joined},
        )
    return {
        "patient": patient,
        "who": present.who_line(patient),
        "other": other,
        "lines": present.compare(patient, other) if other else [],
        "candidates": [present.candidate_view(actor, candidate) for candidate in found],
        "form": form,
        "links": links,
        "standing": next((link for link in links if link.unlinked_at is None), None),
        "unlink_form": UnlinkForm(prefix="unlink"),
    }


@require_POST
@page(P.LINK, reads="同一人物の対応づけを解除")
def unlink(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End the link of this row with a reason."""
    actor = current()
    patient = queries.one(actor, uid)
    form = UnlinkForm(request.POST, prefix="unlink")
    if not form.is_valid():
        raise Invalid("reason_missing", "解除する理由を入力してください。", "reason")
    actions.unlink(actor, patient, reason=form.cleaned_data["reason"])
    messages.success(request, "対応づけを解除しました。共有の範囲は変わりません。")
    return redirect("patients:show", uid=patient.uid)


@require_GET
@page(P.VIEW_ACCESS_HISTORY, reads="閲覧履歴を閲覧")
def access(request: HttpRequest, uid: UUID) -> HttpResponse:
    """閲覧履歴: every line of the trail about this patient, at whichever facility."""
    actor = current()
    patient = queries.one(actor, uid)
    outcome, place = request.GET.get("outcome", ""), request.GET.get("place", "").strip()

    def keep(line: Access) -> bool:
        fits = not place or place in line.facility_label or place in line.actor_label
        return fits and (not outcome or line.outcome == outcome)

    before = int(request.GET["before"]) if request.GET.get("before", "").isascii() and request.GET.get("before", "").isdigit() else NEWEST  # fmt: skip
    lines, following = queries.access_history(
        actor, patient, before=min(before, NEWEST), size=PAGE, keep=keep
    )
    url = reverse("patients:access", args=[patient.uid])
    kept = {key: value for key, value in (("outcome", outcome), ("place", place)) if value}
    context = {
        "patient": patient,
        "who": present.who_line(patient),
        "rows": [present.access_line(actor, line) for line in lines],
        "place": place,
        "outcome": outcome,
        "tabs": [
            Tab(
                label,
                f"{url}?{urlencode({k: v for k, v in (('outcome', key), ('place', place)) if v})}",
                key == outcome,
            )
            for key, label in OUTCOMES
        ],
        "next_url": f"{url}?{urlencode(kept | {'before': following})}" if following else "",
        "first_url": f"{url}?{urlencode(kept)}" if request.GET.get("before") else "",
    }
    return render(request, "patients/access.html", context)
