"""Pages of leaflets: the list of both sides, writing with the preview beside it, approving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from renkei.directory import queries as directory
from renkei.enrolments import queries as enrolments
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel import clock
from renkei.kernel.errors import DomainError, Invalid, NotFound
from renkei.publications import members
from renkei.publications.leaflets import actions, pdf, printing, queries
from renkei.publications.leaflets.forms import ApproveForm, PictureForm, ReturnForm, TextsForm
from renkei.publications.leaflets.present import LeafletLine, line, tabs
from renkei.publications.leaflets.words import flags, words_on
from renkei.publications.models import LeafletState, LeafletVersion
from renkei.publications.permissions import P
from renkei.ui.forms import UiForm

PER_PAGE = 50
STATES = {
    "waiting": (LeafletState.SUBMITTED,),
    "approved": (LeafletState.APPROVED,),
    "writing": (LeafletState.DRAFT, LeafletState.RETURNED),
}


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    """A PDF shown in the browser."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_GET
@page(P.WRITE_LEAFLET, P.APPROVE_LEAFLET)
def leaflets(request: HttpRequest) -> HttpResponse:
    """One's own leaflets, and for the house those of its members."""
    actor = current()
    wanted = request.GET.get("tab", "")
    tab = wanted if wanted in (*STATES, "missing") else "waiting"
    house = actor.may(P.APPROVE_LEAFLET) and bool(members.schemes_of(actor.facility_id, clock.today()))
    rows: list[LeafletLine] = []
    if house and tab != "missing":
        rows = [line(row) for row in queries.of_house(actor, *STATES[tab])]
    context = {
        "mine": [line(row) for row in queries.mine(actor)],
        "may_begin": queries.may_begin(actor) if actor.may(P.WRITE_LEAFLET) else [],
        "house": house,
        "tab": tab,
        "tabs": tabs(tab, queries.waiting(actor).count()),
        "rows": rows,
        "page": None,
    }
    if house and tab == "missing":
        context["page"] = Paginator(_missing(actor), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "publications/leaflets_list.html", context)


def _missing(actor: Actor) -> list[tuple[Any, Any]]:
    """Members of the house's schemes without a leaflet: (scheme, facility), by kana."""
    today = clock.today()
    found: list[tuple[Any, Any]] = []
    for scheme in members.schemes_of(actor.facility_id, today):
        have = queries.facilities_with(actor, scheme.pk)
        keys = members.members_on([scheme.pk], today) - have - {actor.facility_id}
        found += [(scheme, facility) for facility in directory.facilities().filter(pk__in=list(keys))]
    return sorted(found, key=lambda pair: pair[1].kana)


@require_POST
@page(P.WRITE_LEAFLET)
def begin(request: HttpRequest) -> HttpResponse:
    """A new leaflet of one's own house, or of a member without Renkei."""
    actor = current()
    scheme = enrolments.scheme(_uid(request.POST.get("scheme", "")))
    facility_id = actor.facility_id
    if request.POST.get("facility"):
        facility_id = directory.facility(request.POST["facility"]).pk
    made = actions.begin(actor, scheme=scheme, facility_id=facility_id)
    return redirect("publications:leaflet_version", uid=made.uid)


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(
            "scheme_not_found", "この制度は見つかりません。一覧から選び直してください。"
        ) from error


def _may_edit(actor: Actor, row: LeafletVersion) -> bool:
    own = actor.facility_id == row.facility_id
    on_behalf = actor.facility_id == row.owner_id and not row.facility.uses_renkei
    return actor.may(P.WRITE_LEAFLET) and (own or on_behalf) and row.state in actions.OPEN


def version_page(
    request: HttpRequest, row: LeafletVersion, *, status: int = 200, **filled: UiForm
) -> HttpResponse:
    """Editing, deciding or reading, as far as the person may."""
    actor = current()
    texts = filled["form"].data if "form" in filled else row.texts
    edits = _may_edit(actor, row)
    house = actor.may(P.APPROVE_LEAFLET) and actor.facility_id == row.owner_id
    words = words_on(clock.today(), row.owner_id)
    context = {
        "row": row,
        "line": line(row),
        "edits": edits,
        "decides": house and row.state == LeafletState.SUBMITTED,
        "may_renew": row.state in (LeafletState.APPROVED, LeafletState.REPLACED)
        and queries.may_renew(actor, row),
        "form": TextsForm(initial=row.texts) if edits else None,
        "picture_form": PictureForm(),
        "approve_form": ApproveForm(),
        "return_form": ReturnForm(),
        "flags": flags(texts, words) if row.state != LeafletState.APPROVED else row.found,
        "history": [line(one) for one in queries.history(actor, row.leaflet)],
        "public": queries.public_row(row),
        **filled,
    }
    context["pages"] = _pictures(row, row.texts)
    return render(request, "publications/leaflets_version.html", context, status=status)


def _pictures(row: LeafletVersion, texts: Any) -> list[str]:
    return pdf.page_pictures(printing.as_pdf(row, texts))


@page(P.WRITE_LEAFLET, P.APPROVE_LEAFLET)
def version(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One version; posting keeps its texts."""
    actor = current()
    row = queries.version(actor, uid)
    if request.method != "POST":
        return version_page(request, row)
    form = TextsForm(request.POST)
    done = _done(form, lambda: _keep(actor, row.expecting(request.POST.get("version")), form, request.POST))
    if not done:
        return version_page(request, queries.version(actor, uid), form=form, status=422)
    if request.POST.get("do") == "submit":
        messages.success(request, "承認を依頼しました。結果はお知らせに届きます。")
    else:
        messages.success(request, "下書きを保存しました。")
    return redirect("publications:leaflet_version", uid=uid)


def _keep(actor: Actor, row: LeafletVersion, form: TextsForm, posted: Any) -> None:
    kept = actions.save_draft(actor, row, texts=form.cleaned_data)
    if posted.get("do") == "submit":
        if pdf.overflows(printing.as_pdf(kept)):
            raise Invalid(
                "too_much", "文章が紙面に入りきりません。プレビューを見て短くしてください。", "greeting"
            )
        actions.submit(actor, kept)


def _done(form: UiForm, work: Callable[[], Any]) -> bool:
    """Run the action; a refusal goes to the field it names, with nothing half saved."""
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            work()
    except DomainError as error:
        if error.status != 422:
            raise
        form.take(error)
        return False
    return True


@require_POST
@page(P.WRITE_LEAFLET)
def preview(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The fragment beside the form: both pages of the PDF as typed, and the wordings found. Nothing is kept."""
    actor = current()
    row = queries.version(actor, uid)
    form = TextsForm(request.POST)
    texts = {name: request.POST.get(name, "") for name in form.fields}
    context: dict[str, Any] = {"row": row, "flags": flags(texts, words_on(clock.today(), row.owner_id))}
    if form.is_valid():
        made = printing.as_pdf(row, form.cleaned_data)
        context |= {"pages": pdf.page_pictures(made), "overflows": pdf.overflows(made)}
    else:
        context["too_long"] = [form.fields[name].label for name in form.errors if name in form.fields]
        context["pages"] = _pictures(row, {k: v[:400] for k, v in texts.items()})
    return render(request, "publications/_leaflet_preview.html", context)


@require_GET
@page(P.WRITE_LEAFLET, P.APPROVE_LEAFLET)
def version_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A4 三つ折り; what is not approved says so across the page."""
    row = queries.version(current(), uid)
    return pdf_answer(printing.as_pdf(row), f"leaflet-{row.number}")


@require_POST
@page(P.WRITE_LEAFLET)
def picture(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A new photo, or none."""
    actor = current()
    row = queries.version(actor, uid).expecting(request.POST.get("version"))
    form = PictureForm(request.POST, request.FILES)

    def work() -> None:
        if request.POST.get("remove"):
            actions.set_picture(actor, row, picture=None)
            return
        upload = form.cleaned_data["picture"]
        if upload is None:
            raise Invalid("picture", "写真のファイルを選んでください。", "picture")
        actions.set_picture(actor, row, picture=upload.read())

    if not _done(form, work):
        return version_page(request, queries.version(actor, uid), picture_form=form, status=422)
    messages.success(request, "写真を変更しました。")
    return redirect("publications:leaflet_version", uid=uid)


@require_POST
@page(P.APPROVE_LEAFLET)
def approve(request: HttpRequest, uid: UUID) -> HttpResponse:
    """承認."""
    actor = current()
    row = queries.version(actor, uid).expecting(request.POST.get("version"))
    form = ApproveForm(request.POST)
    if not _done(form, lambda: actions.approve(actor, row, reason=form.cleaned_data["reason"])):
        return version_page(request, queries.version(actor, uid), approve_form=form, status=422)
    messages.success(request, f"第{row.number}版を承認しました。公開ページとラック一覧に反映されています。")
    return redirect("publications:leaflet_version", uid=uid)


@require_POST
@page(P.APPROVE_LEAFLET)
def send_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """差し戻し."""
    actor = current()
    row = queries.version(actor, uid).expecting(request.POST.get("version"))
    form = ReturnForm(request.POST)
    if not _done(form, lambda: actions.send_back(actor, row, answer=form.cleaned_data["answer"])):
        return version_page(request, queries.version(actor, uid), return_form=form, status=422)
    messages.success(request, "差し戻しました。")
    return redirect("publications:leaflets")


@require_POST
@page(P.WRITE_LEAFLET)
def renew(request: HttpRequest, uid: UUID) -> HttpResponse:
    """新しい版を作る."""
    actor = current()
    made = actions.next_version(actor, queries.version(actor, uid).leaflet)
    messages.success(
        request, f"第{made.number}版の下書きを作りました。承認されるまで、公開中の版は変わりません。"
    )
    return redirect("publications:leaflet_version", uid=made.uid)
