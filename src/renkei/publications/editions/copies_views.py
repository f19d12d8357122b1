"""Pages of single copies: once more, came back, dealt with; ways of delivery; what institutions and everybody see."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from renkei.directory import queries as directory
from renkei.gate.actor import current
from renkei.gate.pages import page, public_page
from renkei.kernel import clock
from renkei.notices.actions import mark_read_about
from renkei.publications import members
from renkei.publications.editions import forms, present, queries, receivers, sending
from renkei.publications.editions.making import name_of
from renkei.publications.editions.views import PER_PAGE, done, edition_page, pdf_answer, said
from renkei.publications.models import Dispatch, Part, Way
from renkei.publications.permissions import P


def _in_the_log(uid: UUID, name: str) -> HttpResponse:
    """Back to the edition, at the lines of one institution."""
    return redirect(f"{reverse('publications:edition', args=[uid])}?{urlencode({'q': name})}")


@require_POST
@page(P.SEND_EDITION)
def send_to(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One institution: the first copy, or once more with the reason."""
    actor = current()
    row = queries.one(actor, uid)
    facility = directory.facility(request.POST.get("facility", ""))
    form = forms.WordsForm(request.POST, label="再送の理由")
    sent: list[Dispatch] = []

    def work() -> None:
        sent.append(sending.send_to(actor, row, facility_id=facility.pk, reason=form.cleaned_data["words"]))

    if not done(form, work):
        problem = said(form)
        return edition_page(request, queries.one(actor, uid), problem=problem, status=422)
    messages.success(request, f"{facility.name}へ送りました。")
    return _in_the_log(uid, facility.name)


@require_GET
@page(P.SEND_EDITION)
def dispatch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """From a paper of the print queue to the edition it belongs to."""
    return redirect("publications:edition", uid=queries.dispatch(current(), uid).edition.uid)


@require_POST
@page(P.SEND_EDITION)
def bounce(request: HttpRequest, uid: UUID) -> HttpResponse:
    """It came back."""
    actor = current()
    row = queries.dispatch(actor, uid)
    sending.bounce(actor, row, trouble=request.POST.get("words", ""))
    messages.success(request, f"{row.facility.name}の不達を記録しました。「不達の対応」に出ています。")
    return _in_the_log(row.edition.uid, row.facility.name)


@require_GET
@page(P.SEND_EDITION)
def tasks(request: HttpRequest) -> HttpResponse:
    """What came back and waits for somebody."""
    rows = queries.tasks(current())
    context = {"rows": [(row, present.log_line(row), name_of(row.edition)) for row in rows]}
    return render(request, "publications/editions_tasks.html", context)


@require_POST
@page(P.SEND_EDITION)
def settle(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Dealt with."""
    row = queries.dispatch(current(), uid)
    sending.settle(current(), row, note=request.POST.get("words", ""))
    messages.success(request, f"{row.facility.name}の不達への対応を記録しました。")
    return redirect("publications:edition_tasks")


@require_http_methods(["GET", "POST"])
@page(P.SEND_EDITION)
def choices(request: HttpRequest) -> HttpResponse:
    """How each member wants it; the office notes what it was told."""
    actor = current()
    form = forms.ChoiceForm(request.POST or None)
    problem = ""
    if request.method == "POST":
        facility = directory.facility(request.POST.get("facility", ""))
        if done(
            form,
            lambda: sending.choose(
                actor,
                owner_id=actor.facility_id,
                facility_id=facility.pk,
                way=Way(form.cleaned_data["way"]),
                email=form.cleaned_data["email"],
            ),
        ):
            messages.success(request, f"{facility.name}の届け方を保存しました。")
            return redirect("publications:edition_choices")
        problem = facility.name + ": " + said(form)
    today = clock.today()
    schemes = [scheme.pk for scheme in members.schemes_of(actor.facility_id, today)]
    keys = members.members_on(schemes, today) - {actor.facility_id}
    words = request.GET.get("q", "")
    if words.strip():
        keys &= set(directory.facilities(words, closed=True).values_list("pk", flat=True))
    found = Paginator(receivers.of(actor, actor.facility_id, keys), PER_PAGE)
    shown = found.get_page(request.GET.get("page"))
    context = {
        "page": shown,
        "lines": shown.object_list,
        "q": words,
        "ways": Way.choices,
        "problem": problem,
    }
    return render(request, "publications/editions_choices.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
@page(P.RECEIVE_EDITION)
def received_list(request: HttpRequest) -> HttpResponse:
    """What came to one's own institution, and how it wants it."""
    actor = current()
    bound: tuple[str, forms.ChoiceForm] | None = None
    if request.method == "POST":
        owner = directory.facility(request.POST.get("owner", ""))
        form = forms.ChoiceForm(request.POST, auto_id=f"id_{owner.uid}_%s")
        bound = (str(owner.uid), form)
        if done(
            form,
            lambda: sending.choose(
                actor,
                owner_id=owner.pk,
                facility_id=actor.facility_id,
                way=Way(form.cleaned_data["way"]),
                email=form.cleaned_data["email"],
            ),
        ):
            messages.success(request, "届け方を保存しました。次の号から変わります。")
            return redirect("publications:editions_received")
    houses = []
    for owner, choice in queries.houses(actor):
        initial = {"way": choice.way, "email": choice.email} if choice else {"way": Way.POST}
        ids = f"id_{owner.uid}_%s"
        form = forms.ChoiceForm(initial=initial, auto_id=ids)
        if bound and bound[0] == str(owner.uid):
            form = bound[1]
        houses.append((owner, form))
    rows = queries.received(actor)
    replaced = {row.edition.replaces_id for row in rows if row.edition.replaces_id}
    context = {
        "rows": [(row, name_of(row.edition), row.edition_id in replaced) for row in rows],
        "houses": houses,
    }
    return render(request, "publications/editions_received.html", context, status=422 if bound else 200)


@require_GET
@page(P.RECEIVE_EDITION)
def received(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One edition that came."""
    actor = current()
    edition = queries.received_edition(actor, uid)
    for row in queries.unopened(actor, edition):
        sending.opened(actor, row)
    mark_read_about(actor, request.path)
    context = {
        "edition": edition,
        "name": name_of(edition),
        "files": queries.files(actor, edition),
        "replaced_by": queries.replaced_by(actor, edition),
    }
    return render(request, "publications/editions_received_one.html", context)


@require_GET
@page(P.RECEIVE_EDITION)
def received_file(request: HttpRequest, uid: UUID, kind: str) -> HttpResponse:
    """One of its PDFs, the duty table, too: for members, behind the log-in."""
    actor = current()
    found = queries.file(actor, queries.received_edition(actor, uid), kind)
    return pdf_answer(bytes(found.content), kind)


PUBLIC = "外来表と広報誌は患者も見るもの。当直医表は含まない"


@require_GET
@public_page(PUBLIC)
def public(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Outpatient tables and newsletters of a house."""
    house = directory.facility(uid)
    rows = queries.public_parts(house.pk)
    return render(request, "publications/editions_public.html", {"house": house, "rows": rows})


@require_GET
@public_page(PUBLIC)
def public_part(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One of them."""
    row = queries.public_part(uid)
    return pdf_answer(bytes(row.content), str(Part(row.kind)))
