"""Writing a letter: start, editor with autosave, hand to the physician, sign and send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from renkei.directory.models import Facility
from renkei.directory.queries import facility
from renkei.gate.actor import Actor, current
from renkei.gate.context import one_after_the_other
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.patients.models import Patient
from renkei.patients.queries import one as one_patient
from renkei.patients.queries import search as search_patients
from renkei.referrals import actions, queries
from renkei.referrals.actions.drafting import SIGNING_ROLES, current_letter
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.permissions import P
from renkei.referrals.registry import Kind, all_kinds, kind_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, State
from renkei.referrals.writing import queries as letter_queries
from renkei.referrals.writing.compare import content_changes
from renkei.referrals.writing.files import attach_posted, enclosed
from renkei.referrals.writing.forms import (
    LetterForm,
    department_choices,
    diagnosis_rows,
    initial,
    prescription_rows,
    read_diagnoses,
    read_prescriptions,
    spare,
)

FOUND = 12
AUTOSAVE = "X-Renkei-Autosave"
SAVED = "下書きを保存しました。"


@dataclass(frozen=True)
class Opened:
    """A letter on the desk of the person who writes it."""

    actor: Actor
    referral: Referral
    letter: ReferralLetter

    @property
    def content(self) -> LetterContent:
        """The content as stored."""
        return self.letter.read_content()

    @property
    def kind(self) -> Kind:
        """What makes this letter differ from other kinds."""
        return kind_of(self.referral.kind)

    @property
    def writable(self) -> bool:
        """A draft that no physician has finalised."""
        return self.referral.state == State.DRAFT and self.letter.finalised_at is None


def open_letter(uid: UUID) -> Opened:
    """The letter ``uid`` of the own house. Raises ``NotFound`` for strangers, ``NotAllowed`` for the receiver."""
    actor = current()
    referral = queries.one(actor, uid)
    if referral.sender_id != actor.facility_id:
        raise NotAllowed("wrong_party", "紹介状を書き直せるのは、書いた施設だけです。")
    return Opened(actor, referral, current_letter(referral))


# start


@require_http_methods(["GET", "POST"])
@page(P.DRAFT, reads="紹介する患者をさがす")
def new(request: HttpRequest) -> HttpResponse:
    """Choose the patient, or start at once for a known one. POST creates the draft and opens the editor."""
    actor = current()
    if request.method == "POST":
        patient = one_patient(actor, request.POST.get("patient", ""))
        kind = request.POST.get("kind", "referral")
        if kind not in {k.key for k in all_kinds() if k.starts_from_desk}:
            raise Invalid("kind_unknown", "この種類の文書はここから作成できません。", "kind")
        return redirect("referrals:edit", uid=_started(actor, patient, kind).uid)
    text, chosen = request.GET.get("q", "").strip(), request.GET.get("patient", "")
    known = one_patient(actor, chosen) if chosen else None
    context: dict[str, Any] = {
        "q": text,
        "patient": known,
        "kinds": [k for k in all_kinds() if k.starts_from_desk and not k.answers_kind],
        "found": search_patients(actor, text, FOUND, within="own").rows if text and not known else [],
        "letters": queries.of_patient(actor, known.uid)[:FOUND] if known else [],
    }
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, "referrals/_letter_patients.html" if fragment else "referrals/new.html", context)


def _started(actor: Actor, patient: Patient, kind: str) -> Referral:
    """The draft that a press opens. Two presses in the same instant open one: the second waits for the first's end."""
    one_after_the_other(f"draft:{actor.facility_id}:{actor.person_id}:{patient.pk}:{kind}")
    return letter_queries.untouched_draft(actor, patient, kind) or actions.draft(actor, patient, kind=kind)


# editor


@require_http_methods(["GET", "POST"])
@page(P.DRAFT, reads="紹介状の下書きを編集")
def edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The editor of one draft; saves by itself, by key, and once more before every other step."""
    opened = open_letter(uid)
    if request.method == "POST":
        return _posted(request, opened)
    if opened.referral.state != State.DRAFT:
        return redirect("referrals:show", uid=uid)
    if not opened.writable:
        return _signed_page(request, opened)
    return _editor(
        request, opened, LetterForm(kind=opened.kind, initial=initial(opened.referral, opened.content))
    )


def _posted(request: HttpRequest, opened: Opened) -> HttpResponse:
    step, _, which = request.POST.get("do", "save").partition(":")
    if not opened.writable:
        if opened.referral.state == State.DRAFT and step in AFTER_SIGNING:
            return _after_signing(request, opened, step)
        return too_late(request, opened)
    if step == "discard":
        return _discard(request, opened)
    form = LetterForm(request.POST, kind=opened.kind)
    if not form.is_valid():
        return _refused(request, opened, form)
    saved: Referral | None = None
    try:
        saved = _save(request, opened, form)
        if request.headers.get(AUTOSAVE) == "1":
            return JsonResponse({"saved_at": f"{_japan(opened):%H:%M}", "version": saved.version})
        attach_posted(request, opened.actor, saved)
        return _next_step(request, opened, saved, step, which)
    except (Stale, NotPossibleNow) as error:
        return _lost_the_race(request, opened, form, error)
    except (Invalid, NotAllowed) as error:
        form.take(error)
        return _refused(request, opened, form, error, version=saved.version if saved else None)


def _japan(opened: Opened) -> Any:
    return clock.now().astimezone(clock.JST)


def _save(request: HttpRequest, opened: Opened, form: LetterForm) -> Referral:
    seen = opened.referral.expecting(request.POST.get("version"))
    content = form.content(request.POST, opened.content)
    return actions.write(opened.actor, seen, content=content, **form.header())


def _next_step(request: HttpRequest, opened: Opened, saved: Referral, step: str, which: str) -> HttpResponse:
    """What the pressed button asked for after the draft was saved; each step is one transaction of its own."""
    actor, there = opened.actor, redirect("referrals:edit", uid=saved.uid)
    if step == "copy":
        actions.copy_from(actor, saved, earlier=queries.one(actor, which))
        messages.success(request, "以前の紹介状を複写しました。紹介目的は新しく書いてください。")
    elif step == "receiver":
        actions.address_as_before(actor, saved, earlier=queries.one(actor, which))
    elif step == "detach":
        actions.detach(actor, saved, attachment=letter_queries.attachment(actor, saved, which))
    elif step == "ask":
        actions.ask_finalise(actor, saved)
        messages.success(request, "医師に確定を依頼しました。確定されると送信できます。")
        return redirect("referrals:clinic")
    elif step == "finalise":
        actions.finalise(actor, saved)
        messages.success(request, "紹介状を確定しました。")
    elif step in ("send", "paper"):
        sent = actions.finalise_and_send(actor, saved, electronic=None if step == "send" else False)
        return _sent(request, sent)
    elif request.FILES:
        messages.success(request, "下書きを保存し、ファイルを添付しました。")
    else:
        messages.success(request, SAVED)
    return there


def _sent(request: HttpRequest, sent: Referral) -> HttpResponse:
    to = sent.receiver.name if sent.receiver else sent.receiver_name
    if sent.electronic:
        messages.success(request, f"{to}へ送信しました。")
    else:
        messages.success(request, f"{to}あての紹介状を確定しました。印刷して患者さんに渡してください。")
    return redirect("referrals:show", uid=sent.uid)


def _discard(request: HttpRequest, opened: Opened) -> HttpResponse:
    try:
        actions.discard(opened.actor, opened.referral.expecting(request.POST.get("version")))
    except (Stale, NotPossibleNow):
        return too_late(request, open_letter(opened.referral.uid))
    messages.success(request, "下書きを破棄しました。")
    return redirect("referrals:clinic")


AFTER_SIGNING = {"send", "paper", "discard", "again"}


def _after_signing(request: HttpRequest, opened: Opened, step: str) -> HttpResponse:
    """A finalised letter that was not sent yet: send it, print it, or write it anew."""
    seen = opened.referral.expecting(request.POST.get("version"))
    try:
        if step == "discard":
            return _discard(request, opened)
        if step == "again":
            anew = actions.start_over(opened.actor, seen)
            messages.success(request, "確定した紹介状を破棄し、内容と添付を新しい下書きに写しました。")
            return redirect("referrals:edit", uid=anew.uid)
        return _sent(request, actions.send(opened.actor, seen, electronic=None if step == "send" else False))
    except (Stale, NotPossibleNow):
        return too_late(request, open_letter(opened.referral.uid))
    except Invalid as error:
        return _signed_page(request, opened, error)


# pages of the editor


def _editor(
    request: HttpRequest, opened: Opened, form: LetterForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    to = opened.referral.receiver
    if not form.is_bound and (focus := _focus(opened)) in ("receiver", "purpose"):
        form.fields[focus].widget.attrs["autofocus"] = True
    form.fields["purpose"].required = form.fields["receiver"].required = (
        True  # the mark 必須; a draft may lack them
    )
    context = {
        "referral": opened.referral,
        "letter": opened.letter,
        "kind": opened.kind,
        "form": form,
        "version": opened.referral.version,
        **shown_lines(opened.content, request.POST if form.is_bound else None),
        "attachments": enclosed(opened.actor, opened.referral),
        "earlier": queries.earlier_letters(opened.actor, opened.referral, 5),
        "receivers": letter_queries.last_receivers(opened.actor, 4) if to is None else [],
        "focus": _focus(opened) if not form.is_bound else "",
        "signs": bool(opened.actor.roles & SIGNING_ROLES),
        **_departments(to, form["receiver_department"].value() or ""),
    }
    return render(request, "referrals/edit.html", context | more, status=status)


def shown_lines(content: LetterContent, typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """The lines of 傷病名 and 処方 for the template: what was typed, else what is stored, and a few empty ones."""
    diagnoses, prescriptions = content.diagnoses, content.prescriptions
    if typed is not None:
        diagnoses = read_diagnoses(typed, content.diagnoses)
        prescriptions = read_prescriptions(typed, content.prescriptions)
    upper, lower = diagnosis_rows(diagnoses), prescription_rows(prescriptions)
    return {
        "diagnoses": upper,
        "diagnoses_next": len(upper),
        "prescriptions": lower,
        "prescriptions_next": len(lower),
    }


def _focus(opened: Opened) -> str:
    """Where typing goes on: the first of receiver, diagnosis and purpose that is still empty."""
    to = opened.referral.receiver_id or opened.referral.receiver_name
    filled = {"receiver": to, "diagnoses": opened.content.diagnoses, "purpose": opened.content.purpose}
    return next((name for name, value in filled.items() if not value), "")


def _departments(to: Facility | None, chosen: str) -> dict[str, Any]:
    return {
        "to": to,
        "department": chosen,
        "departments": department_choices(to, chosen),
        "on_paper": to is not None and not to.uses_renkei,
    }


def _refused(
    request: HttpRequest,
    opened: Opened,
    form: LetterForm,
    error: DomainError | None = None,
    version: int | None = None,
) -> HttpResponse:
    """What cannot be saved or sent, with everything that was typed."""
    status = error.status if error else 422
    if request.headers.get(AUTOSAVE) == "1":
        first = next((str(e) for errors in form.errors.values() for e in errors), "")
        return JsonResponse({"message": f"まだ保存できない入力があります。{first}"}, status=status)
    seen = version if version is not None else request.POST.get("version")
    return _editor(request, open_letter(opened.referral.uid), form, status=status, version=seen)


def _lost_the_race(
    request: HttpRequest, opened: Opened, form: LetterForm, error: DomainError
) -> HttpResponse:
    """Somebody else saved or sent in between: both versions are shown, what was typed stays on the page."""
    now = open_letter(opened.referral.uid)
    if request.headers.get(AUTOSAVE) == "1":
        return JsonResponse({"message": error.message_ja}, status=error.status)
    if not now.writable:
        return too_late(request, now)
    typed = form.content(request.POST, now.content)
    differs = content_changes(now.content, typed, now.kind)
    return _editor(request, now, form, status=error.status, differs=differs, other=now.letter)


def too_late(request: HttpRequest, opened: Opened) -> HttpResponse:
    """A second submit, or a colleague was faster: what happened, and the way there (409)."""
    last = letter_queries.last_move(opened.actor, opened.referral)
    says = last.says if last else "この紹介状はすでに確定されています。"
    if opened.referral.state == State.DRAFT and opened.letter.finalised_at:
        says = f"{opened.letter.finalised_by}がこの紹介状を確定しました。"
    if request.headers.get(AUTOSAVE) == "1":
        return JsonResponse({"message": f"{says} この画面の内容は保存していません。"}, status=409)
    context = {"referral": opened.referral, "kind": opened.kind, "says": says, "move": last}
    return render(request, "referrals/edit_too_late.html", context, status=409)


def _signed_page(request: HttpRequest, opened: Opened, error: Invalid | None = None) -> HttpResponse:
    to = opened.referral.receiver
    context = {
        "referral": opened.referral,
        "letter": opened.letter,
        "kind": opened.kind,
        "attachments": enclosed(opened.actor, opened.referral),
        "error": error,
        "can_send": opened.actor.may(P.SEND),
        "paper_only": opened.referral.basis == "refusal" or to is None or not to.uses_renkei,
    }
    return render(request, "referrals/edit_signed.html", context, status=error.status if error else 200)


# fragments of the editor


@require_GET
@page(P.DRAFT)
def departments(request: HttpRequest) -> HttpResponse:
    """The departments of the facility that was just chosen, and how it is reached."""
    to = None
    if code := request.GET.get("receiver_code", ""):
        try:
            to = facility(UUID(code))
        except (ValueError, NotFound):
            to = None
    # What was chosen stays chosen where the house has it: the fragment also comes back on leaving the field.
    asked = request.GET.get("receiver_department", "").strip()[:60]
    context = _departments(to, asked if to is None or asked in department_choices(to, "") else "")
    named = bool(request.GET.get("receiver", "").strip())
    return render(
        request, "referrals/_letter_departments.html", context | {"unregistered": named and to is None}
    )


@require_GET
@page(P.DRAFT)
def rows(request: HttpRequest) -> HttpResponse:
    """More empty lines of 傷病名 or 処方 from number ``from`` on."""
    part, start = request.GET.get("part", ""), request.GET.get("from", "")
    if part not in ("diagnoses", "prescriptions") or not start.isascii() or not start.isdigit():
        raise NotFound("no_such_rows", "その欄はありません。")
    numbers = spare(int(start[:3]))
    made = [(i, Diagnosis("") if part == "diagnoses" else Prescription("")) for i in numbers]
    context = {part: made, f"{part}_next": numbers.stop, "more": bool(made)}
    return render(request, f"referrals/_letter_{part}.html", context)
