"""Pages that change patients: a new one, its details, insured numbers and contacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock, eras
from renkei.kernel.errors import DomainError, Invalid, NotFound
from renkei.kernel.identifiers import check_insured, uuid7
from renkei.patients import actions, present, queries
from renkei.patients.forms import (
    ContactForm,
    EditPatientForm,
    InsuredForm,
    NewPatientForm,
    candidates_for,
    initial_of,
)
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from renkei.ui.forms import UiForm

F = TypeVar("F", bound=UiForm)


@require_http_methods(["GET", "POST"])
@page(P.REGISTER, reads="患者の登録画面で候補を閲覧")
def add(request: HttpRequest) -> HttpResponse:
    """A new patient; who is known already appears beside the form while it is typed.

    ``next`` is the page of this site that asked for the patient: it is opened again with ``patient`` chosen.
    """
    actor = current()
    back = _asked_from(request)
    form = NewPatientForm(request.POST or None, initial={"uid": uuid7(), "sex": ""})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                patient = _register(actor, form)
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, f"{patient.name}さんを登録しました。")
                return redirect(_with(back, patient) or reverse("patients:show", args=[patient.uid]))
    return render(request, "patients/add.html", {"form": form, "next": back}, status=status)


def _asked_from(request: HttpRequest) -> str:
    """The address in ``next``, empty for none and for one that leads away from this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else ""


def _with(address: str, patient: Patient) -> str:
    """``address`` with ``patient`` chosen; empty stays empty."""
    if not address:
        return ""
    parts = urlsplit(address)
    asked = [pair for pair in parse_qsl(parts.query) if pair[0] != "patient"]
    return urlunsplit(parts._replace(query=urlencode([*asked, ("patient", str(patient.uid))])))


def _register(actor: Actor, form: NewPatientForm) -> Patient:
    insured = form.insured()
    if insured:
        # Said before anything is written: the number belongs to the same form.
        check_insured(**insured, field="number")
    patient = actions.register(actor, uid=form.cleaned_data["uid"], **form.details())
    if insured and not queries.insured_numbers(actor, patient):
        actions.add_insured_number(actor, patient, **insured, valid_from=clock.today())
    return patient


@require_POST
@page(P.REGISTER, reads="患者の登録画面で候補を閲覧")
def candidates(request: HttpRequest) -> HttpResponse:
    """Who may be meant, from what is typed so far: a fragment beside the form of a new patient."""
    actor = current()
    typed = {name: request.POST.get(name, "").strip() for name in ("name", "kana", "sex", "phone")}
    data: dict[str, object] = dict(typed)
    try:
        data["birth_on"] = eras.parse_birth_date(request.POST.get("birth_on", ""))
    except Invalid:
        data["birth_on"] = None
    enough = len(typed["name"]) > 1 or len(typed["kana"]) > 1 or data["birth_on"] or typed["phone"]
    found = candidates_for(actor, data, _member_key(request)) if enough else []
    back = _asked_from(request)
    shown = []
    for candidate in found:
        own = candidate.patient.facility_id == actor.facility_id
        url = (_with(back, candidate.patient) if own else "") or reverse(
            "patients:show", args=[candidate.patient.uid]
        )
        shown.append({"found": present.candidate_view(actor, candidate), "url": url})
    context = {"candidates": shown, "enough": enough}
    return render(request, "patients/_candidates.html", context)


def _member_key(request: HttpRequest) -> str:
    boxes = {name: request.POST.get(name, "") for name in ("insurer", "symbol", "number", "branch")}
    try:
        return check_insured(**boxes).match_key
    except Invalid:
        return ""


@require_http_methods(["GET", "POST"])
@page(P.REGISTER, reads="患者の変更画面を閲覧")
def edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change the details; somebody else's change in between is shown, not overwritten."""
    actor = current()
    patient = queries.one(actor, uid)

    def change(form: EditPatientForm) -> object:
        return actions.change(actor, patient.expecting(form.cleaned_data["version"]), **form.details())

    form = EditPatientForm(request.POST or None, initial=initial_of(patient))
    return _answer(request, patient, form, change, "患者情報を変更", "患者情報を変更しました。")


@require_http_methods(["GET", "POST"])
@page(P.REGISTER, reads="被保険者番号の登録画面を閲覧")
def insured(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A new insured number; the one before ends the day before."""
    actor = current()
    patient = queries.one(actor, uid)

    def save(form: InsuredForm) -> object:
        return actions.add_insured_number(actor, patient, **form.cleaned_data)

    form = InsuredForm(request.POST or None, initial={"valid_from": clock.today()})
    return _answer(request, patient, form, save, "被保険者番号を登録", "被保険者番号を登録しました。")


@require_http_methods(["GET", "POST"])
@page(P.REGISTER, reads="連絡先の登録画面を閲覧")
def contact(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Whom to call."""
    actor = current()
    patient = queries.one(actor, uid)

    def save(form: ContactForm) -> object:
        return actions.add_contact(actor, patient, **form.cleaned_data)

    form = ContactForm(request.POST or None)
    return _answer(request, patient, form, save, "連絡先を追加", "連絡先を追加しました。")


@require_POST
@page(P.REGISTER, reads="連絡先を終了")
def end_contact(request: HttpRequest, uid: UUID, contact_id: int) -> HttpResponse:
    """This person is not to be called any more."""
    actor = current()
    patient = queries.one(actor, uid)
    found = next((row for row in queries.contacts(actor, patient) if row.pk == contact_id), None)
    if found is None:
        raise NotFound("contact_not_found", "この連絡先は見つかりません。すでに終了した可能性があります。")
    actions.end_contact(actor, found)
    messages.success(request, f"連絡先「{found.name}」を終了しました。")
    return redirect("patients:show", uid=patient.uid)


def _answer(
    request: HttpRequest, patient: Patient, form: F, save: Callable[[F], object], title: str, done: str
) -> HttpResponse:
    """One page for every small form about a patient."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                save(form)
            except DomainError as error:
                form.take(error)
                status = error.status
            else:
                messages.success(request, done)
                return redirect("patients:show", uid=patient.uid)
    context = {"patient": patient, "who": present.who_line(patient), "form": form, "title": title}
    return render(request, "patients/form.html", context, status=status)
