"""かかりつけ医カウンター: the sessions, one session with its search and shortlist, the handout, the month."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from renkei.directory.profiles.queries import notes_about
from renkei.directory.queries import facility
from renkei.gate.actor import Actor, current
from renkei.gate.pages import page
from renkei.kernel.errors import DomainError, Invalid
from renkei.patients import queries as patients
from renkei.patients.models import Patient
from renkei.publications.counter import actions, present, queries
from renkei.publications.counter import handout as paper
from renkei.publications.counter.forms import (
    MonthForm,
    NeedForm,
    OutcomeForm,
    PersonForm,
    ReferralForm,
    WayForm,
)
from renkei.publications.models import CounterSession
from renkei.publications.permissions import P
from renkei.publications.search import present as found_present
from renkei.publications.search import queries as search
from renkei.publications.search.drawing import let_tiles_in
from renkei.publications.search.wishes import single
from renkei.referrals.permissions import P as Referrals
from renkei.ui.forms import UiForm

PER_PAGE = 30


@require_GET
@page(P.COUNTER)
def index(request: HttpRequest) -> HttpResponse:
    """Today's sessions, and those whose result is open."""
    rows = Paginator(queries.recent(current()), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "publications/counter.html", {"page": rows, "lines": [present.line(row) for row in rows]}
    )


@require_POST
@page(P.COUNTER)
def start(request: HttpRequest) -> HttpResponse:
    """A new session."""
    return redirect("counter:session", uid=actions.start(current()).uid)


def _need_form(actor: Actor, row: CounterSession, data: Any = None) -> NeedForm:
    house = queries.house_point(actor)
    if data is not None:
        return NeedForm(data, house=house)
    return NeedForm(present.need_data(row), house=house)


def _forms(row: CounterSession) -> dict[str, UiForm]:
    return {
        "person": PersonForm(initial={"consent": row.consent, "name": row.patient_name}),
        "way": WayForm(initial={"way": row.way, "note": row.way_note}),
        "referral": ReferralForm(initial={"number": row.patient_name}),
        "outcome": OutcomeForm(
            initial={"outcome": row.outcome, "visited_on": row.visited_on, "note": row.outcome_note}
        ),
    }


def _page(
    request: HttpRequest, row: CounterSession, *, filled: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    actor = current()
    asked = queries.asked(actor, row)
    after = request.GET.get("after", "")
    found = search.search(asked, after) if row.need else None
    hits = queries.picked(actor, row)
    first = found_present.number_of(request.GET.get("from", "")) if after else 1
    lines = found_present.lines(found.hits, first) if found else []
    misses = found_present.lines(found.near_misses, first + len(lines)) if found else []
    nothing = found is not None and not found.total
    drawing = found_present.map_of([*lines, *misses], asked.wishes, links=False)
    context = {
        "row": row,
        "need": _need_form(actor, row),
        "found": found,
        "lines": lines,
        "misses": misses,
        "picked": found_present.lines(hits),
        "wishes": single(asked.wishes),
        "place": asked.wishes.near_label,
        "relaxed": search.relaxations(asked) if nothing else [],
        "notes": notes_about(actor, {*(one.hit.id for one in (*lines, *misses)), *row.shortlist}),
        "map": drawing,
        "attribution": settings.RENKEI_TILES_ATTRIBUTION,
        "next": present.next_page(found.after, first + len(lines)) if found and found.after else "",
        "may_refer": actor.may(Referrals.DRAFT),
        "forms": _forms(row) | (filled or {}),
    }
    if filled and "need" in filled:
        context["need"] = filled["need"]
    made = render(request, "publications/counter_session.html", context, status=status)
    return let_tiles_in(made, drawing)


@require_GET
@page(P.COUNTER, reads="カウンターの相談を閲覧")
def session(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One session: need, list, shortlist, what was done."""
    return _page(request, queries.one(current(), uid))


def _row(request: HttpRequest, uid: UUID) -> CounterSession:
    row: CounterSession = queries.one(current(), uid).expecting(request.POST.get("version"))
    return row


def _step(
    request: HttpRequest,
    uid: UUID,
    name: str,
    form: Any,
    does: Callable[[CounterSession, Any], object],
    done: str,
) -> HttpResponse:
    """One step of a session; what is refused stands at its field, with nothing changed."""
    row = _row(request, uid)
    if not form.is_valid():
        return _page(request, row, filled={name: form}, status=422)
    try:
        does(row, form)
    except DomainError as error:
        form.take(error)
        return _page(request, queries.one(current(), uid), filled={name: form}, status=error.status)
    messages.success(request, done)
    return redirect("counter:session", uid=uid)


@require_POST
@page(P.COUNTER)
def need(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Search with these wishes."""
    actor = current()
    form = _need_form(actor, _row(request, uid), request.POST)
    if not form.is_valid():
        return _page(request, queries.one(actor, uid), filled={"need": form}, status=422)
    actions.set_need(actor, _row(request, uid), wishes=form.wishes(), note=form.cleaned_data["note"])
    return redirect(reverse("counter:session", args=[uid]) + "#found")


@require_POST
@page(P.COUNTER)
def pick(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Onto the shortlist, or off it."""
    found = facility(request.POST.get("facility", ""))
    actions.pick(current(), _row(request, uid), facility_id=found.pk, picked=request.POST.get("off") != "1")
    return redirect(reverse("counter:session", args=[uid]) + "#picked")


@require_POST
@page(P.COUNTER)
def choose(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What the person chose."""
    found = facility(request.POST.get("facility", ""))
    actions.choose(current(), _row(request, uid), facility_id=found.pk)
    return redirect(reverse("counter:session", args=[uid]) + "#picked")


@require_POST
@page(P.COUNTER)
def handout(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The sheet to take home."""
    actor = current()
    row = actions.note_printed(actor, queries.one(actor, uid))
    asked = queries.asked(actor, row)
    content = paper.pdf(row, queries.picked(actor, row), asked.wishes, request.build_absolute_uri)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="handout.pdf"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page(P.COUNTER, reads="カウンターの相談を閲覧")
def person(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The name, with consent."""
    return _step(
        request,
        uid,
        "person",
        PersonForm(request.POST),
        lambda row, form: actions.set_person(current(), row, **form.cleaned_data),
        "氏名の扱いを記録しました。",
    )


@require_POST
@page(P.COUNTER, reads="カウンターの相談を閲覧")
def way(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Guided only, or a first appointment asked for."""
    return _step(
        request,
        uid,
        "way",
        WayForm(request.POST),
        lambda row, form: actions.set_way(current(), row, **form.cleaned_data),
        "ご案内の方法を記録しました。",
    )


def _patient(actor: Actor, text: str) -> Patient:
    """The one patient of one's own house whom the words name."""
    found = patients.search(actor, text, 3, within="own").rows
    if not found:
        raise Invalid(
            "no_patient",
            "自施設の患者に見つかりません。患者番号を確かめるか、患者を登録してください。",
            "number",
        )
    if len(found) > 1:
        raise Invalid("many_patients", "複数の患者が見つかりました。患者番号を入力してください。", "number")
    return found[0]


@require_POST
@page(P.COUNTER, reads="カウンターの相談を閲覧")
def referral(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A back-referral to the chosen one; its page opens."""
    actor, row = current(), _row(request, uid)
    form = ReferralForm(request.POST)
    if form.is_valid():
        try:
            draft = actions.draft_referral(actor, row, patient=_patient(actor, form.cleaned_data["number"]))
        except DomainError as error:
            form.take(error)
            return _page(request, queries.one(actor, uid), filled={"referral": form}, status=error.status)
        messages.success(request, "逆紹介状の下書きを作成しました。")
        return redirect("referrals:edit", uid=draft.uid)
    return _page(request, row, filled={"referral": form}, status=422)


@require_POST
@page(P.COUNTER, reads="カウンターの相談を閲覧")
def outcome(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What came of it."""
    return _step(
        request,
        uid,
        "outcome",
        OutcomeForm(request.POST),
        lambda row, form: actions.finish(current(), row, **form.cleaned_data),
        "結果を記録しました。",
    )


@require_GET
@page(P.COUNTER)
def statistics(request: HttpRequest) -> HttpResponse:
    """The month in numbers."""
    found = queries.month(current(), MonthForm(request.GET).first())
    return render(request, "publications/counter_month.html", {"month": found, **present.months(found.first)})


@require_GET
@page(P.COUNTER)
def statistics_csv(request: HttpRequest) -> HttpResponse:
    """The same as a file."""
    found = queries.month(current(), MonthForm(request.GET).first())
    response = HttpResponse(present.month_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="counter-{found.first:%Y%m}.csv"'
    return response
