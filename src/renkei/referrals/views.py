"""The desk, the clinic's page, one referral and its moves."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from renkei.directory.queries import departments, facility
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, NotFound, NotPossibleNow, Stale
from renkei.patients.queries import one as one_patient
from renkei.referrals import actions, present, queries
from renkei.referrals.forms import MessageForm, form_for
from renkei.referrals.models import Referral
from renkei.referrals.papers import bulk
from renkei.referrals.permissions import P
from renkei.referrals.present_replies import reply_view
from renkei.referrals.registry import kind_of
from renkei.referrals.writing import compare
from renkei.referrals.writing import queries as letter_queries
from renkei.referrals.writing.files import ever_enclosed
from renkei.ui.fragments import live_response
from renkei.ui.panels import panels_for
from renkei.ui.types import Counter, Tone

PAGE = 25


def _counters(
    tabs: tuple[queries.Tab, ...], counts: dict[str, int], current_tab: str, url: str
) -> list[Counter]:
    return [
        Counter(
            label=tab.label,
            value=counts[tab.key],
            url=f"{url}?tab={tab.key}",
            current=tab.key == current_tab,
            tone=Tone.DANGER if tab.alarming and counts[tab.key] else Tone.NEUTRAL,
        )
        for tab in tabs
    ]


def _tab(request: HttpRequest, tabs: tuple[queries.Tab, ...]) -> str:
    wanted = request.GET.get("tab", "")
    return wanted if wanted in {t.key for t in tabs} else tabs[0].key


def _stretch(page: Page[Any]) -> slice:
    return slice((page.number - 1) * PAGE, page.number * PAGE)


def _desk_context(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    tab = _tab(request, queries.DESK_TABS)
    filters: dict[str, Any] = {
        "department": request.GET.get("department", ""),
        "urgent": request.GET.get("urgent") == "1",
    }
    counts = queries.desk_counts(actor)
    length = queries.desk(actor, tab, **filters).count() if any(filters.values()) else counts[tab]
    listed = Paginator(range(length), PAGE).get_page(request.GET.get("page"))
    rows = queries.desk_page(actor, tab, _stretch(listed), **filters)
    kept = {"tab": tab} | {
        k: v
        for k, v in (("department", filters["department"]), ("urgent", "1" if filters["urgent"] else ""))
        if v
    }
    url = reverse("referrals:desk")
    return {
        "tab": tab,
        "tab_label": next(t.label for t in queries.DESK_TABS if t.key == tab),
        "counters": _counters(queries.DESK_TABS, counts, tab, url),
        "rows": [present.list_row(actor, r, tab=tab) for r in rows],
        "page": listed,
        "filters": filters,
        "departments": [d.name for d in departments(actor.facility_id)],
        "live_url": f"{reverse('referrals:desk_live')}?{urlencode(kept | {'page': listed.number})}",
        "bulk_url": f"{reverse('referrals:bulk')}?{urlencode(kept)}",
    }


@require_GET
@page(P.RECEIVE, reads="受付デスクを閲覧")
def desk(request: HttpRequest) -> HttpResponse:
    """One page for a clerk's whole day."""
    actor = current()
    job = bulk.asked_here(actor, request.GET.get("print", ""))
    return render(request, "referrals/desk.html", _desk_context(request, actor) | {"print_job": job})


@require_GET
@page(P.RECEIVE, reads="受付デスクを閲覧")
def desk_live(request: HttpRequest) -> HttpResponse:
    """Counters and list again, every five seconds, 304 when nothing changed."""
    part = "counters" if request.GET.get("part") == "counters" else "list"
    html = render_to_string(
        f"referrals/_desk_{part}.html", _desk_context(request, current()), request=request
    )
    return live_response(request, html)


@require_GET
@page(P.VIEW, reads="紹介の一覧を閲覧")
def clinic(request: HttpRequest) -> HttpResponse:
    """Where each of my patients stands."""
    actor = current()
    tab = _tab(request, queries.CLINIC_TABS)
    counts = queries.clinic_counts(actor)
    listed = Paginator(range(counts[tab]), PAGE).get_page(request.GET.get("page"))
    rows = queries.clinic_page(actor, tab, _stretch(listed))
    context = {
        "tab": tab,
        "tab_label": next(t.label for t in queries.CLINIC_TABS if t.key == tab),
        "counters": _counters(queries.CLINIC_TABS, counts, tab, reverse("referrals:clinic")),
        "rows": [present.list_row(actor, r, tab=tab) for r in rows],
        "page": listed,
    }
    return render(request, "referrals/clinic.html", context)


@require_GET
@page(P.VIEW, reads="紹介を検索")
def search(request: HttpRequest) -> HttpResponse:
    """One box over all referrals: name, kana, number, facility, date."""
    actor = current()
    text = request.GET.get("q", "").strip()
    rows = queries.search(actor, text) if text else Referral.objects.visible_to(actor).none()
    listed = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "q": text,
        "frame_query": text,
        "rows": [present.list_row(actor, r) for r in listed],
        "page": listed,
    }
    return render(request, "referrals/search.html", context)


def _detail_context(actor: Actor, referral: Referral) -> dict[str, Any]:
    whole = queries.whole(actor, referral)
    return {
        "d": present.detail(actor, referral, whole),
        "referral": referral,
        "kind": kind_of(referral.kind),
        "letters": whole.letters,
        "letter": whole.letters[-1] if whole.letters else None,
        "attachments": whole.attachments,
        "replies": [reply_view(r, on_paper=not whole.sender_reads) for r in whole.replies],
        "messages_posted": whole.messages,
        "changes": compare.changes(
            whole.letters, ever_enclosed(actor, referral) if len(whole.letters) > 1 else ()
        ),
        "back_referrals": whole.back_referrals,
        "message_form": MessageForm(prefix="message", initial={"by_telephone": not whole.sender_reads}),
        "panels": panels_for("referral", referral.uid, actor) if referral.sent_at else [],
    }


@require_GET
@page(P.VIEW, reads="紹介を閲覧")
def panel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The detail beside the list."""
    actor = current()
    return render(request, "referrals/_panel.html", _detail_context(actor, queries.one(actor, uid)))


@require_GET
@page(P.VIEW, reads="紹介を閲覧")
def show(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The page of one referral: letter, dates, replies, messages, timeline."""
    actor = current()
    referral = queries.one(actor, uid)
    context = _detail_context(actor, referral)
    if context["messages_posted"]:
        actions.mark_messages_read(actor, referral)
    return render(request, "referrals/show.html", context)


def _back_to(request: HttpRequest, referral: Referral) -> HttpResponse:
    """After a move: the panel again for the desk, the page otherwise."""
    if request.headers.get("HX-Request") == "true":
        actor = current()
        context = _detail_context(actor, queries.one(actor, referral.uid))
        response = render(request, "referrals/_panel.html", context)
        response["HX-Trigger"] = "renkei:moved"
        return response
    return redirect("referrals:show", uid=referral.uid)


def _departments(actor: Actor) -> list[str]:
    return [d.name for d in departments(actor.facility_id, accepting=True)]


def _ask(request: HttpRequest, referral: Referral, move: str, form: Any, status: int = 200) -> HttpResponse:
    label = kind_of(referral.kind).workflow[move].label
    context = {"form": form, "move": move, "label": label, "referral": referral}
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, f"referrals/{'_ask' if fragment else 'ask'}.html", context, status=status)


@require_GET
@page(P.VIEW, reads="紹介を閲覧")
def ask(request: HttpRequest, uid: UUID, move: str) -> HttpResponse:
    """The small form that a move asks for, as a dialog or as a page."""
    actor = current()
    referral = queries.one(actor, uid)
    try:
        form = form_for(move, actor, referral, _departments(actor))
    except KeyError as error:
        raise NotFound("no_such_move", "その操作はありません。") from error
    return _ask(request, referral, move, form)


def _overtaken(request: HttpRequest, actor: Actor, referral: Referral, error: DomainError) -> HttpResponse:
    """Somebody was faster, or the button was pressed twice: who did what, and the referral as it is now (409)."""
    now = queries.one(actor, referral.uid)
    context = {"error": error, "referral": now, "move": letter_queries.last_move(actor, now)}
    if request.headers.get("HX-Request") != "true":
        return render(request, "referrals/overtaken.html", context, status=error.status)
    context |= _detail_context(actor, now)
    response = render(request, "referrals/_panel_overtaken.html", context, status=error.status)
    response["HX-Trigger"] = "renkei:moved"
    return response


def _arguments(move: str, values: dict[str, Any]) -> dict[str, Any]:
    if move == "redirect":
        return {"to": facility(values["to"].code), "reason": values["reason"]}
    return values


@require_POST
@page(P.VIEW, reads="紹介を閲覧")
def make(request: HttpRequest, uid: UUID, move: str) -> HttpResponse:
    """Make a move: one press, or with the answers of its form. What is refused comes back with what was typed."""
    actor = current()
    referral = queries.one(actor, uid).expecting(request.POST.get("version"))
    does = ACTIONS.get(move)
    if does is None:
        raise NotFound("no_such_move", "その操作はありません。")
    try:
        return _made(request, actor, referral, move, does)
    except (Stale, NotPossibleNow) as error:
        return _overtaken(request, actor, referral, error)


def _made(request: HttpRequest, actor: Actor, referral: Referral, move: str, does: Any) -> HttpResponse:
    if move in present.ONE_PRESS:
        does(actor, referral)
        return _back_to(request, referral)
    form = form_for(move, actor, referral, _departments(actor), request.POST)
    if not form.is_valid():
        return _ask(request, referral, move, form, 422)
    try:
        does(actor, referral, **_arguments(move, form.cleaned_data))
    except DomainError as error:
        if isinstance(error, NotPossibleNow) or error.field not in form.fields:
            raise
        form.take(error)
        return _ask(request, referral, move, form, error.status)
    return _back_to(request, referral)


ACTIONS: dict[str, Any] = {
    name: getattr(actions, name)
    for name in (
        "receive accept decline redirect reassign offer_date confirm_date refuse_date change_date cancel_date arrive"
        " no_show admit discharge close close_paper withdraw"
    ).split()
} | {"plan_back": actions.plan_back_referral}


@require_POST
@page(P.VIEW, reads="紹介を閲覧")
def post_message(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A line to the other side, or a telephone note."""
    actor = current()
    referral = queries.one(actor, uid)
    form = MessageForm(request.POST, prefix="message")
    if form.is_valid():
        actions.post_message(actor, referral, **form.cleaned_data)
        return _back_to(request, referral)
    context = _detail_context(actor, referral) | {"message_form": form}
    template = (
        "referrals/_panel.html" if request.headers.get("HX-Request") == "true" else "referrals/show.html"
    )
    return render(request, template, context, status=422)


@require_POST
@page(P.VIEW, reads="紹介を閲覧")
def remind(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One key to remind."""
    actor = current()
    referral = queries.one(actor, uid)
    try:
        actions.remind(actor, referral)
    except (Stale, NotPossibleNow) as error:
        return _overtaken(request, actor, referral, error)
    return _back_to(request, referral)


@require_POST
@page(P.DRAFT, reads="紹介を閲覧")
def again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A declined, redirected or recalled letter becomes a new draft to somebody else; nothing is typed twice."""
    actor = current()
    fresh = actions.draft_again(actor, queries.one(actor, uid))
    return redirect("referrals:edit", uid=fresh.uid)


@require_GET
@page(P.VIEW, reads="患者の紹介を閲覧")
def of_patient(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The panel on a patient's page: every referral about the person that the actor may see."""
    actor = current()
    patient = one_patient(actor, uid)
    rows = [present.list_row(actor, r) for r in queries.of_patient(actor, patient.uid)[:PAGE]]
    return render(request, "referrals/_of_patient.html", {"rows": rows, "patient_uid": patient.uid})
